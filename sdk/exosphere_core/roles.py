"""What an API key may do: its role. Each call of the API names the one that it needs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A role of an API key. `INCLUDES` tells which others it includes."""

    VIEWER = "viewer"  #: reads
    OPERATOR = "operator"  #: also starts, retries, cancels and reruns runs, steers queues and schedules
    AUTHOR = "author"  #: also stores and deletes graphs, and registers nodes
    RUNTIME = "runtime"  #: what a runtime needs: registers, takes work, fetches secrets, reports
    ADMIN = "admin"  #: everything, keys and the audit log included


#: role → the roles whose calls it may make beside its own.
INCLUDES: Final[Mapping[Role, frozenset[Role]]] = {
    Role.VIEWER: frozenset(),
    Role.OPERATOR: frozenset({Role.VIEWER}),
    Role.AUTHOR: frozenset({Role.VIEWER, Role.OPERATOR}),
    Role.RUNTIME: frozenset(),
    Role.ADMIN: frozenset({Role.VIEWER, Role.OPERATOR, Role.AUTHOR, Role.RUNTIME}),
}

#: In place of a namespace: a key that is good for all of them.
EVERY_NAMESPACE: Final = "*"


def suffices(held: Role, needed: Role) -> bool:
    """Whether a key of one role may make the calls of another."""
    return needed is held or needed in INCLUDES[held]
