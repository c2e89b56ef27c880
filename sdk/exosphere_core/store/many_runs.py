"""Making many runs of one version of a graph in one step, and telling which of them a request made earlier."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import structs
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import ShardKeys
from exosphere_core.records import RunField, Task, encode
from exosphere_core.store.burst import burst
from exosphere_core.store.calls import Arg, Call

#: The most runs that one script makes, which holds Redis up for 1 ms; and how many bytes of inputs and stores it is given.
MOST_IN_ONE: Final = 40
MOST_BYTES_IN_ONE: Final = 65_536

#: Stands for a run; no id has such signs.
_SOME_RUN: Final = "<run>"


class NewRun(NamedTuple):
    """What tells a run from the others that are made with it.

    Attributes:
        state: id of its root state.
        inputs: of its root, JSON.
        delay_ms: how long its root waits.
    """

    run: str
    state: str
    inputs: bytes
    store: Mapping[str, str]
    delay_ms: int


def trigger_many(
    home: ShardKeys, runs: Sequence[NewRun], root: Task, ready: str, request: str, max_queued: int, wanted: int
) -> Call:
    """Make runs of one version, each as `moves.trigger` does.

    Args:
        root: the task of the root, whatever its run.
        request: digest of the request that asks for them.
        max_queued: how many states may be on the ready stream, and how many runs pending on the shard; 0 for any number.
        wanted: how many the request still asks for on this shard, these included.
    """
    before, _, after = encode(structs.replace(root, run=_SOME_RUN)).partition(_SOME_RUN.encode())
    keys = [home.runs, ready, home.due, home.active(root.graph), home.deleted, home.ended]
    args: list[Arg] = [
        root.graph, root.version, root.identifier, request, max_queued, wanted, len(runs), before, after,
    ]  # fmt: skip
    for run, state, inputs, store, delay_ms in runs:
        keys += (home.run(run), home.store(run), home.states(run), home.state(state))
        args += (run, state, inputs, delay_ms, len(store))
        for pair in store.items():
            args += pair
    return Call("trigger_many", keys, args)


async def read_digests(redis: "Redis", homes: Sequence[ShardKeys], runs: Sequence[str]) -> list[str | None]:
    """Read, for each run, the digest of the request that made it, "" without one; None where there is no run.

    Raises:
        redis.exceptions.ResponseError: a record can't be read.
    """
    fields = (RunField.STATUS, RunField.REQUEST)
    digests: list[str | None] = []
    for reply in await burst(redis, [("HMGET", home.run(run), *fields) for home, run in zip(homes, runs, strict=True)]):
        if isinstance(reply, ResponseError):
            raise reply
        status, digest = reply
        digests.append(None if status is None else (digest or b"").decode())
    return digests
