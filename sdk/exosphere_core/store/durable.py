"""A call whose effect is waited for: on replicas, or in the append-only file on disk."""

from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ConnectionError, NoScriptError, ResponseError

from exosphere_core.store.burst import Command, burst
from exosphere_core.store.calls import Call, note
from exosphere_core.store.connection import ask, owner
from exosphere_core.store.scripts import script
from exosphere_core.store.slots import is_redirect


class Safety(NamedTuple):
    """What a write must have reached before it counts as safe."""

    #: How many replicas must have it.
    replicas: int = 0
    #: Whether it must be on the server's disk.
    fsync: bool = False
    #: How long each of both is waited for, in ms.
    wait_ms: int = 2000

    @property
    def asked(self) -> bool:
        """Whether anything is to be waited for."""
        return self.replicas > 0 or self.fsync

    def lacks(self, answers: "list[Any]") -> str:
        """Say what the answers of `commands` show to be missing; empty when nothing is."""
        left = iter(answers)
        missing = []
        if self.replicas and (count := int(next(left))) < self.replicas:
            missing.append(f"{count} of {self.replicas} replicas have it (EXOSPHERE_TRIGGER_REPLICAS)")
        if self.fsync and not int(next(left)[0]):
            missing.append("it is not on the disk of Redis (EXOSPHERE_TRIGGER_FSYNC)")
        return " and ".join(missing)

    def commands(self) -> list[Command]:
        """The commands that wait. They wait for what their connection has written, and for all that was before it."""
        commands: list[Command] = []
        if self.replicas:
            commands.append(("WAIT", self.replicas, self.wait_ms))
        if self.fsync:
            commands.append(("WAITAOF", 1, 0, self.wait_ms))
        return commands


async def apply_safely(redis: "Redis", call: Call, safety: Safety) -> tuple[Any, str]:
    """Apply a call and wait until it is safe, on one connection. Returns its reply, and what is missing, or "".

    Raises:
        redis.exceptions.ResponseError: Redis refused the call, or to wait.
        redis.exceptions.ConnectionError, TimeoutError: nothing is known.
    """
    note([call])
    source = script(call.name)
    commands: list[Command] = [("EVALSHA", source.sha, len(call.keys), *call.keys, *call.args), *safety.commands()]
    wait_s = len(commands) * safety.wait_ms / 1000
    server = await owner(redis, call.keys[0])
    reply, *answers = await burst(server, commands, wait_s)
    if isinstance(reply, NoScriptError):
        await server.script_load(source.source)
        reply, *answers = await burst(server, commands, wait_s)
    elif is_redirect(reply):
        # The slot was moved. Whoever asks for a key learns where to.
        await ask(redis, "EXISTS", call.keys[0])
        raise ConnectionError(f"the cluster is being rearranged: {reply}")
    for each in (reply, *answers):
        if isinstance(each, ResponseError):
            raise each
    return reply, safety.lacks(answers)
