"""What goes on in a namespace, as it happens: body and call."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from exosphere_core.api.row import NAMESPACE, Row
from exosphere_core.roles import Role


class RunNews(BaseModel):
    """A run that began, is pending again or has ended."""

    run_id: str
    graph_name: str
    status: str = Field(description="the newest one: PENDING of a run that began, or is retried")


class NamespaceEventBody(BaseModel):
    """One event. Its kind is that of the server-sent event, too."""

    event: Literal["begin", "runs", "figures"] = Field(
        description="begin: events are told from here on, and some may have been missed before: whoever shows what it read"
        " reads it anew; runs: some runs began or ended; figures: how much is done, waits and runs now"
    )
    at: str = Field(description="when the event came to be")
    count: int | None = Field(default=None, description="with `runs`: how many runs there were")
    runs: list[RunNews] | None = Field(default=None, description="with `runs`: the newest of them, 100 at the most")
    succeeded_per_s: float | None = Field(default=None, description="with `figures`: attempts that succeeded")
    failed_per_s: float | None = Field(
        default=None, description="with `figures`: attempts that failed, whether they are tried again or not"
    )
    depth: int | None = Field(default=None, description="with `figures`: states that wait for a runtime")
    running: int | None = Field(default=None, description="with `figures`: states that runtimes have taken")


WATCH_NAMESPACE: Final = Row(
    "watch_namespace", "GET", f"{NAMESPACE}/events",
    "Watch a namespace: which runs begin and end, and how much is done, waits and runs",
    NamespaceEventBody, errors=(400, 429), streams=True, role=Role.VIEWER,
)  # fmt: skip


__all__ = ["WATCH_NAMESPACE", "NamespaceEventBody", "RunNews"]
