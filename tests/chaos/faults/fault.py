"""What a fault is: a name, what it does, and what it needs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from redis.exceptions import RedisError

from chaos.stage import Stage
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP

#: The kinds of Redis that a fault may need.
SINGLE, SENTINEL, CLUSTER = "single", "sentinel", "cluster"

#: Faults of our own processes and their connections strike whatever Redis is.
EVERYWHERE = (SINGLE, SENTINEL, CLUSTER)


@dataclass(frozen=True)
class Struck:
    """What a strike did.

    Attributes:
        detail: what was hit, for the ledger.
        at_ns, healed_ns: when it began and ended, monotonic.
        recovered: waits until all that the fault took hold of was given to others, and returns when that was, ns; or None
            when recovery is the first execution that begins after the end.
    """

    detail: str
    at_ns: int
    healed_ns: int
    recovered: Awaitable[int | None] | None = None


Strike = Callable[[Stage, Random], Awaitable[Struck]]


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        what: for the table of the docs.
        on: the kinds of Redis under which it strikes.
        needs: why it can't strike here; empty when it can.
        weight: how often it is drawn, among others.
        loses: whether Redis may lose what it acknowledged: then work may be executed again, and the reconciler has to mend.
    """

    name: str
    what: str
    strike: Strike
    on: tuple[str, ...] = (SINGLE,)
    needs: str = ""
    weight: int = 2
    loses: bool = False


async def not_here(stage: Stage, draws: Random) -> Struck:
    """The strike of a fault that can't be produced here."""
    raise NotImplementedError("this fault needs what is not there; it is listed, never drawn")


async def during(seconds: float) -> tuple[int, int]:
    """Wait, and return when that began and ended."""
    began = time.monotonic_ns()
    await asyncio.sleep(seconds)
    return began, time.monotonic_ns()


async def given_to_others(stage: Stage, pid: int, within_s: float = 30.0) -> int | None:
    """Wait until nothing is pending under a dead process's name; None when that does not come about in time."""
    redis = stage.redis.client
    groups: list[tuple[str, str]] = []
    for home in stage.homes:
        groups += [(home.reports, STATE_MANAGERS_GROUP), (home.inbox, STATE_MANAGERS_GROUP)]
        groups += [(home.ready(node), RUNTIMES_GROUP) for node in stage.nodes]
    deadline = time.monotonic() + within_s
    mark = f"-{pid}-"
    met = False
    while time.monotonic() < deadline:
        try:
            pipeline = redis.pipeline(transaction=False)
            for stream, group in groups:
                pipeline.xpending(stream, group)
            replies = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError):
            await asyncio.sleep(0.1)
            continue
        if not any(isinstance(reply, Exception) for reply in replies):
            held = any(mark in each["name"].decode() for reply in replies for each in reply["consumers"])
            if not held:
                return time.monotonic_ns() if met else None
            met = True
        await asyncio.sleep(0.1)
    return None
