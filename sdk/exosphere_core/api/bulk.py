"""Retrying what failed in many runs at once: bodies and calls."""

import re
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from exosphere_core.api.row import NAMESPACE, Name, Row
from exosphere_core.roles import Role

_NUMBER: Final = re.compile(r"\s*[+-]?[\d.]+\s*")


def _spelled(value: object) -> object:
    # Text of digits alone would be taken for a number of seconds.
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("must be text, as in 2026-01-31T09:00:00Z")
    return value


#: A time as ISO 8601 spells it, with its zone; no number of seconds.
Moment = Annotated[AwareDatetime, BeforeValidator(_spelled)]


class RetryRunsRequest(BaseModel):
    """Which runs are meant: those to which all of this applies, and which exist already."""

    model_config = ConfigDict(extra="forbid")

    graph_name: Name | None = Field(default=None, description="only runs of this graph")
    status: Literal["FAILED", "PENDING", "SUCCESS"] = Field(default="FAILED", description="only runs in this status")
    created_after: Moment | None = Field(default=None, description="only runs created then or later")
    created_before: Moment | None = Field(default=None, description="only runs created then or earlier")


class RunRetries(BaseModel):
    """What came of one run."""

    run_id: str
    retried_count: int = Field(description="how many of its states are retried")
    refused: dict[str, str] = Field(
        description="id of a state that stays as it is, or of the run, → why; some of them, when there are many"
    )


class BulkRetryResponse(BaseModel):
    """A retry of many runs, and a page of what came of them."""

    id: str
    status: Literal["PENDING", "FINISHED"]
    looked_at_count: int = Field(description="how many runs were looked at so far, whether they were meant or not")
    retried_count: int = Field(description="how many states are retried so far")
    refused_count: int = Field(description="how many refusals are among the results so far")
    created_at: str
    finished_at: str | None
    count: int = Field(description="how many runs are on this page")
    runs: list[RunRetries]
    next_cursor: str | None = Field(description="asks for the next page; null when there is none so far")


RETRY_RUNS: Final = Row(
    "retry_runs", "POST", f"{NAMESPACE}/runs/retry",
    "Retry every state that failed, of all runs that are meant, in the background",
    BulkRetryResponse, RetryRunsRequest, status=202, errors=(400, 429), repeatable=False, role=Role.OPERATOR,
)  # fmt: skip
GET_BULK_RETRY: Final = Row(
    "get_bulk_retry", "GET", f"{NAMESPACE}/bulk/{{bulk_id}}", "Get how far a retry of many runs has come, and its results",
    BulkRetryResponse, errors=(400, 404), role=Role.VIEWER,
    query={"cursor": "`next_cursor` of the page before", "limit": "how many runs at most, up to 1000"},
)  # fmt: skip


__all__ = ["GET_BULK_RETRY", "RETRY_RUNS", "BulkRetryResponse", "Moment", "RetryRunsRequest", "RunRetries"]
