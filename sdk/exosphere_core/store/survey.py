"""Reading what the reconciler compares: records as they lie there, be they whole or not. Never changes anything."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import ShardKeys
from exosphere_core.records import RunField, StateField, Task, UniteField, UnitePlan, decode_task, decode_unite_plan
from exosphere_core.states import STORED, RunStatus, UniteStatus
from exosphere_core.store.burst import burst
from exosphere_core.store.connection import ask

#: How many records one round trip reads.
PAGE = 500

_STATE = (
    StateField.STATUS, StateField.ATTEMPT, StateField.TASK, StateField.ENTRY, StateField.DUE_AT, StateField.WIDTH,
    StateField.TOLERATED, StateField.HIDDEN, StateField.RETRIED_BY, StateField.DATA, StateField.RESTORED,
    StateField.CREATED_AT, StateField.BY_HAND,
)  # fmt: skip
_UNITE = (
    UniteField.PLAN, UniteField.STATUS, UniteField.STRATEGY, UniteField.AROUND, UniteField.PENDING,
    UniteField.ARRIVED, UniteField.ERRORED, UniteField.PRUNED, UniteField.ANEW, UniteField.RESTORED,
)  # fmt: skip


class StateTrace(NamedTuple):
    """What the reconciler looks at of a state. Texts are empty where the field is absent."""

    id: str
    status: str
    attempt: str
    task: Task
    entry: str
    due_at: str
    width: int | None
    tolerated: str
    hidden: str
    retried_by: str
    has_data: bool
    restored: bool
    created_at: str
    by_hand: bool

    @property
    def outputs(self) -> int:
        """How many outputs it gave, once executed."""
        return 1 if self.width is None else self.width


class UniteTrace(NamedTuple):
    """An armed unite as text, or as it should be. Texts are empty where the field is absent."""

    id: str
    plan: UnitePlan
    status: str
    strategy: str
    around: str
    pending: str
    arrived: str
    errored: str
    pruned: str
    anew: str
    restored: str


class RunTrace(NamedTuple):
    """A run with every field of its record."""

    id: str
    graph: str
    version: int
    status: str
    root: str
    cancelled: bool
    fields: dict[bytes, bytes]

    @property
    def made(self) -> int:
        """How many states were made, as its counters say."""
        counted = (value for name, value in self.fields.items() if name.startswith(b"made/"))
        return sum(int(value) for value in counted if value.isdigit())


class Unreadable(NamedTuple):
    """A record that is there and can't be read."""

    id: str
    reason: str
    #: Redis type of the key, the field that can't be read, its value.
    found: tuple[str, str, bytes]


async def read_states(redis: "Redis", home: ShardKeys, ids: Sequence[str]) -> list[StateTrace | Unreadable | None]:
    """Read a page of states; None for one that does not exist."""
    return [
        raw if not isinstance(raw, list) else _state(some_id, raw)
        for some_id, raw in zip(ids, await _page(redis, [home.state(each) for each in ids], ids, _STATE), strict=True)
    ]


async def read_unites(redis: "Redis", home: ShardKeys, ids: Sequence[str]) -> list[UniteTrace | Unreadable | None]:
    """Read a page of unites; None for one that does not exist."""
    return [
        raw if not isinstance(raw, list) else _unite(some_id, raw)
        for some_id, raw in zip(ids, await _page(redis, [home.unite(each) for each in ids], ids, _UNITE), strict=True)
    ]


async def read_run(redis: "Redis", home: ShardKeys, run: str) -> RunTrace | Unreadable | None:
    """Read a run, or None when there is none."""
    try:
        return run_of(run, await ask(redis, "HGETALL", home.run(run)))
    except ResponseError:
        return Unreadable(run, "it is no hash", (await _type(redis, home.run(run)), "", b""))


async def read_runs(redis: "Redis", home: ShardKeys, runs: Sequence[str]) -> list[RunTrace]:
    """Read a page of runs; those that do not exist or can't be read are left out."""
    replies = await burst(redis, [("HGETALL", home.run(run)) for run in runs])
    found = [
        run_of(run, dict(zip(reply[::2], reply[1::2], strict=True)))
        for run, reply in zip(runs, replies, strict=True)
        if not isinstance(reply, ResponseError)
    ]
    return [run for run in found if isinstance(run, RunTrace)]


def run_of(run: str, raw: Mapping[bytes, bytes]) -> RunTrace | Unreadable | None:
    """Read the fields of a run's record."""
    if not raw:
        return None
    try:
        return RunTrace(
            id=run,
            graph=raw[b"graph"].decode(),
            version=int(raw[b"version"]),
            status=RunStatus(raw[b"status"].decode()).value,
            root=raw[b"root"].decode(),
            cancelled=RunField.CANCELLED_AT.encode() in raw,
            fields=dict(raw),
        )
    except KeyError as missing:
        field = missing.args[0].decode()
        return Unreadable(run, f"field {field} is missing", ("hash", field, b""))
    except ValueError as bad:
        return Unreadable(run, str(bad), ("hash", RunField.STATUS, raw.get(b"status", b"")))


async def read_list(redis: "Redis", key: str, start: int) -> list[str]:
    """Read a page of a list of ids; an empty one where something else lies in its place."""
    try:
        return [raw.decode(errors="replace") for raw in await ask(redis, "LRANGE", key, start, start + PAGE - 1)]
    except ResponseError:
        return []


async def write_list(redis: "Redis", key: str, ids: Sequence[str], expire_s: int) -> None:
    """Write a list in pages; it expires unless it is made to stay."""
    await ask(redis, "UNLINK", key)
    for start in range(0, len(ids), PAGE):
        pipeline = redis.pipeline(transaction=True)
        pipeline.rpush(key, *ids[start : start + PAGE])
        pipeline.expire(key, expire_s)
        await pipeline.execute()


async def count_members(redis: "Redis", home: ShardKeys, unites: Sequence[str]) -> list[int]:
    """Tell how many branches each unite will read, but for those noted as errored."""
    pipeline: Any = redis.pipeline(transaction=False)
    for unite in unites:
        pipeline.zcard(home.members(unite))
        pipeline.zlexcount(home.members(unite), "[!/", "(!0")
    replies = await pipeline.execute(raise_on_error=False)
    return [
        -1 if isinstance(count, Exception) or isinstance(errored, Exception) else count - errored
        for count, errored in zip(replies[::2], replies[1::2], strict=True)
    ]


async def missing_members(redis: "Redis", home: ShardKeys, wanted: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Tell which of these pairs of unite and member are not there."""
    pipeline = redis.pipeline(transaction=False)
    for unite, member in wanted:
        pipeline.zscore(home.members(unite), member)
    replies = await pipeline.execute(raise_on_error=False)
    return [pair for pair, score in zip(wanted, replies, strict=True) if score is None]


async def read_members(redis: "Redis", home: ShardKeys, unite: str, after: str) -> list[str]:
    """Read a page of a unite's members in order; `after` is empty for the first."""
    low = f"({after}" if after else "-"
    return [raw.decode() for raw in await ask(redis, "ZRANGEBYLEX", home.members(unite), low, "+", "LIMIT", 0, PAGE)]


async def existing(redis: "Redis", keys: Iterable[str]) -> list[bool]:
    """Tell which keys exist."""
    pipeline = redis.pipeline(transaction=False)
    for key in keys:
        pipeline.exists(key)
    return [bool(reply) for reply in await pipeline.execute()]


async def are_known(redis: "Redis", home: ShardKeys, runs: Sequence[str]) -> list[bool]:
    """Tell of which runs an index, a list or a store is left."""
    pipeline = redis.pipeline(transaction=False)
    for run in runs:
        pipeline.exists(home.states(run), home.unites(run), home.store(run))
        pipeline.zscore(home.runs, run)
    replies = await pipeline.execute()
    return [bool(lists) or score is not None for lists, score in zip(replies[::2], replies[1::2], strict=True)]


async def _page(
    redis: "Redis", keys: Sequence[str], ids: Sequence[str], fields: Sequence[str]
) -> list[list[bytes | None] | Unreadable | None]:
    replies = await burst(redis, [("HMGET", key, *fields) for key in keys])
    found: list[list[bytes | None] | Unreadable | None] = []
    for key, some_id, reply in zip(keys, ids, replies, strict=True):
        if isinstance(reply, ResponseError):
            found.append(Unreadable(some_id, "it is no hash", (await _type(redis, key), "", b"")))
        else:
            # A hash has one field at least; one that has none of these is no record either.
            found.append(reply if any(value is not None for value in reply) else None)
    return found


async def _type(redis: "Redis", key: str) -> str:
    raw = await ask(redis, "TYPE", key)
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def _state(state: str, raw: list[bytes | None]) -> StateTrace | Unreadable:
    status, attempt, task, entry, due_at, width, tolerated, hidden, retried_by, data, restored, *rest = raw
    created_at, by_hand = rest
    try:
        known = decode_task(task or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as bad:
        return Unreadable(state, str(bad), ("hash", StateField.TASK, task or b""))
    if status is None or status.decode(errors="replace") not in STORED:
        return Unreadable(state, "it has no known status", ("hash", StateField.STATUS, status or b""))
    if attempt is None or not attempt.isdigit():
        return Unreadable(state, "its attempt is no number", ("hash", StateField.ATTEMPT, attempt or b""))
    if width is not None and not width.isdigit():
        return Unreadable(state, "its width is no number", ("hash", StateField.WIDTH, width))
    return StateTrace(
        state, status.decode(), attempt.decode(), known, _text(entry), _text(due_at),
        None if width is None else int(width), _text(tolerated), _text(hidden), _text(retried_by),
        data is not None, restored is not None, _text(created_at), by_hand is not None,
    )  # fmt: skip


def _unite(unite: str, raw: list[bytes | None]) -> UniteTrace | Unreadable:
    plan, *rest = raw
    try:
        known = decode_unite_plan(plan or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as bad:
        return Unreadable(unite, str(bad), ("hash", UniteField.PLAN, plan or b""))
    status = rest[0]
    if status is None or status.decode(errors="replace") not in set(UniteStatus):
        return Unreadable(unite, "it has no known status", ("hash", UniteField.STATUS, status or b""))
    return UniteTrace(unite, known, *(_text(value) for value in rest))


def _text(raw: bytes | None) -> str:
    return "" if raw is None else raw.decode(errors="replace")


async def count_listed(redis: "Redis", key: str) -> int:
    """How many ids a list holds; -1 where something else lies in its place."""
    try:
        return int(await ask(redis, "LLEN", key))
    except ResponseError:
        return -1
