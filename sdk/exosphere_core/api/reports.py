"""Reports of runtimes that Redis refuses for want of memory: bodies and calls."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import NAMESPACE, Name, Row, Whole
from exosphere_core.roles import Role

#: The most reports in one call.
MOST_HANDED_OVER: Final = 256


class ReportBody(BaseModel):
    """One report, and the delivery that it ends. Extra keys are ignored."""

    shard: Whole = Field(ge=0, description="shard of the ready stream that the delivery came from")
    node: Name = Field(description="name of the node")
    entry: str = Field(pattern=r"^\d{1,20}-\d{1,20}$", description="id of the entry of the ready stream")
    kind: str = Field(max_length=64)
    home: str = Field(max_length=128, description="namespace of the run")
    state: str = Field(max_length=64, description="state id")
    attempt: str = Field(max_length=20)
    body: str = Field(description="JSON, as text")
    by: str = Field(default="", description="name of the runtime that executed it")
    ran: str = Field(default="", description="for how long, in ms")


class HandOverRequest(BaseModel):
    """Reports to be taken over. Extra keys are ignored."""

    reports: list[ReportBody] = Field(max_length=MOST_HANDED_OVER)


class HandOverResponse(BaseModel):
    """How many reports are in Redis now."""

    taken: int


HAND_OVER_REPORTS: Final = Row(
    "hand_over_reports", "POST", f"{NAMESPACE}/reports",
    "Take over reports of a runtime whose Redis commands are refused for want of memory; used by runtimes",
    HandOverResponse, HandOverRequest, errors=(400,), role=Role.RUNTIME, audited=False,
)  # fmt: skip


__all__ = [
    "HAND_OVER_REPORTS",
    "MOST_HANDED_OVER",
    "HandOverRequest",
    "HandOverResponse",
    "ReportBody",
]
