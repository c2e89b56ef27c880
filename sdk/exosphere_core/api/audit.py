"""The audit log: bodies and calls."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import NAMESPACE, VERSION, Row
from exosphere_core.roles import Role


class AuditEntry(BaseModel):
    """A call that changed something, or that was refused."""

    id: str = Field(description="stands in time order")
    time: str
    key_id: str = Field(description="who: id of an API key, 'root', or empty for nobody that is known")
    call: str = Field(description="name of the call; empty where the path names none")
    namespace: str = Field(description="that the call named; empty for none")
    things: dict[str, str] = Field(description="what the call named, or made: ids and names; long ones are cut")
    address: str = Field(description="where the call came from")
    status: int = Field(description="HTTP status of the answer")
    request_id: str
    left_out: int = Field(description="how many refused calls before this one were too many to be recorded")


class AuditResponse(BaseModel):
    """A page of the audit log, newest first. The next one is asked for with `before`, the last id of this one."""

    namespace: str = Field(description="'*' for what concerns no single namespace")
    entries: list[AuditEntry]


_QUERY: Final = {"before": "only what stands before the one with this id", "limit": "how many at most, up to 200"}

LIST_AUDIT: Final = Row(
    "list_audit", "GET", f"{NAMESPACE}/audit/", "List who changed what in this namespace, newest first",
    AuditResponse, errors=(400,), role=Role.ADMIN, query=_QUERY,
)  # fmt: skip
LIST_GLOBAL_AUDIT: Final = Row(
    "list_global_audit", "GET", f"/{VERSION}/audit/",
    "List who changed what that concerns no single namespace, and calls without a good key, newest first",
    AuditResponse, errors=(400,), role=Role.ADMIN, query=_QUERY,
)  # fmt: skip


__all__ = ["LIST_AUDIT", "LIST_GLOBAL_AUDIT", "AuditEntry", "AuditResponse"]
