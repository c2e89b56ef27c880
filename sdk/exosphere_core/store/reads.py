"""Reading records: bounded, pipelined, never changing anything."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from redis.asyncio import Redis

from exosphere_core.handoff import entry_away
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.records import (
    Rerun,
    RunField,
    StateField,
    Task,
    TextMap,
    decode_rerun,
    decode_task,
    decode_text_map,
)
from exosphere_core.states import RunStatus, Status
from exosphere_core.store.connection import ask

#: How many records one round trip reads at the most.
PAGE = 500

#: How many deliveries of a node are looked through for those that are running.
_MOST_RUNNING = 20_000


class StateRecord(NamedTuple):
    """A state as it is stored, with QUEUED told from the ready stream's pending list."""

    id: str
    status: Status
    attempt: int
    task: Task
    inputs: TextMap
    outputs: TextMap
    data: bytes | None
    error: str | None
    due_at: int | None
    #: Id of the state that retries it.
    retried_by: str | None
    #: Id of its unite, when its inputs could not be made.
    unite: str | None
    #: How many outputs it gave as a list; None when it gave one output alone.
    width: int | None
    created_at: int
    updated_at: int


class RunRecord(NamedTuple):
    """A run as it is stored."""

    id: str
    graph: str
    version: int
    status: RunStatus
    root: str
    created_at: int
    ended_at: int | None
    #: identifier → states made.
    made: dict[str, int]
    #: (identifier, status) → states that ended so.
    ended: dict[tuple[str, Status], int]
    rerun: Rerun | None


class Wanted(NamedTuple):
    """What is to be read about one state's branch."""

    home: ShardKeys
    run: str
    #: Ids of states whose outputs are wanted.
    states: Sequence[str]
    #: Store keys whose values are wanted.
    store: Sequence[str]


async def read_tasks(redis: "Redis", states: Sequence[tuple[ShardKeys, str]]) -> list[Task | None]:
    """Read the tasks of states; None for a state that does not exist."""
    pipeline = redis.pipeline(transaction=False)
    for home, state in states:
        pipeline.hget(home.state(state), StateField.TASK)
    return [decode_task(reply) if reply else None for reply in await pipeline.execute()]


async def read_values(redis: "Redis", wanted: Sequence[Wanted]) -> list[tuple[dict[str, TextMap], TextMap]]:
    """Read outputs (state id → outputs) and store values, for several states in one round trip."""
    pipeline = redis.pipeline(transaction=False)
    for want in wanted:
        for state in want.states:
            pipeline.hget(want.home.state(state), StateField.OUTPUTS)
        if want.store:
            pipeline.hmget(want.home.store(want.run), list(want.store))
    replies = iter(await pipeline.execute())
    found = []
    for want in wanted:
        outputs = {state: _text_map(next(replies)) for state in want.states}
        values = next(replies) if want.store else ()
        found.append(
            (
                outputs,
                {key: value.decode() for key, value in zip(want.store, values, strict=False) if value is not None},
            )
        )
    return found


async def read_outputs(redis: "Redis", home: ShardKeys, states: Sequence[str]) -> list[TextMap]:
    """Read the outputs of states, in their order."""
    pipeline = redis.pipeline(transaction=False)
    for state in states:
        pipeline.hget(home.state(state), StateField.OUTPUTS)
    return [_text_map(reply) for reply in await pipeline.execute()]


async def read_states(redis: "Redis", home: ShardKeys, states: Sequence[str]) -> list[StateRecord]:
    """Read states, a page at a time; those that do not exist are left out."""
    found: list[StateRecord] = []
    entries: dict[str, str] = {}
    for start in range(0, len(states), PAGE):
        page = states[start : start + PAGE]
        pipeline = redis.pipeline(transaction=False)
        for state in page:
            pipeline.hgetall(home.state(state))
        for state, raw in zip(page, await pipeline.execute(), strict=True):
            if raw:
                found.append(_state(state, raw))
                replays = found[-1].task.replays and found[-1].attempt == 1
                # The first entry of a state that replays is on the report stream, not with a runtime.
                if raw[b"status"] == b"CREATED" and b"entry" in raw and not replays:
                    entry = raw[b"entry"].decode()
                    away = entry_away(entry)
                    # On the outbox it is nobody's yet.
                    if away or found[-1].task.namespace == home.namespace:
                        entries[state] = away or entry
    running = await _running(redis, home, found, entries)
    return [record._replace(status=Status.QUEUED) if record.id in running else record for record in found]


async def _running(
    redis: "Redis", home: ShardKeys, records: Iterable[StateRecord], entries: Mapping[str, str]
) -> set[str]:
    """Tell which states are taken: their entry is pending with a runtime."""
    by_stream: dict[str, list[str]] = {}
    for record in records:
        if record.id in entries:
            stream = ShardKeys(record.task.namespace, home.shard).ready(record.task.node)
            by_stream.setdefault(stream, []).append(record.id)
    pipeline = redis.pipeline(transaction=False)
    asked: list[list[str]] = []
    for stream, states in by_stream.items():
        if len(states) <= 3:
            for state in states:
                pipeline.xpending_range(stream, RUNTIMES_GROUP, entries[state], entries[state], 1)
                asked.append([state])
        else:
            pipeline.xpending_range(stream, RUNTIMES_GROUP, "-", "+", _MOST_RUNNING)
            asked.append(states)
    running: set[str] = set()
    for states, reply in zip(asked, await pipeline.execute(raise_on_error=False), strict=True):
        if not isinstance(reply, Exception):
            taken = {item["message_id"].decode() for item in reply}
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
    pipeline = redis.pipeline(transaction=False)
    for state in states:
        pipeline.hget(home.state(state), StateField.STATUS)
    statuses = await pipeline.execute()
    return [state for state, raw in zip(states, statuses, strict=True) if raw is not None and raw.decode() in wanted]


async def read_state_ids(redis: "Redis", home: ShardKeys, run: str) -> list[str]:
    """Read the ids of a run's states, in order of creation."""
    return [raw.decode() for raw in await ask(redis, "LRANGE", home.states(run), 0, -1)]


async def read_runs(redis: "Redis", home: ShardKeys, runs: Sequence[str]) -> list[RunRecord]:
    """Read runs; those that do not exist are left out."""
    pipeline = redis.pipeline(transaction=False)
    for run in runs:
        pipeline.hgetall(home.run(run))
    return [_run(run, raw) for run, raw in zip(runs, await pipeline.execute(), strict=True) if raw]


async def read_rerun(redis: "Redis", home: ShardKeys, run: str) -> Rerun | None:
    """Read how a run was made from an earlier one, or None when it was not."""
    raw = await ask(redis, "HGET", home.run(run), RunField.RERUN)
    return None if raw is None else decode_rerun(raw)


async def read_request(redis: "Redis", home: ShardKeys, run: str) -> tuple[int, str] | None:
    """Read a run's graph version and the digest of its trigger's request ("" without one), or None without a run."""
    version, digest = await ask(redis, "HMGET", home.run(run), RunField.VERSION, RunField.REQUEST)
    return None if version is None else (int(version), (digest or b"").decode())


async def read_newest_runs(
    redis: "Redis", homes: Sequence[ShardKeys], skip: int, count: int
) -> tuple[int, list[RunRecord]]:
    """Read a page of a namespace's runs, newest first, over all its shards, and how many there are."""
    pipeline = redis.pipeline(transaction=False)
    for home in homes:
        pipeline.zcard(home.runs)
        pipeline.zrevrange(home.runs, 0, skip + count - 1, withscores=True)
    replies = await pipeline.execute()
    total = sum(replies[0::2])
    newest = sorted(
        ((score, run.decode(), home) for home, page in zip(homes, replies[1::2], strict=True) for run, score in page),
        key=lambda item: (-item[0], item[1]),
    )[skip : skip + count]
    found: dict[str, RunRecord] = {}
    for home in homes:
        for record in await read_runs(redis, home, [run for _, run, where in newest if where == home]):
            found[record.id] = record
    return total, [found[run] for _, run, _ in newest if run in found]


async def read_store(redis: "Redis", home: ShardKeys, run: str) -> TextMap:
    """Read the whole store of a run."""
    raw = await ask(redis, "HGETALL", home.store(run))
    return {key.decode(): value.decode() for key, value in raw.items()}


async def read_store_value(redis: "Redis", home: ShardKeys, run: str, key: str) -> str | None:
    """Read one value of a run's store."""
    raw = await ask(redis, "HGET", home.store(run), key)
    return None if raw is None else raw.decode()


def _text_map(raw: bytes | None) -> TextMap:
    return decode_text_map(raw) if raw else {}


def _state(state: str, raw: Mapping[bytes, bytes]) -> StateRecord:
    error, retried_by, unite = (
        None if (word := raw.get(name)) is None else word.decode() for name in (b"error", b"retried_by", b"unite")
    )
    due = raw.get(b"due_at")
    return StateRecord(
        id=state,
        status=Status(raw[b"status"].decode()),
        attempt=int(raw[b"attempt"]),
        task=decode_task(raw[b"task"]),
        inputs=_text_map(raw.get(b"inputs")),
        outputs=_text_map(raw.get(b"outputs")),
        data=raw.get(b"data"),
        error=error,
        due_at=None if due is None else int(due),
        retried_by=retried_by,
        unite=unite,
        width=None if (width := raw.get(b"width")) is None else int(width),
        created_at=int(raw[b"created_at"]),
        updated_at=int(raw[b"updated_at"]),
    )


def _run(run: str, raw: Mapping[bytes, bytes]) -> RunRecord:
    made: dict[str, int] = {}
    ended: dict[tuple[str, Status], int] = {}
    for field, value in raw.items():
        kind, _, rest = field.decode().partition("/")
        if kind == "made":
            made[rest] = int(value)
        elif kind == "ended":
            identifier, _, status = rest.partition("/")
            ended[identifier, Status(status)] = int(value)
    ended_at = raw.get(b"ended_at")
    return RunRecord(
        id=run,
        graph=raw[b"graph"].decode(),
        version=int(raw[b"version"]),
        status=RunStatus(raw[b"status"].decode()),
        root=raw[b"root"].decode(),
        created_at=int(raw[b"created_at"]),
        ended_at=None if ended_at is None else int(ended_at),
        made=made,
        ended=ended,
        rerun=decode_rerun(raw[b"rerun"]) if b"rerun" in raw else None,
    )
