"""Reading records: bounded, pipelined, never changing anything.

A record that can't be read raises `CorruptRecord`, which names its key. Where `unreadable` is given, it takes these
errors by id, and the records are as if they were not there.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from typing import Any, NamedTuple

from redis.asyncio import Redis

from exosphere_core.handoff import entry_away
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.records import Rerun, RunField, StateField, Task, TextMap, decode_rerun, decode_task
from exosphere_core.states import Status
from exosphere_core.store.burst import Command, burst
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import Unreadable, read_reply, reading
from exosphere_core.store.decoding import RunRecord as RunRecord
from exosphere_core.store.decoding import StateRecord as StateRecord
from exosphere_core.store.decoding import run_of, state_of, text_map_of

#: How many records one round trip reads at the most.
PAGE = 500

#: How many deliveries of a node are looked through for those that are running.
_MOST_RUNNING = 20_000


#: The fields of a state that are small, in the order of `brief`.
_BRIEF = (
    StateField.STATUS, StateField.ATTEMPT, StateField.TASK, StateField.ERROR, StateField.ENTRY, StateField.DUE_AT,
    StateField.RETRIED_BY, StateField.CREATED_AT, StateField.UPDATED_AT, StateField.WORKER, StateField.RAN_MS,
)  # fmt: skip
_BRIEF_RAW = tuple(field.value.encode() for field in _BRIEF)


class Wanted(NamedTuple):
    """What is to be read about one state's branch."""

    home: ShardKeys
    run: str
    #: Ids of states whose outputs are wanted.
    states: Sequence[str]
    #: Store keys whose values are wanted.
    store: Sequence[str]


async def read_tasks(
    redis: "Redis", states: Sequence[tuple[ShardKeys, str]], unreadable: Unreadable | None = None
) -> list[Task | None]:
    """Read the tasks of states; None for a state that does not exist."""
    replies = await burst(redis, [("HGET", home.state(state), StateField.TASK) for home, state in states])
    return [
        None if reply is None else read_reply(home.state(state), reply, decode_task, state, unreadable)
        for (home, state), reply in zip(states, replies, strict=True)
    ]


async def read_values(redis: "Redis", wanted: Sequence[Wanted]) -> list[tuple[dict[str, TextMap], TextMap]]:
    """Read outputs (state id → outputs) and store values, for several states in one round trip."""
    commands: list[Command] = []
    for want in wanted:
        commands += [("HGET", want.home.state(state), StateField.OUTPUTS) for state in want.states]
        if want.store:
            commands.append(("HMGET", want.home.store(want.run), *want.store))
    replies = iter(await burst(redis, commands))
    found = []
    for want in wanted:
        outputs = {state: _outputs(want.home, state, next(replies)) for state in want.states}
        store: TextMap = {}
        if want.store:
            names, values = want.store, next(replies)
            with reading(want.home.store(want.run)):
                if isinstance(values, Exception):
                    raise values
                store = {name: value.decode() for name, value in zip(names, values, strict=True) if value is not None}
        found.append((outputs, store))
    return found


async def read_outputs(redis: "Redis", home: ShardKeys, states: Sequence[str]) -> list[TextMap]:
    """Read the outputs of states, in their order."""
    replies = await burst(redis, [("HGET", home.state(state), StateField.OUTPUTS) for state in states])
    return [_outputs(home, state, reply) for state, reply in zip(states, replies, strict=True)]


def _outputs(home: ShardKeys, state: str, reply: bytes | Exception | None) -> TextMap:
    with reading(home.state(state)):
        if isinstance(reply, Exception):
            raise reply
        return text_map_of(reply)


async def read_states(
    redis: "Redis", home: ShardKeys, states: Sequence[str], unreadable: Unreadable | None = None, *, values: bool = True
) -> list[StateRecord]:
    """Read states, a page at a time; those that do not exist are left out.

    Args:
        values: with inputs, outputs and prune data, which may be large.
    """
    found: list[StateRecord] = []
    entries: dict[str, str] = {}
    for start in range(0, len(states), PAGE):
        page = states[start : start + PAGE]
        commands = [("HGETALL", home.state(state)) if values else brief(home, state) for state in page]
        for state, reply in zip(page, await burst(redis, commands), strict=True):
            raw = hash_of(reply) if values else brief_of(reply)
            record = read_reply(home.state(state), raw, partial(state_of, state), state, unreadable) if raw else None
            if record is not None:
                found.append(record)
                if entry := entry_with_runtimes(home, record, raw.get(b"entry")):
                    entries[state] = entry
    running = await read_running(redis, home, found, entries)
    return [record._replace(status=Status.QUEUED) if record.id in running else record for record in found]


def hash_of(reply: Any) -> Any:
    """Make a mapping of a reply to HGETALL; what Redis refused stays as it is."""
    return reply if isinstance(reply, Exception) else dict(zip(reply[::2], reply[1::2], strict=True))


def brief(home: ShardKeys, state: str) -> Command:
    """Return the command that reads what is small of a state."""
    return ("HMGET", home.state(state), *_BRIEF)


def brief_of(reply: Any) -> Any:
    """Make a mapping of a reply to `brief`; what Redis refused stays as it is."""
    if isinstance(reply, Exception):
        return reply
    return {name: value for name, value in zip(_BRIEF_RAW, reply, strict=True) if value is not None}


def entry_with_runtimes(home: ShardKeys, record: StateRecord, raw: bytes | None) -> str | None:
    """Return the id of the entry of a ready stream by which a runtime takes a state or has taken it, or None."""
    # The first entry of a state that replays is on the report stream, not with a runtime.
    if record.status is not Status.CREATED or raw is None or (record.task.replays and record.attempt == 1):
        return None
    entry = raw.decode()
    # On the outbox it is nobody's yet.
    return entry_away(entry) or (entry if record.task.namespace == home.namespace else None)


async def read_running(
    redis: "Redis", home: ShardKeys, records: Iterable[StateRecord], entries: Mapping[str, str]
) -> set[str]:
    """Tell which states are taken: their entry, by state id, is pending with a runtime."""
    by_stream: dict[str, list[str]] = {}
    for record in records:
        if record.id in entries:
            stream = ShardKeys(record.task.namespace, home.shard).ready(record.task.node)
            by_stream.setdefault(stream, []).append(record.id)
    commands: list[Command] = []
    asked: list[list[str]] = []
    for stream, states in by_stream.items():
        if len(states) <= 3:
            for state in states:
                commands.append(("XPENDING", stream, RUNTIMES_GROUP, entries[state], entries[state], 1))
                asked.append([state])
        else:
            commands.append(("XPENDING", stream, RUNTIMES_GROUP, "-", "+", _MOST_RUNNING))
            asked.append(states)
    running: set[str] = set()
    for states, reply in zip(asked, await burst(redis, commands), strict=True):
        if not isinstance(reply, Exception):
            taken = {item[0].decode() for item in reply}
            running.update(state for state in states if entries[state] in taken)
    return running


async def read_page(redis: "Redis", ids: str, start: int, count: int) -> list[str]:
    """Read a page of a list of ids; `start` below zero counts from its end."""
    return [raw.decode() for raw in await ask(redis, "LRANGE", ids, start, start + count - 1)]


async def count_states(redis: "Redis", home: ShardKeys, run: str) -> int:
    """Count a run's states."""
    return int(await ask(redis, "LLEN", home.states(run)))


async def with_status(redis: "Redis", home: ShardKeys, states: Sequence[str], wanted: Set[Status]) -> list[str]:
    """Tell which of the states are stored with one of these statuses."""
    words = {status.value.encode() for status in wanted}
    statuses = await burst(redis, [("HGET", home.state(state), StateField.STATUS) for state in states])
    return [state for state, raw in zip(states, statuses, strict=True) if isinstance(raw, bytes) and raw in words]


async def read_state_ids(redis: "Redis", home: ShardKeys, run: str) -> list[str]:
    """Read the ids of a run's states, in order of creation."""
    return [raw.decode() for raw in await ask(redis, "LRANGE", home.states(run), 0, -1)]


async def read_runs(
    redis: "Redis", home: ShardKeys, runs: Sequence[str], unreadable: Unreadable | None = None
) -> list[RunRecord]:
    """Read runs; those that do not exist are left out."""
    replies = await burst(redis, [("HGETALL", home.run(run)) for run in runs])
    found = (
        read_reply(home.run(run), hash_of(reply), partial(run_of, run), run, unreadable)
        for run, reply in zip(runs, replies, strict=True)
        if reply
    )
    return [record for record in found if record is not None]


async def read_rerun(redis: "Redis", home: ShardKeys, run: str) -> Rerun | None:
    """Read how a run was made from an earlier one, or None when it was not."""
    with reading(home.run(run)):
        raw = await ask(redis, "HGET", home.run(run), RunField.RERUN)
        return None if raw is None else decode_rerun(raw)


async def read_request(redis: "Redis", home: ShardKeys, run: str) -> tuple[int, str] | None:
    """Read a run's graph version and the digest of its trigger's request ("" without one), or None without a run."""
    with reading(home.run(run)):
        version, digest = await ask(redis, "HMGET", home.run(run), RunField.VERSION, RunField.REQUEST)
        return None if version is None else (int(version), (digest or b"").decode())


async def read_store(redis: "Redis", home: ShardKeys, run: str) -> TextMap:
    """Read the whole store of a run."""
    with reading(home.store(run)):
        raw = await ask(redis, "HGETALL", home.store(run))
        return {key.decode(): value.decode() for key, value in raw.items()}


async def read_store_value(redis: "Redis", home: ShardKeys, run: str, key: str) -> str | None:
    """Read one value of a run's store."""
    with reading(home.store(run)):
        raw = await ask(redis, "HGET", home.store(run), key)
        return None if raw is None else raw.decode()
