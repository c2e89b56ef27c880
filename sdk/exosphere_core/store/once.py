"""What the pieces of work of an attempt chain recorded once, for its later deliveries."""

from typing import NamedTuple

from redis.asyncio import Redis

from exosphere_core.errors import BadRequest, Conflict, NotFound
from exosphere_core.keys import ShardKeys
from exosphere_core.states import RunStatus
from exosphere_core.store.calls import Call, apply

#: The most keys of one attempt chain.
MOST_KEYS = 1000


class Chain(NamedTuple):
    """An attempt chain: a state, and whatever retries it."""

    home: ShardKeys
    run: str
    #: Id of its first state.
    id: str


async def read_once(redis: "Redis", chain: Chain, key: str) -> bytes | None:
    """Read the result recorded under a key, JSON; None when there is none.

    Raises:
        NotFound: the run is gone.
        Conflict: the run has ended.
    """
    # No transaction: Redis refuses every part of one when memory is full. A run that ends between the two says so.
    pipeline = redis.pipeline(transaction=False)
    pipeline.hget(chain.home.once(chain.run), f"{chain.id}/{key}")
    pipeline.hget(chain.home.run(chain.run), "status")
    recorded, status = await pipeline.execute()
    _check_pending(chain, "" if status is None else status.decode())
    found: bytes | None = recorded
    return found


async def record_once(redis: "Redis", chain: Chain, key: str, result: bytes) -> bytes:
    """Record a result, JSON, unless there is one already, and return the one that came first.

    Raises:
        NotFound: the run is gone.
        Conflict: the run has ended.
        BadRequest: the chain has too many keys.
    """
    call = Call(
        "record_once",
        [chain.home.run(chain.run), chain.home.once(chain.run)],
        [chain.id, key, result, MOST_KEYS],
    )
    word, found = await apply(redis, call)
    if word == b"ended":
        _check_pending(chain, found.decode())
    if word == b"full":
        raise BadRequest(
            f"once key {key!r}: {MOST_KEYS} keys are recorded for state {chain.id} and its retries, which is the limit; "
            "record lists in place of single items"
        )
    first: bytes = found if word == b"known" else result
    return first


def _check_pending(chain: Chain, status: str) -> None:
    if not status:
        raise NotFound(f"run {chain.run} is gone, and all that was recorded in it")
    if status != RunStatus.PENDING:
        raise Conflict(f"run {chain.run} has ended {status}; results are recorded only while it is pending")
