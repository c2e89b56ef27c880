"""The package of `exospherehost.node.BaseNode`, the module that user code imports."""
