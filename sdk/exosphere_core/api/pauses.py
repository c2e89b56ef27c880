"""Pausing graphs and queues: bodies and calls. What a paused graph answers is the graph."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.catalog import GraphResponse
from exosphere_core.api.row import NAMESPACE, Row
from exosphere_core.roles import Role


class PausedQueueBody(BaseModel):
    """Whether the states of a node are handed out."""

    namespace: str
    node_name: str
    paused: bool = Field(description="true: those that are ready wait, whatever runtimes there are")
    paused_at: str | None = None


_GRAPH: Final = f"{NAMESPACE}/graph/{{graph_name}}"
_QUEUE: Final = f"{NAMESPACE}/queues/{{node_name}}"

PAUSE_GRAPH: Final = Row(
    "pause_graph", "POST", f"{_GRAPH}/pause", "Let no run of a graph begin until it is resumed; those that run go on",
    GraphResponse, errors=(400, 404, 409), role=Role.OPERATOR,
)  # fmt: skip
RESUME_GRAPH: Final = Row(
    "resume_graph", "POST", f"{_GRAPH}/resume", "Resume a paused graph; what its schedules were due for does not fire",
    GraphResponse, errors=(400, 404, 409), role=Role.OPERATOR,
)  # fmt: skip
PAUSE_QUEUE: Final = Row(
    "pause_queue", "POST", f"{_QUEUE}/pause", "Hand out no state of a node until it is resumed; those that run go on",
    PausedQueueBody, errors=(400, 404), role=Role.OPERATOR,
)  # fmt: skip
RESUME_QUEUE: Final = Row(
    "resume_queue", "POST", f"{_QUEUE}/resume", "Hand out the states of a node again, in the order in which they came",
    PausedQueueBody, errors=(400, 404), role=Role.OPERATOR,
)  # fmt: skip


__all__ = ["PAUSE_GRAPH", "PAUSE_QUEUE", "RESUME_GRAPH", "RESUME_QUEUE", "PausedQueueBody"]
