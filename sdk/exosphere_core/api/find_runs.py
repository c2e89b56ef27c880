"""Finding runs by graph, status and time: body and call."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import NAMESPACE, Row
from exosphere_core.api.runs import RunSummary
from exosphere_core.roles import Role


class FoundRunsResponse(BaseModel):
    """Some of the runs that were looked for, newest first."""

    namespace: str
    count: int = Field(description="how many are on this page: it may be none although more follow")
    runs: list[RunSummary]
    next_cursor: str | None = Field(description="asks for the next page; null when there is none")
    looked_at_count: int = Field(description="how many runs this call has looked at, whether they were meant or not")
    reached_at: str | None = Field(description="when the oldest of these was created; null when there was none")


#: Cursors of lists of runs: time of creation, unix ms, and id of the last run that was looked at.
RUN_CURSOR_PATTERN: Final = "^[0-9]{1,15}_[0-9a-f-]{32,36}$"

FIND_RUNS: Final = Row(
    "find_runs", "GET", f"{NAMESPACE}/runs/", "Find runs by graph, status and time of creation, newest first",
    FoundRunsResponse, errors=(400,), role=Role.VIEWER,
    query={
        "graph_name": "only runs of this graph",
        "status": "only runs in this status; may be given several times",
        "created_after": "only runs created then or later",
        "created_before": "only runs created then or earlier",
        "cursor": "`next_cursor` of the page before",
        "limit": "how many at most, up to 1000; a call that finds fewer among 5000 runs ends there",
    },
)  # fmt: skip


__all__ = ["FIND_RUNS", "RUN_CURSOR_PATTERN", "FoundRunsResponse"]
