"""Figures of a namespace over the last hour: body and call."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import NAMESPACE, Row
from exosphere_core.roles import Role


class MinuteFigures(BaseModel):
    """How attempts ended that were reported within a minute."""

    at: str = Field(description="when the minute began")
    succeeded: int
    errored: int = Field(description="in an error for good")
    retried: int = Field(description="failed, and another attempt followed")
    pruned: int


class NodeFigures(BaseModel):
    """How attempts of a node ended, and how long they ran, over all these minutes."""

    node_name: str
    succeeded: int
    errored: int
    retried: int
    pruned: int
    ran_p50_ms: int | None = Field(
        description="the run time that half of the attempts did not exceed, of those that told it; null when none did;"
        " it is off by a tenth at the most"
    )
    ran_p95_ms: int | None = Field(description="the same for 95 of 100 attempts")


class FiguresResponse(BaseModel):
    """Ends of attempts, counted by the state managers as they applied reports; what one of them counted last may be missing."""

    namespace: str
    now: str
    minutes: list[MinuteFigures] = Field(description="one for each minute, the oldest first; the last one is under way")
    nodes: list[NodeFigures] = Field(description="in order of the name")


GET_FIGURES: Final = Row(
    "get_figures", "GET", f"{NAMESPACE}/figures", "Get how many attempts ended how, by the minute and by node",
    FiguresResponse, errors=(400,), role=Role.VIEWER, query={"minutes": "how many minutes, up to 60"},
)  # fmt: skip


__all__ = ["GET_FIGURES", "FiguresResponse", "MinuteFigures", "NodeFigures"]
