"""What the jobs share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from exosphere_core.store.catalog import now_ms
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.background.vitals import Vitals
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class Jobs:
    """Passed to every job.

    Attributes:
        clock: what time it is for schedules, in unix ms: that of Redis.
        vitals: told what jobs did.
    """

    settings: Settings
    redis: Redis
    runs: RunStarter
    clock: Callable[[Redis], Awaitable[int]] = now_ms
    vitals: Vitals = field(default_factory=Vitals)
