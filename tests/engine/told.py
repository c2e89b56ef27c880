"""Whether the events of a run add up to its records."""

from engine.world import HOME, World
from exosphere_core.records import EventKind
from exosphere_core.store import reads
from exosphere_core.store.events import START, RunEvent, read_events, tell_what_was, watch

KEEP_MS = 600_000


async def watched(world: World) -> None:
    """Somebody begins to watch the run, and is told what it was."""
    found = await watch(world.redis, HOME, world.run_id, KEEP_MS)
    assert found is not None
    await tell_what_was(world.redis, HOME, world.run_id, found.first)


async def told(world: World) -> list[RunEvent]:
    """All events of the run so far."""
    events: list[RunEvent] = []
    while page := await read_events(world.redis, HOME, world.run_id, events[-1].id if events else START):
        events += page
    return events


async def stored(world: World) -> dict[str, tuple[str, int]]:
    """State id → status and attempt as they are stored: a runtime that takes a state changes neither."""
    ids = await reads.read_state_ids(world.redis, HOME, world.run_id)
    found = {}
    for state in ids:
        status, attempt = await world.redis.hmget(HOME.state(state), "status", "attempt")
        found[state] = (status.decode(), int(attempt))
    return found


async def check_told(world: World) -> None:
    """The last event of each state, and of the run, says what its record says."""
    events = await told(world)
    last = {event.state: (event.status, event.attempt) for event in events if event.state}
    assert last == await stored(world)
    of_run = [event.status for event in events if event.kind in (EventKind.RUN, EventKind.CURRENT)]
    assert of_run[-1] == (await world.run()).status
