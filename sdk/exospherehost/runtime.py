"""The runtime: registers nodes, takes ready states and executes them."""

from exosphere_worker.runtime import Runtime

__all__ = ["Runtime"]
