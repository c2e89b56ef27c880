"""What a key may do: asked once a call, when its row is known and before its body is read."""

from typing import Final

from fastapi import Request

from exosphere_core.api import ROWS, Row
from exosphere_core.errors import Forbidden
from exosphere_core.roles import EVERY_NAMESPACE, Role, suffices
from exosphere_orchestrator.access.callers import Caller

ROW_OF: Final = {row.name: row for row in ROWS}

#: How much of a name is shown in an error and recorded, in characters.
_SHOWN: Final = 128


def caller_of(request: Request) -> Caller:
    """Return whose key came with a call that needs one."""
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


def permit(request: Request, row: Row) -> None:
    """Let a call through to its handler, and note what the audit log is to tell of it.

    Raises:
        Forbidden: the key is good for another namespace, or its role is too small.
    """
    named = {name: str(value)[:_SHOWN] for name, value in request.path_params.items()}
    namespace = named.pop("namespace", EVERY_NAMESPACE)
    request.state.row = row
    request.state.namespace = namespace
    request.state.things = named
    if row.role is None:
        return
    caller = caller_of(request)
    if not (caller.covers(namespace) or row.narrows):
        wanted = "all namespaces" if namespace == EVERY_NAMESPACE else f"namespace {namespace!r}"
        raise Forbidden(f"this API key is for namespace {caller.namespace!r}; {row.name} needs one for {wanted}")
    if not row.permits(caller.role):
        raise Forbidden(f"this API key has the role {caller.role}; {row.name} needs {_needed(row)}")


def demand(request: Request, role: Role, purpose: str) -> None:
    """Refuse a part of a call to those who have not a role.

    Raises:
        Forbidden: the role of the key is too small.
    """
    caller = caller_of(request)
    if not suffices(caller.role, role):
        raise Forbidden(f"this API key has the role {caller.role}; {purpose} needs {role}")


def note_thing(request: Request, **things: str) -> None:
    """Have the audit log tell what a call made or named in its body; never a secret."""
    request.state.things.update({name: value[:_SHOWN] for name, value in things.items()})


def _needed(row: Row) -> str:
    return " or ".join(str(role) for role in (row.role, row.also) if role is not None)
