"""Looks at everything about Redis that decides whether the work goes on and nothing is lost. Changes nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from exosphere_core.errors import ConfigurationError
from exosphere_core.keys import (
    BACKGROUND_QUEUE,
    PAUSED_GROUP,
    RUNTIMES_GROUP,
    STATE_MANAGERS_GROUP,
    CatalogKeys,
    ShardKeys,
)
from exosphere_core.store.catalog import read_namespaces, read_node_names
from exosphere_core.store.connection import ask, check_server, connect, servers
from exosphere_core.store.durable import Safety
from exosphere_core.store.faults import FAULTS, ResponseError
from exosphere_core.store.server_settings import check_safety, findings, read_settings

#: Clocks that differ by more are worth a word, in ms: times of runs and schedules come from Redis' clock.
MOST_SKEW_MS: Final = 1000
#: A schedule that is overdue for longer is not being fired, in ms: they are looked at every half minute.
MOST_OVERDUE_MS: Final = 120_000
#: From this part of `maxmemory` on there is little left, in percent: where triggers begin to be refused, if nothing else is set.
_FULL_PERCENT: Final = 80


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"  #: it is as one may want it, and should be known
    WARNING = "warning"  #: work can be lost, or will wait
    FAULT = "fault"  #: something does not work


class Finding(NamedTuple):
    """What one look showed.

    Attributes:
        check: what was looked at.
        level: how bad it is.
        detail: what is there.
        fix: what to do about it; empty when there is nothing to do.
    """

    check: str
    level: Level
    detail: str
    fix: str = ""


class _Right(NamedTuple):
    """Something that the state managers' user of Redis must be allowed to do."""

    command: tuple[str, ...]
    rule: str
    level: Level
    without: str


#: Each is tried with arguments that change nothing: a rule that there is not, a user that there is not, a channel of nobody.
_RIGHTS: Final = (
    _Right(("EVAL", "return 1", "1", BACKGROUND_QUEUE), "+eval ~exo:*", Level.FAULT, "nothing works"),
    _Right(("EXISTS", f"arq:{BACKGROUND_QUEUE}"), "~arq:*", Level.FAULT, "background jobs don't run"),
    _Right(("PUBLISH", "exo:doctor", ""), "+publish &exo:*", Level.FAULT, "nobody is told of the end of a run"),
    _Right(("CLIENT", "ID"), "+client|id", Level.FAULT, "connections that hang can't be freed"),
    _Right(
        ("ACL", "SETUSER", "exosphere-doctor", "no-such-rule"), "+acl|setuser", Level.WARNING,
        "runtimes are given the state manager's own credentials",
    ),
    _Right(("ACL", "USERS"), "+acl|users", Level.WARNING, "the Redis users of revoked API keys stay"),
    _Right(("ACL", "DELUSER", "exosphere-doctor"), "+acl|deluser", Level.WARNING, "the Redis users of revoked API keys stay"),
    _Right(("CONFIG", "GET", "maxmemory"), "+config|get", Level.NOTE, "some settings of Redis can't be judged"),
)  # fmt: skip


async def check_redis(url: str, safety: Safety, shards: int) -> list[Finding]:
    """Look at a Redis and at what lies in it.

    Args:
        url: as `EXOSPHERE_REDIS_URL` has it.
        safety: what triggers wait for.
        shards: how many shards a namespace is split over.
    """
    try:
        redis = connect(url)
    except ConfigurationError as wrong:
        return [
            Finding("redis", Level.FAULT, wrong.detail, "set EXOSPHERE_REDIS_URL to an address as in docs/redis.md")
        ]
    try:
        version = await check_server(redis)
    except ConfigurationError as away:
        detail, _, fix = away.detail.partition("; ")
        await redis.aclose()
        return [Finding("redis", Level.FAULT, detail, fix)]
    found = [Finding("redis", Level.OK, f"version {'.'.join(map(str, version))}")]
    looks: list[tuple[str, Callable[[], Awaitable[list[Finding]]]]] = [
        ("settings", lambda: _settings(redis, version, safety)),
        ("clock", lambda: _clocks(redis)),
        ("persistence", lambda: _persistence(redis)),
        ("acl", lambda: _rights(redis, url)),
        ("groups", lambda: _groups(redis, shards)),
        ("schedules", lambda: _schedules(redis)),
    ]
    try:
        for name, look in looks:
            try:
                found += await look() or [Finding(name, Level.OK, "")]
            except FAULTS as fault:
                found.append(Finding(name, Level.FAULT, f"could not be looked at: {fault}", "see what Redis logs"))
    finally:
        await redis.aclose()
    return found


def clock_finding(whose: str, theirs_ms: float, before_ms: float, after_ms: float) -> Finding:
    """Judge a clock.

    Args:
        theirs_ms: what it said, in unix ms.
        before_ms, after_ms: what ours said before it was asked, and after.
    """
    skew = theirs_ms - before_ms if theirs_ms < before_ms else max(0.0, theirs_ms - after_ms)
    if abs(skew) <= MOST_SKEW_MS:
        return Finding("clock", Level.OK, f"that of {whose} and of this machine agree")
    how = f"{abs(skew) / 1000:.1f} s {'ahead of' if skew > 0 else 'behind'}"
    return Finding(
        "clock", Level.WARNING, f"that of {whose} is {how} this machine's",
        "set both by a time server (NTP): schedules fire, and delays and expiry end, by the clock of Redis",
    )  # fmt: skip


async def _settings(redis: Redis, version: tuple[int, ...], safety: Safety) -> list[Finding]:
    told, away = await read_settings(redis)
    judged = findings(told, safety, away)
    found = [_told("settings", Level.WARNING, text) for text in judged.warnings]
    found += [_told("settings", Level.NOTE, text) for text in judged.notes]
    try:
        check_safety(version, told, safety)
    except ConfigurationError as unable:
        found.append(_told("settings", Level.FAULT, unable.detail))
    return found


def _told(check: str, level: Level, text: str) -> Finding:
    """Split a sentence that ends with what to do."""
    detail, _, fix = text.rpartition("; ")
    return Finding(check, level, detail or fix, fix if detail else "")


async def _clocks(redis: Redis) -> list[Finding]:
    found = []
    for server in await servers(redis):
        before = time.time() * 1000
        seconds, micros = await server.time()
        found.append(clock_finding("Redis", seconds * 1000 + micros / 1000, before, time.time() * 1000))
    return list(dict.fromkeys(found))


async def _persistence(redis: Redis) -> list[Finding]:
    found = []
    for server in await servers(redis):
        persistence: Mapping[str, Any] = await server.info("persistence")
        memory: Mapping[str, Any] = await server.info("memory")
        for field, what in (
            ("aof_last_write_status", "write of the append-only file"),
            ("aof_last_bgrewrite_status", "rewriting of the append-only file"),
            ("rdb_last_bgsave_status", "snapshot"),
        ):
            if str(persistence.get(field, "ok")) != "ok":
                found.append(
                    Finding(
                        "persistence", Level.FAULT, f"the last {what} of Redis failed",
                        "look whether its disk is full, or not writable; its log says why",
                    )
                )  # fmt: skip
        limit, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
        if limit and used * 100 > limit * _FULL_PERCENT:
            found.append(
                Finding(
                    "memory", Level.WARNING, f"Redis uses {used * 100 // limit} % of its memory (maxmemory {limit})",
                    "give it more (maxmemory), or keep ended runs for less long (EXOSPHERE_RETENTION_MS)",
                )
            )  # fmt: skip
    return list(dict.fromkeys(found))


async def _rights(redis: Redis, url: str) -> list[Finding]:
    found = [finding for server in await servers(redis) for finding in await _rights_at(server)]
    parts = urlsplit(url)
    if not parts.scheme.startswith("unix") and parts.password is None:
        found.append(
            Finding(
                "acl", Level.NOTE, "Redis takes whoever reaches its port, without a password",
                "give the state managers a user of their own (docs/redis.md), where others can reach the port",
            )
        )  # fmt: skip
    return list(dict.fromkeys(found))


async def _rights_at(server: Redis) -> list[Finding]:
    missing = []
    for right in _RIGHTS:
        try:
            await ask(server, *right.command)
        except ResponseError as refused:
            # What is refused for its arguments is allowed.
            if isinstance(refused, NoPermissionError) or "unknown command" in str(refused).lower():
                text = f"the state managers' user of Redis may not {' '.join(right.command[:2])}: {right.without}"
                missing.append(Finding("acl", right.level, text, f"ACL SETUSER <the user> {right.rule}"))
    return missing


async def _groups(redis: Redis, shards: int) -> list[Finding]:
    found: list[Finding] = []
    namespaces = await read_namespaces(redis)
    for namespace in namespaces:
        nodes = await read_node_names(redis, namespace)
        homes = [ShardKeys(namespace, shard) for shard in range(shards)]
        wanted: list[tuple[str, tuple[str, ...]]] = [
            (key, (STATE_MANAGERS_GROUP,)) for home in homes for key in (home.reports, home.inbox)
        ]
        wanted += [(home.ready(node), (RUNTIMES_GROUP, PAUSED_GROUP)) for home in homes for node in nodes]
        lacks = await asyncio.gather(*(_lacks(redis, key, groups) for key, groups in wanted))
        found += [
            Finding(
                "groups", Level.FAULT, f"stream {key} has no group {groups[0]!r}: what is in it is not given out",
                "exosphere reconcile makes it again; so does a state manager that runs, within a minute",
            )
            for (key, groups), lack in zip(wanted, lacks, strict=True)
            if lack
        ]  # fmt: skip
    return found or [Finding("groups", Level.OK, f"complete in {_count(namespaces, 'namespace')}")]


async def _lacks(redis: Redis, stream: str, groups: Iterable[str]) -> bool:
    """Whether a stream is there, and none of the groups on it."""
    try:
        told = await ask(redis, "XINFO", "GROUPS", stream)
    except ResponseError as absent:
        return "no such key" not in str(absent)
    # Each group is a flat list of fields and values.
    names = {dict(zip(group[::2], group[1::2], strict=True))[b"name"].decode(errors="replace") for group in told}
    return not names.intersection(groups)


async def _schedules(redis: Redis) -> list[Finding]:
    late = 0
    seconds, _ = await (await servers(redis))[0].time()
    for namespace in await read_namespaces(redis):
        key = CatalogKeys(namespace).schedules
        late += int(await ask(redis, "ZCOUNT", key, "-inf", int(seconds) * 1000 - MOST_OVERDUE_MS))
    if not late:
        return [Finding("schedules", Level.OK, "none is overdue")]
    return [
        Finding(
            "schedules", Level.FAULT, f"{late} {'is' if late == 1 else 'are'} overdue for more than two minutes",
            "start the background jobs: exosphere background",
        )
    ]  # fmt: skip


def _count(things: list[str], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
