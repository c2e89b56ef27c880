"""The models with which a graph is declared."""

from exosphere_core.graph.model import (
    CatchupEnum,
    CronTrigger,
    GraphNodeModel,
    StoreConfigModel,
    UnitesModel,
    UnitesStrategyEnum,
)
from exosphere_core.retry import RetryPolicyModel, RetryStrategyEnum

__all__ = [
    "CatchupEnum",
    "CronTrigger",
    "GraphNodeModel",
    "RetryPolicyModel",
    "RetryStrategyEnum",
    "StoreConfigModel",
    "UnitesModel",
    "UnitesStrategyEnum",
]
