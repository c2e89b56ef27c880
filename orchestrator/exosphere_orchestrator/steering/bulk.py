"""Retrying what failed in many runs, page by page. A page may be done twice, and by several at once: each retry carries
the id of the bulk retry, under which every state is retried once, and one of them notes what came of the page."""

import logging
from collections.abc import Sequence
from secrets import token_hex
from time import monotonic

from exosphere_core.errors import Conflict, CorruptRecord, NotFound, Overloaded
from exosphere_core.keys import ShardKeys
from exosphere_core.store import bulks, catalog, reads
from exosphere_core.store.bulks import BulkRetry, Place, RunResult, Wanted
from exosphere_core.store.connection import Redis
from exosphere_core.store.corrupt import Unreadable
from exosphere_core.store.decoding import RunRecord
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.steering.retry import retry_failed

logger = logging.getLogger("exosphere.background")

#: How many refusals of one run are kept.
_KEPT_REFUSALS = 20

#: When somebody who was refused may try again, in s.
_RETRY_AFTER_S = 30.0


async def begin(redis: Redis, namespace: str, wanted: Wanted) -> str:
    """Ask for a bulk retry of runs that exist now, and return its id.

    Raises:
        Overloaded: too many are to be finished first.
    """
    bulk = token_hex(16)
    if not await bulks.begin_bulk(redis, namespace, bulk, wanted):
        raise Overloaded(
            f"{bulks.MOST_UNFINISHED} bulk retries of namespace {namespace!r} are to be finished first; try again later",
            _RETRY_AFTER_S,
        )
    return bulk


async def go_on(context: EngineContext, shards: int, keep_ms: int, limit_s: float) -> int:
    """Go on with the bulk retries that are not finished, for some time. Returns how many runs were looked at.

    Args:
        keep_ms: for how long one that is finished is kept.
        limit_s: after so long no other page is begun.

    Raises:
        Overloaded: memory is full; the next call goes on.
    """
    deadline = monotonic() + limit_s
    looked_at = 0
    for namespace in await catalog.read_namespaces(context.redis):
        for each in await bulks.read_unfinished(context.redis, namespace):
            while monotonic() < deadline:
                bulk = await bulks.read_bulk(context.redis, namespace, each)
                if bulk is None:
                    await bulks.forget_bulk(context.redis, namespace, each)
                    break
                if bulk.finished_at is not None:
                    break
                looked_at += await _page(context, namespace, bulk, shards, keep_ms)
    return looked_at


async def _page(context: EngineContext, namespace: str, bulk: BulkRetry, shards: int, keep_ms: int) -> int:
    place = Place.read(bulk.cursor, bulk.wanted.first)
    home = ShardKeys(namespace, place.shard)
    page = await bulks.read_runs_after(context.redis, home, place, bulk.wanted.last)
    results = await _results(context, home, bulk, [each.run for each in page])
    # At the end of a shard the next one follows, from its first run.
    last = page[-1] if len(page) == bulks.PAGE else Place(place.shard + 1, bulk.wanted.first, "")
    over = last.shard >= shards
    await bulks.note_page(
        context.redis, namespace, bulk, last.text, len(page), results, keep_ms if over else None
    )  # fmt: skip
    return len(page)


async def _results(context: EngineContext, home: ShardKeys, bulk: BulkRetry, runs: Sequence[str]) -> list[RunResult]:
    unreadable: Unreadable = {}
    records = await reads.read_runs(context.redis, home, runs, unreadable)
    meant = [run for run in records if bulk.wanted.graph in (None, run.graph)]
    results = [result for run in meant if (result := await _result(context, home, bulk, run))]
    return results + [RunResult(run, 0, {run: why.detail}) for run, why in unreadable.items()]


async def _result(context: EngineContext, home: ShardKeys, bulk: BulkRetry, run: RunRecord) -> RunResult | None:
    """Retry what failed of a run, and tell what came of it; None when it is not meant."""
    refused: dict[str, str] = {}
    # Whoever died over this page may have retried all of it: then the run is not in that status any more.
    before = await bulks.count_marked(context.redis, home, run.id, bulk.id)
    if run.status != bulk.wanted.status and not before:
        return None
    try:
        refused = (await retry_failed(context, home, run.id, bulk.id)).refused
    except (Conflict, NotFound, CorruptRecord) as why:
        if not before and run.status == "FAILED":
            refused = {run.id: why.detail}
    retried = await bulks.count_marked(context.redis, home, run.id, bulk.id)
    if not retried and not refused:
        return None
    return RunResult(run.id, retried, dict(list(refused.items())[:_KEPT_REFUSALS]))
