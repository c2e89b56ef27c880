"""The base class of every node."""

from exosphere_worker.node import BaseNode

__all__ = ["BaseNode"]
