"""The SDK of Exosphere: nodes, the runtime that executes them, and clients that start its runs.

This module exports the fourteen names that user code relies on. What goes beyond
them is in submodules, such as `exospherehost.errors`.
"""

from exosphere_core.version import VERSION
from exospherehost.models import (
    CronTrigger,
    GraphNodeModel,
    RetryPolicyModel,
    RetryStrategyEnum,
    StoreConfigModel,
    UnitesModel,
    UnitesStrategyEnum,
)
from exospherehost.node.BaseNode import BaseNode
from exospherehost.producer import Producer
from exospherehost.runtime import Runtime
from exospherehost.signals import PruneSignal, ReQueueAfterSignal
from exospherehost.statemanager import StateManager

__version__ = VERSION

__all__ = [
    "VERSION",
    "BaseNode",
    "CronTrigger",
    "GraphNodeModel",
    "Producer",
    "PruneSignal",
    "ReQueueAfterSignal",
    "RetryPolicyModel",
    "RetryStrategyEnum",
    "Runtime",
    "StateManager",
    "StoreConfigModel",
    "UnitesModel",
    "UnitesStrategyEnum",
]
