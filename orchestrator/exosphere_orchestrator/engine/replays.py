"""Takes recorded outputs over: a new state of a rerun comes to what its counterpart in the earlier run came to."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from exosphere_core.errors import CorruptRecord
from exosphere_core.ids import derived_id
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Executed, Kind, Pruned, Rerun, Task, TextMap
from exosphere_core.states import Status
from exosphere_core.store.reads import PAGE, StateRecord, read_outputs, read_states
from exosphere_core.store.upkeep import note_anew
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.reports import Report


async def replay(context: EngineContext, home: ShardKeys, born: Sequence[tuple[Report, Task]]) -> list[Report]:
    """Tell for each new state, in order, what is as good as reported of it.

    A counterpart that succeeded or was pruned is taken over. One that failed, never ended, never was or can't be read
    is executed anew: its state is released to the runtimes, and the unites that wait for it fire anew too.
    """
    counterparts = await _ends(context, home, [task.replays for _, task in born])
    reports = []
    for report, task in born:
        earlier = counterparts.get(task.replays)
        rerun = await _rerun_of(context, home, task.run)
        known = (
            earlier is not None
            and rerun is not None
            and earlier.task.run == rerun.of
            and earlier.task.identifier == task.identifier
        )
        outputs = await _outputs(context, home, earlier) if earlier is not None and known else None
        if earlier is not None and outputs is not None and earlier.status is Status.SUCCESS:
            body = Executed(outputs, fanned_out=earlier.width is not None, origin=earlier.id)
            reports.append(replace(report, kind=Kind.EXECUTED, body=body))
        elif earlier is not None and known and earlier.status is Status.PRUNED and earlier.data is not None:
            reports.append(replace(report, kind=Kind.PRUNED, body=Pruned(msgspec.Raw(earlier.data))))
        else:
            await note_anew(context.redis, home, list(task.unites.values()))
            reports.append(replace(report, kind=Kind.RELEASED))
    return reports


async def _ends(context: EngineContext, home: ShardKeys, states: Sequence[str]) -> dict[str, StateRecord]:
    """For each state the one that its chain of retries came to."""
    ends: dict[str, StateRecord] = {}
    asked = {state: state for state in states}
    while asked:
        found = {record.id: record for record in await read_states(context.redis, home, list(asked.values()), {})}
        following: dict[str, str] = {}
        for first, now in asked.items():
            record = found.get(now)
            if record is None:
                continue
            if record.retried_by is None:
                ends[first] = record
            else:
                following[first] = record.retried_by
        asked = following
    return ends


async def _rerun_of(context: EngineContext, home: ShardKeys, run: str) -> Rerun | None:
    try:
        return await context.reruns.get(home, run)
    except CorruptRecord:
        return None


async def _outputs(context: EngineContext, home: ShardKeys, state: StateRecord) -> list[TextMap] | None:
    """All outputs of a success, or None when there are none or one of them can't be read."""
    if state.status is not Status.SUCCESS:
        return None
    if state.width is None:
        return [state.outputs]
    outputs = [state.outputs] if state.width else []
    for start in range(1, state.width, PAGE):
        page = range(start, min(start + PAGE, state.width))
        siblings = [derived_id("sibling", state.id, str(position)) for position in page]
        try:
            outputs += await read_outputs(context.redis, home, siblings)
        except CorruptRecord:
            return None
    return outputs
