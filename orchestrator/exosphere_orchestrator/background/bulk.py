"""Kicks bulk retries."""

import logging

from exosphere_core.errors import Overloaded
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.engine.engine import new_context
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.steering import bulk

logger = logging.getLogger("exosphere.background")

#: How long one kick works, in s: less than until the next one.
_LIMIT_S = 4.0


class BulkRetries:
    """The job that goes on with bulk retries. What it makes ready needs no engine of its own."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._context = new_context(settings, redis, redis)

    async def go_on_with_bulk_retries(self, jobs: Jobs) -> int:
        """Retry what failed in the runs that are meant. Returns how many runs were looked at."""
        settings = jobs.settings
        try:
            return await bulk.go_on(self._context, settings.shards, settings.retention_ms, _LIMIT_S)
        except Overloaded as later:
            logger.warning("bulk retries wait: %s", later.detail)
            return 0
