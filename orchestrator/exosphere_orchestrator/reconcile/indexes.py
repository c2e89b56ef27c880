"""The indexes of runs, held against the records of runs."""

from collections.abc import AsyncIterator, Sequence

from exosphere_core.keys import ShardKeys
from exosphere_core.store import catalog, mends, survey
from exosphere_core.store.connection import Redis
from exosphere_core.store.survey import PAGE, RunTrace
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.mend import Kind


async def index(desk: Desk, runs: Sequence[RunTrace]) -> None:
    """Let the indexes say of runs what their records say."""
    replies = await desk.all_of([mends.index_run(desk.home, run.id, run.graph) for run in runs])
    for run, changed in zip(runs, replies, strict=True):
        if changed:
            desk.journal.note(Kind.INDEX, desk.home, run.id)


async def pending_runs(redis: Redis, home: ShardKeys) -> AsyncIterator[tuple[str, list[str]]]:
    """Go through the runs that the indexes call pending, some hundred of one graph at a time."""
    for graph in await catalog.read_graph_names(redis, home.namespace):
        page: list[str] = []
        async for raw in redis.sscan_iter(home.active(graph), count=PAGE):
            page.append(raw.decode())
            if len(page) >= PAGE:
                yield graph, page
                page = []
        if page:
            yield graph, page


async def sweep(desk: Desk) -> None:
    """Take runs off the indexes that have no record."""
    for key in (desk.home.runs, desk.home.ended):
        page: list[str] = []
        async for raw, _ in desk.redis.zscan_iter(key, count=PAGE):
            page.append(raw.decode())
            if len(page) >= PAGE:
                await drop_gone(desk, "", page)
                page = []
        await drop_gone(desk, "", page)


async def drop_gone(desk: Desk, graph: str, runs: Sequence[str]) -> None:
    """Take those of some runs off the indexes that have no record."""
    there = await survey.existing(desk.redis, [desk.home.run(run) for run in runs])
    gone = [run for run, exists in zip(runs, there, strict=True) if not exists]
    replies = await desk.all_of([mends.index_run(desk.home, run, graph) for run in gone])
    for run, changed in zip(gone, replies, strict=True):
        if changed:
            desk.journal.note(Kind.INDEX, desk.home, run)
