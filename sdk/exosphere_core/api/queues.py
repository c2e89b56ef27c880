"""What waits in a namespace, and who works at it; the states of a run, in pages: bodies and calls."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import NAMESPACE, Row
from exosphere_core.roles import Role


class StateSummary(BaseModel):
    """One line of the list of a run's states."""

    id: str
    node_name: str
    identifier: str
    status: str
    error: str | None
    retry_count: int
    attempt: int = Field(description="how often the state was delivered, beginning with 1")
    due_at: str | None = None
    retried_by: str | None = Field(default=None, description="the state that retries this one")
    created_at: str
    updated_at: str
    worker: str | None = Field(
        default=None, description="the runtime that executed it last and reported; null when that is not known"
    )
    ran_ms: int | None = Field(
        default=None,
        description="for how long it executed it: of a state that has ended, the execution began so long before `updated_at`",
    )


class StatesResponse(BaseModel):
    """A page of a run's states, in order of creation."""

    run_id: str
    count: int = Field(description="how many are on this page: it may be none although more follow")
    states: list[StateSummary]
    next_cursor: str | None = Field(description="asks for the next page; null when there is none")


class QueueBody(BaseModel):
    """What waits and runs of one node."""

    node_name: str
    depth: int = Field(description="states that wait for a runtime; those that wait for their time are not among them")
    running: int = Field(description="states that runtimes have taken")
    oldest_age_ms: int | None = Field(
        description="for how long the oldest one waits for a runtime; null when none does"
    )
    paused: bool = Field(description="whether it gives nothing out")
    consumers: int = Field(
        description="runtimes that take from it; one that is gone without a word may be among them for an hour"
    )


class QueuesResponse(BaseModel):
    """A page of a namespace's queues, in order of the node's name."""

    namespace: str
    count: int = Field(description="how many are on this page")
    queues: list[QueueBody]
    next_cursor: str | None = Field(description="asks for the next page; null when there is none")


class RuntimeBody(BaseModel):
    """A runtime: one process that executes nodes; or, where the id begins with `http:`, the clients that poll one state manager."""

    id: str
    runtime_name: str | None = Field(description="null when its registration is not known")
    version: str | None = Field(description="of the software that it runs on; null when it did not tell")
    alive: bool = Field(description="whether it was heard of within a lease")
    registered_at: str | None = Field(description="since when it is there")
    last_seen_ms: int | None = Field(description="how long ago it last spoke to a queue; null when it never did")
    nodes: list[str] = Field(description="names of the nodes that it executes")
    running: int = Field(description="how many states it has taken")


class RuntimesResponse(BaseModel):
    """A page of a namespace's runtimes, in order of the id. One that is gone without a word is left out after an hour."""

    namespace: str
    count: int = Field(description="how many are on this page")
    runtimes: list[RuntimeBody]
    next_cursor: str | None = Field(description="asks for the next page; null when there is none")


class WithdrawnResponse(BaseModel):
    """What came of a runtime's leaving."""

    id: str
    withdrawn: bool = Field(
        description="false when it holds states still: it is left out when they have been given to others and an hour has passed"
    )


#: Cursors of lists that are gone through by number.
POSITION_PATTERN: Final = "^[0-9]{1,12}$"

_CURSOR: Final = "`next_cursor` of the page before"

LIST_STATES: Final = Row(
    "list_states", "GET", f"{NAMESPACE}/run/{{run_id}}/states/", "List the states of a run, in order of creation",
    StatesResponse, errors=(400, 404), role=Role.VIEWER,
    query={
        "status": "only those in this status; may be given several times",
        "identifier": "only those of this node of the graph",
        "cursor": _CURSOR,
        "limit": "how many at most, up to 1000",
    },
)  # fmt: skip
LIST_QUEUES: Final = Row(
    "list_queues", "GET", f"{NAMESPACE}/queues/", "List what waits and runs, by node", QueuesResponse, errors=(400,),
    role=Role.VIEWER,
    query={"cursor": _CURSOR, "limit": "how many at most, up to 200"},
)  # fmt: skip
LIST_RUNTIMES: Final = Row(
    "list_runtimes", "GET", f"{NAMESPACE}/runtimes/", "List the runtimes, and what they run", RuntimesResponse,
    errors=(400,), role=Role.VIEWER, query={"cursor": _CURSOR, "limit": "how many at most, up to 200"},
)  # fmt: skip
WITHDRAW_RUNTIME: Final = Row(
    "withdraw_runtime", "DELETE", f"{NAMESPACE}/runtimes/{{runtime_id}}",
    "Leave out a runtime that has stopped; used by runtimes as the last thing that they do", WithdrawnResponse,
    errors=(400,), role=Role.RUNTIME, audited=False,
)  # fmt: skip


__all__ = [
    "LIST_QUEUES",
    "LIST_RUNTIMES",
    "LIST_STATES",
    "POSITION_PATTERN",
    "WITHDRAW_RUNTIME",
    "QueueBody",
    "QueuesResponse",
    "RuntimeBody",
    "RuntimesResponse",
    "StateSummary",
    "StatesResponse",
    "WithdrawnResponse",
]
