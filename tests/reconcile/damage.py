"""Breaks the records and queues of a run at random, as a lost tail, an operator's slip or half a backup would."""

import random
from collections.abc import Collection, Mapping

from redis.asyncio import Redis

from engine.handover import THERE
from engine.world import HOME
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP

_PREFIX = HOME.state("")
_UNITE = HOME.unite("")

#: Everything that belongs to one run.
_OF_RUNS = tuple(name.encode() for name in (_PREFIX, _UNITE, HOME.run("")))


async def backup(redis: Redis) -> dict[bytes, bytes]:
    """All records of runs, as they are now: no streams, which Redis gives no way to restore with their ids ahead."""
    kept: dict[bytes, bytes] = {}
    for key in await redis.keys(HOME.run("").removesuffix("run:") + "*"):
        if await redis.type(key) != b"stream":
            kept[key] = await redis.dump(key)
    return kept


async def damage(
    redis: Redis,
    draw: random.Random,
    earlier: Mapping[bytes, bytes],
    root: str,
    ended: bool,
    spared: Collection[bytes] = (),
) -> list[str]:
    """Break some things, and tell which. The root and the store of a run stay: nothing else knows what they hold.

    Args:
        earlier: a backup, of which some keys come back.
        ended: whether the run has ended: then its states stay.
        spared: records of another run, of which that of the root is made.
    """
    done: list[str] = []
    keys = [key for key in sorted(await redis.keys("exo:*")) if key not in spared or not key.startswith(_OF_RUNS)]
    records = [key for key in keys if _is_record(key.decode(), root)]
    kinds = ["stream", "group", "list", "index", "counter", "due"]
    if not ended:
        kinds += ["state", "unite", "members", "unite counter", "rollback", "entries", "unreadable", "run"]
    for kind in draw.sample(kinds, draw.randint(1, 4)):
        if kind == "rollback":
            for key in records:
                if draw.random() < 0.3:
                    await redis.delete(key)
                    if key in earlier:
                        await redis.restore(key, 0, earlier[key])
                    done.append(f"rollback {key.decode()}")
            continue
        found = [key for key in keys if _fits(kind, key.decode(), root)]
        if not found:
            continue
        key = draw.choice(found)
        if not await redis.exists(key):
            continue
        if kind == "group":
            reports = (HOME.reports, HOME.inbox, THERE.reports)
            group = STATE_MANAGERS_GROUP if key.decode() in reports else RUNTIMES_GROUP
            await redis.xgroup_destroy(key, group)
        elif kind == "entries":
            entries = await redis.xrange(key)
            if entries:
                await redis.xdel(key, draw.choice(entries)[0])
        elif kind in ("counter", "unite counter"):
            fields = [
                field for field in await redis.hkeys(key)
                if field.split(b"/")[0] in (b"open", b"untolerated", b"made", b"ended", b"pending", b"errored", b"arrived")
            ]  # fmt: skip
            if fields:
                await redis.hset(key, draw.choice(fields), draw.choice([0, 1, 7]))
        elif kind == "unreadable":
            await redis.hset(key, "task", '{"run": 1}')
        else:
            await redis.delete(key)
        done.append(f"{kind} {key.decode()}")
    return done


def _is_record(key: str, root: str) -> bool:
    if key.endswith(":members"):
        return True
    return (key.startswith((_PREFIX, _UNITE)) and key != HOME.state(root)) or key.endswith((":states", ":unites"))


def _fits(kind: str, key: str, root: str) -> bool:
    groups = key.startswith((HOME.ready(""), THERE.ready(""))) or key in (HOME.reports, HOME.inbox, THERE.reports)
    streams = groups or key == HOME.outbox
    return {
        "stream": streams,
        "group": groups,
        "entries": streams,
        "list": key.endswith((":states", ":unites")),
        "index": key in (HOME.runs, HOME.ended, HOME.active("g")),
        "counter": key.startswith(HOME.run("")) and key.count(":") == 4,
        "run": key.startswith(HOME.run("")) and key.count(":") == 4,
        "due": key == HOME.due,
        "state": key.startswith(_PREFIX) and key != HOME.state(root),
        "unreadable": key.startswith(_PREFIX) and key != HOME.state(root),
        "unite": key.startswith(_UNITE) and not key.endswith(":members"),
        "unite counter": key.startswith(_UNITE) and not key.endswith(":members"),
        "members": key.endswith(":members"),
    }[kind]
