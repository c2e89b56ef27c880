"""The Redis credentials of runtimes: one user per namespace and API key, that may read its ready streams and report,
nothing else. It is good for as long as the key.
"""

import hmac
import logging
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from exosphere_core.errors import AuthenticationFailed
from exosphere_core.key_text import is_key_id
from exosphere_core.keys import ready_pattern, reports_pattern
from exosphere_core.store.access_keys import good_keys
from exosphere_core.store.address import with_user
from exosphere_core.store.connection import Redis, ask, servers
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.several import ask_those_there
from exosphere_orchestrator.access.callers import ROOT

logger = logging.getLogger("exosphere.grants")

#: What every connection needs to be one.
_CONNECTION = ("+ping", "+multi", "+exec", "+discard", "+select", "+auth", "+hello", "+asking", "+cluster|slots")
_ON_READY = ("+xreadgroup", "+xack", "+xclaim", "+xdel")
_ON_REPORTS = ("+xadd",)

_PREFIX: Final = "exo-runtime-"
#: Stands between namespace and key; neither holds it.
_BETWEEN: Final = ":"


class RuntimeUser(NamedTuple):
    """A namespace's Redis user for the runtimes that registered with one API key."""

    namespace: str
    #: Id of a created key, or "root".
    key_id: str = ROOT.key_id

    @property
    def name(self) -> str:
        """As Redis knows it."""
        return _PREFIX + _BETWEEN.join(self._parts)

    def password(self, secret: str) -> str:
        """The same one from every state manager, so that none has to be stored."""
        return hmac.new(secret.encode(), _BETWEEN.join(("runtime", *self._parts)).encode(), sha256).hexdigest()

    @property
    def _parts(self) -> tuple[str, ...]:
        return (self.namespace,) if self.key_id == ROOT.key_id else (self.namespace, self.key_id)


def key_id_in(user_name: str) -> str | None:
    """Return the id of the created key that a user belongs to; None for every other user of Redis."""
    if not user_name.startswith(_PREFIX):
        return None
    _, _, key_id = user_name.partition(_BETWEEN)
    return key_id if is_key_id(key_id) else None


def rules(namespace: str, password: str, *, selectors: bool) -> list[str]:
    """The ACL rules of a namespace's user.

    Args:
        selectors: whether the server ties commands to keys (7.0 and later). Without, the user may also
            read its own report stream and add to its own ready streams.
    """
    ready, reports = ready_pattern(namespace), reports_pattern(namespace)
    head = ["reset", "on", f">{password}", "-@all", *_CONNECTION]
    if selectors:
        return [*head, f"({' '.join(_ON_READY)} ~{ready})", f"({' '.join(_ON_REPORTS)} %W~{reports})"]
    return [*head, f"~{ready}", f"~{reports}", *_ON_READY, *_ON_REPORTS]


async def grant(redis: Redis, url: str, secret: str, user: RuntimeUser, version: Sequence[int]) -> str:
    """Make or renew a user, and return the URL with which its runtimes connect.

    A server of a cluster that is away holds nobody up: it refuses the runtimes when it is back, and they register again.

    A server that lets nobody manage users gives runtimes the state manager's own credentials, with a loud warning.

    Raises:
        AuthenticationFailed: the key was revoked meanwhile.
    """
    password = user.password(secret)
    try:
        # No server tells another one of its users: a replica needs them before it becomes the master.
        wanted = rules(user.namespace, password, selectors=tuple(version) >= (7, 0))
        await ask_those_there(
            ask(server, "ACL", "SETUSER", user.name, *wanted) for server in await servers(redis, replicas=True)
        )
    except ResponseError as refused:
        logger.warning(
            "Redis does not let us make users (%s): runtimes of %s get the state manager's own credentials",
            refused,
            user.namespace,
        )
        return url
    # Whoever revoked the key before this looks for its users after it; whoever does so later finds this one.
    if user.key_id != ROOT.key_id and user.key_id not in await good_keys(redis, [user.key_id]):
        await revoke_users_of(redis, user.key_id)
        raise AuthenticationFailed("Invalid API key")
    return with_user(url, user.name, password)


async def revoke_users_of(redis: Redis, key_id: str) -> int:
    """Remove the users of one key from every server that is there, which cuts their connections. Returns how many."""
    return await _remove(redis, {key_id})


async def remove_lost_users(redis: Redis) -> int:
    """Remove the users of all keys that are good no more: expired, or revoked while a server was away. Returns how many."""
    return await _remove(redis, None)


async def _remove(redis: Redis, bad: Collection[str] | None) -> int:
    """Remove the users of keys, or, with None, of all keys that are good no more."""
    try:
        there = await servers(redis, replicas=True)
        removed, _ = await ask_those_there(_remove_on(redis, server, bad) for server in there)
    except ResponseError as refused:
        logger.warning(
            "Redis does not let us look for and remove users (%s): those of revoked and expired API keys stay; "
            "the state manager's user needs +acl|users and +acl|deluser",
            refused,
        )
        return 0
    return sum(removed)


async def _remove_on(redis: Redis, server: Redis, bad: Collection[str] | None) -> int:
    owners = {}
    for raw in await ask(server, "ACL", "USERS"):
        name = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
        if key_id := key_id_in(name):
            owners[name] = key_id
    if bad is None:
        good = await good_keys(redis, sorted(set(owners.values())))
        bad = set(owners.values()) - good
    names = [name for name, key_id in owners.items() if key_id in bad]
    if names:
        await ask(server, "ACL", "DELUSER", *names)
    return len(names)
