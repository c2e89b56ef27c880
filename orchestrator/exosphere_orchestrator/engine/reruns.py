"""How runs were made from earlier ones, kept in memory: it never changes."""

from collections import OrderedDict

from exosphere_core.keys import ShardKeys
from exosphere_core.records import Rerun
from exosphere_core.store.connection import Redis
from exosphere_core.store.reads import read_rerun

_KEPT = 1000


class Reruns:
    """run id → how it was made, for the most recently used `_KEPT` runs."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._reruns: OrderedDict[str, Rerun | None] = OrderedDict()

    async def get(self, home: ShardKeys, run: str) -> Rerun | None:
        """Return how a run was made from an earlier one, or None when it was not."""
        if run not in self._reruns:
            self._reruns[run] = await read_rerun(self._redis, home, run)
            if len(self._reruns) > _KEPT:
                self._reruns.popitem(last=False)
        self._reruns.move_to_end(run)
        return self._reruns[run]
