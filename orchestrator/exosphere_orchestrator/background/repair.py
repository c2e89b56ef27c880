"""Kicks the reconciler."""

from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.reconcile.reconciler import Reconciler


class Repair:
    """The jobs of one reconciler, which keeps between them what could not be told yet."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler

    async def reconcile_pending(self, _jobs: Jobs) -> int:
        """Put right what pending runs and their queues disagree about, and what that shows. Returns how much that was."""
        swept = await self._reconciler.sweep_pending()
        return swept.total + (await self._reconciler.follow()).total

    async def reconcile_all(self, _jobs: Jobs) -> int:
        """Put right what all records, queues and indexes disagree about. Returns how much that was."""
        return (await self._reconciler.sweep_all()).total
