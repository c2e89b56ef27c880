"""The Redis credentials of runtimes: one user per namespace, that may read its ready streams and report, nothing else."""

import hmac
import logging
from collections.abc import Sequence
from hashlib import sha256

from exosphere_core.keys import ready_pattern, reports_pattern
from exosphere_core.store.address import with_user
from exosphere_core.store.connection import Redis, ask, servers
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.several import ask_those_there

logger = logging.getLogger("exosphere.grants")

#: What every connection needs to be one.
_CONNECTION = ("+ping", "+multi", "+exec", "+discard", "+select", "+auth", "+hello", "+asking", "+cluster|slots")
_ON_READY = ("+xreadgroup", "+xack", "+xclaim", "+xdel")
_ON_REPORTS = ("+xadd",)


def runtime_user(namespace: str) -> str:
    """The name of a namespace's Redis user."""
    return f"exo-runtime-{namespace}"


def runtime_password(secret: str, namespace: str) -> str:
    """The password of a namespace's Redis user: every state manager tells the same one, and none has to be stored."""
    return hmac.new(secret.encode(), f"runtime:{namespace}".encode(), sha256).hexdigest()


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


async def grant(redis: Redis, url: str, secret: str, namespace: str, version: Sequence[int]) -> str:
    """Make or renew a namespace's user, and return the URL with which its runtimes connect.

    A server of a cluster that is away holds nobody up: it refuses the runtimes when it is back, and they register again.

    A server that lets nobody manage users gives runtimes the state manager's own credentials, with a loud warning.
    """
    user, password = runtime_user(namespace), runtime_password(secret, namespace)
    try:
        # No server tells another one of its users: a replica needs them before it becomes the master.
        wanted = rules(namespace, password, selectors=tuple(version) >= (7, 0))
        await ask_those_there(
            ask(server, "ACL", "SETUSER", user, *wanted) for server in await servers(redis, replicas=True)
        )
    except ResponseError as refused:
        logger.warning(
            "Redis does not let us make users (%s): runtimes of %s get the state manager's own credentials",
            refused,
            namespace,
        )
        return url
    return with_user(url, user, password)
