"""What becomes of a run, as it happens: body and call."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from exosphere_core.api.row import LAST_EVENT_ID_HEADER, NAMESPACE, Row
from exosphere_core.roles import Role


class EventBody(BaseModel):
    """One event. Its id and its kind are those of the server-sent event, too."""

    id: str = Field(description="sent as `Last-Event-ID`, it asks for what follows; stands in the order of events")
    event: Literal["begin", "found", "current", "state", "run"] = Field(
        description="begin: all that follows, up to `current`, is told anew; found: how a state stands that was there"
        " before; current: how the run stands, all states of before are told of; state: a state is in this status, or"
        " has this attempt, from now on; run: the run is in this status from now on"
    )
    run_id: str
    status: str = Field(description="of the state, where there is a `state_id`, else of the run")
    at: str = Field(description="when the event came to be")
    state_id: str | None = None
    identifier: str | None = None
    attempt: int | None = None
    total_count: int | None = Field(default=None, description="with `begin`: how many states the run had then")


#: Ids of events, as `Last-Event-ID` takes them.
EVENT_ID_PATTERN: Final = "^[0-9]{1,19}-[0-9]{1,19}$"

WATCH_RUN: Final = Row(
    "watch_run", "GET", f"{NAMESPACE}/run/{{run_id}}/events",
    "Watch a run: how each of its states stands, then each transition as it happens, until the run has ended",
    EventBody, errors=(400, 404, 429), streams=True, role=Role.VIEWER,
    nothing="The run has ended, and nothing follows on the event named by `Last-Event-ID`",
    headers={LAST_EVENT_ID_HEADER: "id of an event: each event that followed on it is sent, once and in order"},
)  # fmt: skip


__all__ = ["EVENT_ID_PATTERN", "WATCH_RUN", "EventBody"]
