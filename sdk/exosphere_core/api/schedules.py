"""Cron schedules and their firings: bodies and calls."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import NAMESPACE, Row
from exosphere_core.graph.model import CatchupEnum
from exosphere_core.roles import Role


class FiringBody(BaseModel):
    """What came of a due time of a schedule, or of a call to run it now: a run, an error, or that it was skipped."""

    index: int = Field(description="which of the graph's triggers, counted from 0")
    due_at: str | None = Field(description="null when it was run by hand; of due times skipped together, the latest")
    since: str | None = Field(default=None, description="the earliest of several due times that were skipped together")
    fired_at: str = Field(description="when it was dealt with")
    run_id: str | None = None
    error: str | None = Field(default=None, description="why the graph could not be triggered")
    skipped: str | None = Field(default=None, description="why it did not fire")
    manual: bool = Field(default=False, description="whether it was run by hand")


class FiringsResponse(BaseModel):
    """The newest firings of a graph's schedules, newest first: the last 100."""

    namespace: str
    graph_name: str
    count: int
    firings: list[FiringBody]


class ScheduleBody(BaseModel):
    """A cron trigger of a graph, and when it is due."""

    graph_name: str
    index: int = Field(description="which of the graph's triggers, counted from 0")
    expression: str
    timezone: str
    catchup: CatchupEnum
    next_due: str | None = Field(description="null while it is paused, and when its expression names no time to come")
    paused: bool
    paused_at: str | None = None
    last_firing: FiringBody | None = None


class SchedulesResponse(BaseModel):
    """A namespace's schedules, in order of graph and trigger."""

    namespace: str
    count: int
    schedules: list[ScheduleBody]


_SCHEDULE: Final = f"{NAMESPACE}/graph/{{graph_name}}/schedule/{{index}}"
LIST_SCHEDULES: Final = Row(
    "list_schedules",
    "GET",
    f"{NAMESPACE}/schedules/",
    "List the schedules",
    SchedulesResponse,
    errors=(400,),
    role=Role.VIEWER,
)
LIST_FIRINGS: Final = Row(
    "list_firings", "GET", f"{NAMESPACE}/graph/{{graph_name}}/firings",
    "List what came of the newest firings of a graph's schedules", FiringsResponse, errors=(400, 404), role=Role.VIEWER,
)  # fmt: skip
PAUSE_SCHEDULE: Final = Row(
    "pause_schedule",
    "POST",
    f"{_SCHEDULE}/pause",
    "Pause a schedule",
    ScheduleBody,
    errors=(400, 404, 409),
    role=Role.OPERATOR,
)
RESUME_SCHEDULE: Final = Row(
    "resume_schedule", "POST", f"{_SCHEDULE}/resume", "Resume a paused schedule; what was due meanwhile does not fire",
    ScheduleBody, errors=(400, 404, 409), role=Role.OPERATOR,
)  # fmt: skip
RUN_SCHEDULE: Final = Row(
    "run_schedule", "POST", f"{_SCHEDULE}/run", "Fire a schedule now, paused or not; when it is due next stays as it is",
    FiringBody, errors=(400, 404, 409, 429), repeatable=False, role=Role.OPERATOR,
)  # fmt: skip


__all__ = [
    "LIST_FIRINGS",
    "LIST_SCHEDULES",
    "PAUSE_SCHEDULE",
    "RESUME_SCHEDULE",
    "RUN_SCHEDULE",
    "FiringBody",
    "FiringsResponse",
    "ScheduleBody",
    "SchedulesResponse",
]
