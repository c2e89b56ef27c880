"""After a fault that made Redis lose something: the reconciler is called, and what it put right is counted."""

from collections import Counter

from chaos.stage import Stage
from exosphere_core.store.mended import read_mends

#: How long runs may take longer to end after a loss, in s: the background jobs look every minute, and what was put right in one
#: look can show in the next what else is wrong.
SWEEPS_S = 180.0

#: Every third round nobody calls the reconciler: the background jobs find by themselves what was lost.
_UNATTENDED = 3


def is_attended(number: int) -> bool:
    """Whether an operator reconciles at the end of a round in which something was lost."""
    return number % _UNATTENDED != _UNATTENDED - 1


async def mend(stage: Stage) -> list[str]:
    """Reconcile as an operator does; what can't be put right is a violation."""
    status, said = await stage.reconcile()
    return [f"`exosphere reconcile` ended with {status}: {said}"] if status else []


async def count_mends(stage: Stage) -> Counter[str]:
    """Count what was put right since the last time, by the command and by the background jobs."""
    redis = stage.redis.client
    kinds: list[str] = []
    for home in stage.homes:
        kinds += [kind for kind, _ in await read_mends(redis, home)]
        await redis.delete(home.mended)
    return Counter(mended=len(kinds)) + Counter(f"mended: {kind}" for kind in kinds)
