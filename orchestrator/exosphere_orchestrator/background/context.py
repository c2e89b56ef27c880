"""What the jobs share."""

from dataclasses import dataclass

from exosphere_core.store.connection import Redis
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class Jobs:
    """Passed to every job."""

    settings: Settings
    redis: Redis
    runs: RunStarter
