"""Calling scripts: a call is a value, and many calls go out in one round trip."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from exosphere_core.store.burst import burst
from exosphere_core.store.connection import servers
from exosphere_core.store.scripts import script, script_names
from exosphere_core.store.several import ask_those_there

#: What a script takes as an argument.
Arg = str | bytes | int


class Call(NamedTuple):
    """One call of a script: `name` is its file, `keys` and `args` as its header says."""

    name: str
    keys: Sequence[str]
    args: Sequence[Arg]


_recorder: ContextVar[list[Call] | None] = ContextVar("recorder", default=None)


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """Collect the calls that are applied inside, in order, whatever comes of them."""
    calls: list[Call] = []
    token = _recorder.set(calls)
    try:
        yield calls
    finally:
        _recorder.reset(token)


def note(calls: Sequence[Call]) -> None:
    """Let whoever collects calls know that these are applied."""
    recorder = _recorder.get()
    if recorder is not None:
        recorder.extend(calls)


async def teach(redis: "Redis") -> None:
    """Have every server know all scripts, so that the first call of one takes no longer than later ones.

    Raises:
        redis.exceptions.ConnectionError, TimeoutError: no server answers.
    """
    loads = [("SCRIPT", "LOAD", script(name).source) for name in script_names()]
    await ask_those_there(burst(server, loads) for server in await servers(redis))


async def apply_all(redis: "Redis", calls: Sequence[Call]) -> list[Any]:
    """Apply calls in order, in one round trip; each is atomic by itself.

    Returns:
        One reply a call. A call that Redis refused gives its `ResponseError` in place of a reply;
        the others are applied all the same.

    Raises:
        redis.exceptions.ConnectionError, TimeoutError: nothing is known about any of the calls.
    """
    if not calls:
        return []
    note(calls)
    replies = await _send(redis, calls)
    missing = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
    if missing:
        # The server was restarted or its scripts flushed. A call it does not know was not applied.
        for name in {calls[index].name for index in missing}:
            await redis.script_load(script(name).source)
        again = await _send(redis, [calls[index] for index in missing])
        for index, reply in zip(missing, again, strict=True):
            replies[index] = reply
    return replies


async def apply(redis: "Redis", call: Call) -> Any:
    """Apply one call and return its reply.

    Raises:
        redis.exceptions.ResponseError: Redis refused it.
    """
    (reply,) = await apply_all(redis, [call])
    if isinstance(reply, ResponseError):
        raise reply
    return reply


async def _send(redis: "Redis", calls: Sequence[Call]) -> list[Any]:
    return await burst(redis, [("EVALSHA", script(name).sha, len(keys), *keys, *args) for name, keys, args in calls])
