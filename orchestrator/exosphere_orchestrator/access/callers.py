"""Tells who calls: the root key, a created key, or nobody that is known."""

import hmac
import logging
from typing import Final, NamedTuple

from exosphere_core.errors import CorruptRecord
from exosphere_core.key_text import digest_of, read_key
from exosphere_core.roles import EVERY_NAMESPACE, Role
from exosphere_core.store.access_keys import look_up_key, note_key_use
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import FAULTS

logger = logging.getLogger("exosphere.access")

#: How often the last use of a key is written at most, in ms.
_USE_EVERY_MS: Final = 60_000

#: Compared with where there is no key of that id, so that this takes as long.
_NO_DIGEST: Final = "0" * 64


class Caller(NamedTuple):
    """Whose key came with a call."""

    #: Id of a created key, or "root".
    key_id: str
    #: The one that the key is good for, or `roles.EVERY_NAMESPACE`.
    namespace: str
    role: Role

    def covers(self, namespace: str) -> bool:
        """Whether the key is good for a namespace; for `roles.EVERY_NAMESPACE` it must be good for all."""
        return self.namespace in (EVERY_NAMESPACE, namespace)


ROOT: Final = Caller("root", EVERY_NAMESPACE, Role.ADMIN)


class KeyRing:
    """Asks Redis about each call, so that a key that was revoked anywhere is refused everywhere from the next call on."""

    def __init__(self, redis: Redis, root_key: str) -> None:
        self._redis = redis
        self._root_key = root_key.encode()

    async def identify(self, given: bytes) -> Caller | None:
        """Tell whose key this is; None when it is no good key.

        Raises:
            redis.exceptions.RedisError: Redis can't be asked. The root key needs no Redis.
        """
        # compare_digest takes as long for a near miss as for a wild guess.
        if hmac.compare_digest(given, self._root_key):
            return ROOT
        parts = read_key(given.decode("latin-1"))
        if parts is None:
            return None
        try:
            look = await look_up_key(self._redis, parts.id)
        except CorruptRecord as bad:
            logger.error("an API key is refused: %s", bad.detail)
            return None
        same = hmac.compare_digest(digest_of(parts.secret), look.digest or _NO_DIGEST)
        if not same or look.digest is None or (look.expires_at is not None and look.now >= look.expires_at):
            return None
        if look.last_used_at is None or look.now - look.last_used_at >= _USE_EVERY_MS:
            await self._note_use(parts.id)
        return Caller(parts.id, look.namespace, look.role)

    async def _note_use(self, key_id: str) -> None:
        try:
            await note_key_use(self._redis, key_id)
        except FAULTS as fault:
            # The call itself may well succeed, such as a read while memory is full.
            logger.warning("the last use of API key %s was not noted: %s", key_id, fault)
