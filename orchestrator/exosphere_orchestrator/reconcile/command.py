"""One full sweep, for a person who wants it now."""

import asyncio
from collections.abc import Callable

from exosphere_core.ending import end
from exosphere_core.errors import ConfigurationError
from exosphere_core.store.connection import check_server, connect
from exosphere_core.store.faults import FAULTS
from exosphere_orchestrator.reconcile.mend import Journal
from exosphere_orchestrator.reconcile.reconciler import Reconciler
from exosphere_orchestrator.settings import Settings

#: The most sweeps over everything: what was put right can show what else is wrong, and one sweep brings back so many states only.
_SWEEPS = 200

#: Seconds between two looks at how far a sweep has come.
_LOOK_S = 0.2


async def reconcile_now(settings: Settings, wait_s: float, show: Callable[[Journal], None] = lambda _: None) -> Journal:
    """Sweep over everything until nothing is found any more. Returns what all sweeps did, and what the last one left.

    Args:
        settings: those of the state manager.
        wait_s: how long to wait for reports that are to be applied first, in s.
        show: called a few times a second with what the sweep that is under way has done so far.

    Raises:
        ConfigurationError: Redis can't be reached.
    """
    redis = connect(settings.redis_url.get_secret_value())
    try:
        await check_server(redis)
        reconciler = Reconciler(redis, settings.shards, settings.retention_ms)
        whole = Journal()
        for _ in range(_SWEEPS):
            journal = Journal()
            showing = asyncio.create_task(_showing(journal, show))
            try:
                await reconciler.sweep_all(wait_s, thorough=True, journal=journal)
            finally:
                await end(showing)
            whole.mended.update(journal.mended)
            whole.left, whole.busy = journal.left, journal.busy
            whole.runs, whole.states = journal.runs, journal.states
            if not journal.total:
                break
        else:
            whole.left[f"after {_SWEEPS} sweeps there was still something to put right; run it again"] += 1
        return whole
    except FAULTS as lost:
        raise ConfigurationError(
            f"the reconciler lost Redis ({lost}); nothing is half done, run it again when Redis can be reached"
        ) from None
    finally:
        await redis.aclose()


async def _showing(journal: Journal, show: Callable[[Journal], None]) -> None:
    while True:
        show(journal)
        await asyncio.sleep(_LOOK_S)
