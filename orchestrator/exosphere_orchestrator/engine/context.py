"""What the engine's agents share."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from exosphere_core.store.connection import Redis
from exosphere_orchestrator.admission.intake import Intake
from exosphere_orchestrator.engine.engine_metrics import EngineMetrics
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.engine.reruns import Reruns
from exosphere_orchestrator.engine.tasks import TaskCache
from exosphere_orchestrator.figures import Tally

logger = logging.getLogger("exosphere.engine")

#: What is counted: leases that ran out and whose states were given to others, or failed; reports put aside, and late ones.
EVENTS: Final = ("reclaimed", "failed", "rejected", "stale")


@dataclass(slots=True)
class EngineContext:
    """Passed to every agent.

    Attributes:
        url: address of Redis, for the agents that need a connection of their own.
        redis: client for ordinary commands.
        scripts: client for bursts of script calls.
        consumer: this process's name in the group of the state managers.
        http_lease_ms: the lease of what was taken over HTTP.
        intake: the way in for new runs.
        figures: how attempts ended, to be written down.
        counts: what happened, by a word of `EVENTS`.
        metrics: how attempts ended and how long scripts took.
    """

    url: str
    redis: Redis
    scripts: Redis
    consumer: str
    lease_ms: int
    max_lost_leases: int
    limits: Limits
    plans: GraphPlans
    tasks: TaskCache
    reruns: Reruns
    http_lease_ms: int = 600_000
    intake: Intake = field(default_factory=Intake)
    figures: Tally = field(default_factory=Tally)
    counts: Counter[str] = field(default_factory=Counter)
    metrics: EngineMetrics = field(default_factory=EngineMetrics)
