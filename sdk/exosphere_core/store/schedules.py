"""Cron schedules: when they are due next, which are paused, and what came of their firings.

A due time is handled in two steps, since the run may belong to another slot than the catalog. A replica claims
it, which moves the schedule on; then it triggers the graph and records what came of that, which ends the claim.
A claim whose replica died is found by the others and carried out again, under the same run ids.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

import msgspec
from redis.asyncio import Redis

from exosphere_core.keys import CatalogKeys
from exosphere_core.records import encode
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import ask
from exosphere_core.store.schedule_members import drop_member, read_member

logger = logging.getLogger("exosphere.cron")

#: A time in unix ms has no more digits until the year 9999.
_MOMENT_DIGITS = 15

#: How many firings of a graph's schedules are kept.
KEPT_FIRINGS = 100


class ScheduleField(StrEnum):
    """Fields of the HASH of a graph's schedules; before each stands the trigger's index and a slash."""

    CLAIM = "claim"  #: JSON of `Claim`, while its firing is under way
    HANDLED = "handled"  #: newest due time that was claimed, unix ms; stays when the trigger changes
    PAUSED_AT = "paused_at"  #: unix ms, while it is paused
    LAST = "last"  #: JSON of the newest `Firing`


class Firing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of a due time, or of a call to run now: a run, an error, or that it was skipped."""

    #: Which of the graph's triggers.
    index: int
    #: When it was dealt with, unix ms.
    fired_at: int
    #: unix ms; None when somebody asked for it. Of several due times that were skipped together, the latest.
    due_at: int | None = None
    #: The earliest of several due times that were skipped together, unix ms.
    since: int | None = None
    run_id: str | None = None
    error: str | None = None
    #: Why it did not fire.
    skipped: str | None = None
    manual: bool = False


class Planned(msgspec.Struct, frozen=True):
    """A run to be made for a due time."""

    due_at: int
    run_id: str


class Claim(msgspec.Struct, frozen=True):
    """The due times of a schedule that one replica deals with."""

    graph: str
    index: int
    #: Oldest first.
    runs: tuple[Planned, ...]
    #: Already decided: due times that do not fire.
    skipped: Firing | None = None


class OpenClaim(NamedTuple):
    """A claim as it is stored; the text tells it from a later one."""

    claim: Claim
    text: bytes


class Due(msgspec.Struct, frozen=True):
    """A schedule whose time has come."""

    graph: str
    index: int
    #: unix ms
    due_at: int


class ScheduleRecord(NamedTuple):
    """What is true of a schedule now."""

    #: unix ms; None while it is paused, or when its expression names no time any more.
    next_due: int | None
    #: unix ms
    paused_at: int | None
    last: Firing | None


_decode_firing = msgspec.json.Decoder(Firing).decode
_decode_claim = msgspec.json.Decoder(Claim).decode


def member_of(graph: str, index: int) -> str:
    """The name of a schedule among all of its namespace."""
    return f"{graph}/{index}"


async def read_due(redis: "Redis", namespace: str, now: int, limit: int) -> list[Due]:
    """Read schedules whose time has come, those first that have waited longest. What is none is removed."""
    key = CatalogKeys(namespace).schedules
    found = []
    for member, score in await redis.zrangebyscore(key, "-inf", now, 0, limit, withscores=True):
        if (schedule := read_member(member)) is None:
            await drop_member(redis, key, member)
        else:
            found.append(Due(*schedule, int(max(0, score))))
    return found


async def read_handled(redis: "Redis", namespace: str, graph: str, index: int) -> int:
    """Read the newest due time of a schedule that was ever claimed, in unix ms; 0 when none was.

    What can't be read counts as none: the next claim mends it, and a due time's run has an id of its own in any case.
    """
    raw = await ask(redis, "HGET", CatalogKeys(namespace).schedules_of(graph), f"{index}/{ScheduleField.HANDLED}")
    return int(raw) if raw and raw.isdigit() and len(raw) <= _MOMENT_DIGITS else 0


def seal(claim: Claim) -> OpenClaim:
    """Return a claim as it is stored."""
    return OpenClaim(claim, encode(claim))


async def claim_schedule(
    redis: "Redis",
    namespace: str,
    due: Due,
    version: int | None,
    following: int | None,
    claimed: OpenClaim | None = None,
    handled: int = 0,
    now: int = 0,
) -> bool:
    """Move a due schedule on, and take its firing on if there is one.

    Args:
        version: the graph's version that the rest was made from; None when its trigger is gone.
        following: its next due time, in unix ms.
        claimed: what is to be done.
        handled: the newest due time that the claim is about, in unix ms.
        now: since when it is claimed, in unix ms.

    Returns:
        False when the schedule was changed or moved on by another meanwhile.
    """
    keys = CatalogKeys(namespace)
    call = Call(
        "claim_schedule",
        [keys.schedules, keys.claims, keys.graph(due.graph), keys.schedules_of(due.graph)],
        [
            due.graph, due.index, due.due_at, "" if version is None else version,
            "" if following is None else following, claimed.text if claimed else "", handled, now,
        ],
    )  # fmt: skip
    return bool(await apply(redis, call))


async def read_claims(redis: "Redis", namespace: str, until: int, limit: int) -> list[OpenClaim]:
    """Read claims that have been open since a moment (unix ms) or longer: their replicas died over them.

    One that can't be read ends here, as a firing that says so.
    """
    keys = CatalogKeys(namespace)
    claims = []
    for member in await redis.zrangebyscore(keys.claims, "-inf", until, 0, limit):
        if (schedule := read_member(member)) is None:
            await drop_member(redis, keys.claims, member)
            continue
        graph, index = schedule
        text = await ask(redis, "HGET", keys.schedules_of(graph), f"{index}/{ScheduleField.CLAIM}")
        if text is None:
            await apply(redis, _record_call(namespace, graph, index, b"", []))
            continue
        try:
            claims.append(OpenClaim(_decode_claim(text), text))
        except ValueError as bad:
            logger.error("the claim of schedule %d of graph %s in %s can't be read: %s", index, graph, namespace, bad)
            lost = Firing(index=index, fired_at=until, error=f"the record of what was to be fired can't be read: {bad}")
            await apply(redis, _record_call(namespace, graph, index, text, [lost]))
    return claims


async def record_firings(redis: "Redis", namespace: str, claimed: OpenClaim, firings: Sequence[Firing]) -> bool:
    """Record what came of a claim, the oldest due time first. False when that was done, or the graph was deleted."""
    claim = claimed.claim
    return bool(await apply(redis, _record_call(namespace, claim.graph, claim.index, claimed.text, firings)))


def _record_call(namespace: str, graph: str, index: int, text: bytes, firings: Sequence[Firing]) -> Call:
    keys = CatalogKeys(namespace)
    return Call(
        "record_firings",
        [keys.claims, keys.schedules_of(graph), keys.firings(graph)],
        [graph, index, text, KEPT_FIRINGS, *map(encode, firings)],
    )


async def record_by_side(redis: "Redis", namespace: str, graph: str, firing: Firing) -> None:
    """Record a firing that leaves its schedule as it is, unless the graph was deleted meanwhile.

    Somebody asked for it, or it was refused and is tried again.
    """
    keys = CatalogKeys(namespace)
    call = Call(
        "record_manual_firing",
        [keys.graphs, keys.schedules_of(graph), keys.firings(graph)],
        [graph, firing.index, encode(firing), KEPT_FIRINGS],
    )
    await apply(redis, call)


async def pause_schedule(redis: "Redis", namespace: str, graph: str, index: int, version: int) -> bool:
    """Pause a schedule. False when that version of the graph is not the newest any more."""
    call = Call("pause_schedule", _steering_keys(namespace, graph), [graph, index, version])
    return bool(await apply(redis, call))


async def resume_schedule(
    redis: "Redis", namespace: str, graph: str, index: int, version: int, following: int | None
) -> bool:
    """End a schedule's pause; its next due time is `following`. False when that version is not the newest any more."""
    due = "" if following is None else following
    call = Call("resume_schedule", _steering_keys(namespace, graph), [graph, index, version, due])
    return bool(await apply(redis, call))


def _steering_keys(namespace: str, graph: str) -> list[str]:
    keys = CatalogKeys(namespace)
    return [keys.schedules, keys.graph(graph), keys.schedules_of(graph)]


async def read_schedules(
    redis: "Redis", namespace: str, counts: Mapping[str, int]
) -> dict[tuple[str, int], ScheduleRecord]:
    """Read the schedules of graphs.

    Args:
        counts: graph → how many triggers its newest version has.

    Returns:
        Graph and index of the trigger → the schedule, in the order of the graphs.
    """
    keys = CatalogKeys(namespace)
    graphs = [graph for graph, count in counts.items() if count]
    pipeline = redis.pipeline(transaction=False)
    for graph in graphs:
        pipeline.zmscore(keys.schedules, [member_of(graph, index) for index in range(counts[graph])])
        pipeline.hgetall(keys.schedules_of(graph))
    replies = await pipeline.execute() if graphs else []
    return {
        (graph, index): _record(score, index, known)
        for graph, scores, known in zip(graphs, replies[::2], replies[1::2], strict=True)
        for index, score in enumerate(scores)
    }


def _record(score: float | None, index: int, known: Mapping[bytes, bytes]) -> ScheduleRecord:
    paused_at = known.get(f"{index}/{ScheduleField.PAUSED_AT}".encode())
    last = known.get(f"{index}/{ScheduleField.LAST}".encode())
    readable = _readable([] if last is None else [last])
    return ScheduleRecord(
        next_due=None if score is None else int(score),
        paused_at=None if paused_at is None else int(paused_at) if paused_at.isdigit() else 0,
        last=readable[0] if readable else None,
    )


async def read_firings(redis: "Redis", namespace: str, graph: str) -> list[Firing]:
    """Read what came of a graph's firings, the newest first: the last `KEPT_FIRINGS`. What can't be read is left out."""
    return _readable(await ask(redis, "LRANGE", CatalogKeys(namespace).firings(graph), 0, -1))


def _readable(items: Sequence[bytes]) -> list[Firing]:
    found = []
    for item in items:
        with suppress(ValueError):
            found.append(_decode_firing(item))
    return found
