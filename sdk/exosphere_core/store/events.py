"""The events of a run: kept in a stream of its own while somebody watches it, written by the scripts of the transitions.

The first event begins the stream. What the run was before is told next, state by state, while transitions go on; each
state is told of once, or not at all when a transition of it came first. So the stream alone says everything, in one
order for all who read it, from wherever they go on.
"""

from typing import NamedTuple

from redis.asyncio import Redis

from exosphere_core.keys import ShardKeys
from exosphere_core.records import EventField, EventKind
from exosphere_core.states import RunStatus
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import Unreadable, reading
from exosphere_core.store.reads import read_page, read_tasks

#: The id before all ids.
START = "0-0"

#: How many events one read gives at the most.
EVENTS_PAGE = 500

#: How many states one script tells of: a fraction of a ms.
_STATES_PAGE = 100

#: How many events the script looks through that came after the caller looked.
_NEWER = 200

_KIND, _STATUS, _STATE, _IDENTIFIER, _ATTEMPT, _STATES = (name.value.encode() for name in EventField)


class RunEvent(NamedTuple):
    """One event. `state`, `identifier` and `attempt` are empty where it is about the run."""

    id: str
    kind: EventKind
    status: str
    state: str
    identifier: str
    attempt: int
    #: How many states the run has, when its events begin.
    states: int

    @property
    def moment(self) -> int:
        """When it came to be, in unix ms."""
        return int(self.id.partition("-")[0])


class Watched(NamedTuple):
    """A run that is watched."""

    #: Id of the first event.
    first: str
    status: RunStatus
    #: Whether all that was before is told.
    whole: bool


async def watch(redis: "Redis", home: ShardKeys, run: str, keep_ms: int) -> Watched | None:
    """Have the events of a run kept, for `keep_ms` from now on. Returns None when there is no such run."""
    call = Call("watch_run", [home.run(run), home.states(run), home.events(run)], [keep_ms])
    reply = await apply(redis, call)
    if not reply:
        return None
    first, status, told = (word.decode() for word in reply)
    return Watched(first, RunStatus(status), told == first)


async def read_events(redis: "Redis", home: ShardKeys, run: str, after: str) -> list[RunEvent]:
    """Read the events that follow on one: `EVENTS_PAGE` at the most.

    Raises:
        CorruptRecord: there is something else among them.
    """
    with reading(home.events(run)):
        reply = await ask(redis, "XRANGE", home.events(run), f"({after}", "+", "COUNT", EVENTS_PAGE)
        return [_event(entry_id.decode(), fields) for entry_id, fields in reply]


async def tell_what_was(redis: "Redis", home: ShardKeys, run: str, first: str) -> None:
    """Tell of all states that a run had when its events began. Done twice, or by several at once, it changes nothing.

    Args:
        first: id of the first event.
    """
    known, position, total = START, 0, 0
    told: set[str] = set()
    while True:
        while page := await read_events(redis, home, run, known):
            told.update(event.state for event in page)
            total = total or page[0].states
            known = page[-1].id
        states = await read_page(redis, home.states(run), position, min(_STATES_PAGE, max(1, total - position)))
        untold = [state for state in states if state not in told]
        unreadable: Unreadable = {}
        tasks = await read_tasks(redis, [(home, state) for state in untold], unreadable) if untold else []
        found = [(state, task) for state, task in zip(untold, tasks, strict=True) if task is not None]
        last = not states or position + len(states) >= total
        keys = [home.events(run), home.run(run), *(home.state(state) for state, _ in found)]
        names = [task.identifier for _, task in found]
        reply = await apply(redis, Call("tell_states", keys, [first, known, _NEWER, "1" if last else "", *names]))
        if reply == b"gone" or (last and reply == b"told"):
            return
        if reply == b"told":
            position += len(states)


def _event(entry_id: str, fields: dict[bytes, bytes]) -> RunEvent:
    return RunEvent(
        id=entry_id,
        kind=EventKind(fields[_KIND].decode()),
        status=fields[_STATUS].decode(),
        state=fields.get(_STATE, b"").decode(),
        identifier=fields.get(_IDENTIFIER, b"").decode(),
        attempt=int(fields.get(_ATTEMPT) or 0),
        states=int(fields.get(_STATES) or 0),
    )
