"""Signals that a node raises inside `execute` to steer its branch."""

from exosphere_worker.signals import PruneSignal, ReQueueAfterSignal

__all__ = ["PruneSignal", "ReQueueAfterSignal"]
