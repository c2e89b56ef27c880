"""How many requests a second an API key may make, at all state managers together."""

from exosphere_core.errors import Overloaded
from exosphere_core.store.access_keys import admit_request
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.access.callers import ROOT, Caller


class RequestRate:
    """Counts in Redis, one call for each request of a created key; the root key is not counted.

    Args:
        per_second: the limit; 0 for none, which costs nothing.
    """

    def __init__(self, redis: Redis, per_second: int) -> None:
        self._redis = redis
        self._per_second = per_second

    async def admit(self, caller: Caller) -> None:
        """Count a request.

        Raises:
            Overloaded: there were too many; nothing is to be done for this one.
            redis.exceptions.RedisError: Redis can't be asked.
        """
        if not self._per_second or caller.key_id == ROOT.key_id:
            return
        wait_ms = await admit_request(self._redis, caller.key_id, self._per_second)
        if wait_ms:
            raise Overloaded(
                f"API key {caller.key_id} makes too many requests; the limit is {self._per_second} a second "
                "(EXOSPHERE_KEY_REQUESTS_PER_SECOND)",
                wait_ms / 1000,
            )
