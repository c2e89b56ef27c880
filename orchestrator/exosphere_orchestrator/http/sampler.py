"""Looks now and then at how much a namespace does."""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final, NamedTuple

from exosphere_core.keys import ShardKeys
from exosphere_core.store import catalog
from exosphere_core.store.figures import read_some_figures
from exosphere_core.store.queues import read_queues
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.figures import Ended, began_at, minute_of, total_fields, totals

#: How often it looks, in s.
SAMPLE_S: Final = 2.0

#: A look may take this part of the time between two: one at many queues is taken less often.
_PART: Final = 0.1


class Counted(NamedTuple):
    """The counters of a namespace at a moment."""

    #: Unix ms.
    now: int
    #: Number of a minute → how attempts ended within it, of the last two minutes.
    minutes: Mapping[int, Mapping[Ended, int]]


class Sample(NamedTuple):
    """How much a namespace does. Rates are those since the look before."""

    succeeded_per_s: float
    failed_per_s: float
    depth: int
    running: int


def rates(before: Counted | None, now: Counted) -> tuple[float, float]:
    """Return how many attempts succeeded and how many failed in a second.

    Args:
        before: the look before; without one it is told of the time since the older minute began.
    """
    since = began_at(min(now.minutes)) if before is None else before.now
    past = {} if before is None else before.minutes
    ended = {
        how: sum(
            max(0, counts[how] - past.get(minute, {}).get(how, 0))
            for minute, counts in now.minutes.items()
            # Of a minute that the look before did not reach back to nothing is known.
            if not past or minute >= min(past)
        )
        for how in Ended
    }
    took_s = max(1, now.now - since) / 1000
    failed = ended[Ended.ERRORED] + ended[Ended.RETRIED]
    return round(ended[Ended.SUCCEEDED] / took_s, 2), round(failed / took_s, 2)


class Sampler(Agent):
    """Looks every `SAMPLE_S`.

    Args:
        told: called with the time, unix ms, and each sample that differs from the one before.
    """

    def __init__(
        self, context: EngineContext, namespace: str, shards: int, told: Callable[[int, Sample], None]
    ) -> None:
        super().__init__(context, f"sampler of {namespace}")
        self._namespace = namespace
        self._homes = [ShardKeys(namespace, shard) for shard in range(shards)]
        self._told_of = told
        self._before: Counted | None = None
        self._last: Sample | None = None

    async def run_once(self) -> None:
        began = monotonic()
        redis, namespace = self.context.redis, self._namespace
        now = await catalog.now_ms(redis)
        minutes = (minute_of(now) - 1, minute_of(now))
        found = await read_some_figures(redis, namespace, minutes, total_fields())
        queues = await read_queues(redis, self._homes, await catalog.read_node_names(redis, namespace))
        counted = Counted(now, dict(zip(minutes, map(totals, found), strict=True)))
        sample = Sample(
            *rates(self._before, counted), sum(queue.depth for queue in queues), sum(queue.running for queue in queues)
        )
        self._before = counted
        if sample != self._last:
            self._last = sample
            self._told_of(now, sample)
        await asyncio.sleep(max(SAMPLE_S, (monotonic() - began) / _PART))
