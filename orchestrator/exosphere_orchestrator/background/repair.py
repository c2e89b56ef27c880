"""Kicks the reconciler."""

from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.reconcile.mend import Journal
from exosphere_orchestrator.reconcile.reconciler import Reconciler


class Repair:
    """The jobs of one reconciler, which keeps between them what could not be told yet."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler

    async def reconcile_pending(self, jobs: Jobs) -> int:
        """Put right what pending runs and their queues disagree about, and what that shows. Returns how much that was."""
        swept = await self._reconciler.sweep_pending()
        jobs.vitals.note_mended(swept.mended)
        followed = await self._reconciler.follow()
        jobs.vitals.note_mended(followed.mended)
        return swept.total + followed.total

    async def reconcile_all(self, jobs: Jobs) -> int:
        """Put right what all records, queues and indexes disagree about. Returns how much that was."""
        journal = Journal()
        try:
            await self._reconciler.sweep_all(journal=journal)
        finally:
            # One that is given up has put right what it had come to.
            jobs.vitals.note_mended(journal.mended)
        jobs.vitals.note_left(journal)
        return journal.total
