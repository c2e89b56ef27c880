"""The command line, `exosphere`."""
