"""What nodes write while they run: bodies and calls."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field

from exosphere_core.api.row import LAST_EVENT_ID_HEADER, NAMESPACE, Row, Whole
from exosphere_core.log_lines import Level, LineKind, Value
from exosphere_core.roles import Role

#: The most lines in one call.
MOST_LINES: Final = 500

#: The longest text of one line that is taken at all, in characters. What is kept of it is cut to `EXOSPHERE_RUN_LOG_LINE_BYTES`.
LONGEST_TEXT: Final = 65_536

#: The last ms of the year 9999: what lies behind has no date.
_LAST_MS: Final = 253_402_300_799_999

#: Ids of lines, as cursors and `Last-Event-ID` take them.
LINE_ID_PATTERN: Final = "^[0-9]{1,15}$"


class LogLimits(BaseModel):
    """What a runtime is to send of the lines of its nodes."""

    level: Level = Field(description="the least grave level that is kept")
    line_bytes: int = Field(description="longest text of a line, and longest fields of it together")
    attempt_lines: int = Field(description="most lines of one execution")
    attempt_bytes: int = Field(description="most bytes of the lines of one execution")
    lines_per_second: int = Field(description="most lines a second of one runtime")


def _field_value(value: object) -> object:
    if isinstance(value, dict | list):
        raise ValueError("must be text, a number, true, false or null")
    return value


class LineBody(BaseModel):
    """A line to be kept. Extra keys are ignored."""

    home: str = Field(default="", max_length=128, description="namespace of the run; this one when left out")
    state: str = Field(max_length=64, description="state id")
    attempt: Whole = Field(default=1, ge=1, le=2**31, description="which delivery of the state wrote it")
    at: Whole = Field(ge=0, le=_LAST_MS, description="when it was written, in unix ms")
    kind: LineKind = LineKind.LOG
    level: Level = Level.INFO
    text: str = Field(max_length=LONGEST_TEXT)
    fields: dict[str, Annotated[Value, BeforeValidator(_field_value)]] = Field(
        default_factory=dict, max_length=100, description="text, numbers, true, false, null, by name"
    )


class AddLinesRequest(BaseModel):
    """Lines of nodes that run. Extra keys are ignored."""

    worker: str = Field(default="", max_length=256, description="name of the runtime")
    lines: list[LineBody] = Field(max_length=MOST_LINES)


class AddLinesResponse(BaseModel):
    """How many lines are kept. Those of states that are gone are not, nor any while Redis' memory is full."""

    taken: int


class LogLine(BaseModel):
    """One line."""

    id: str = Field(description="its number in the run, from 1; as a cursor, it asks for what follows")
    run_id: str
    at: str = Field(description="when it was written, by the clock of the runtime")
    kind: LineKind = Field(
        description="log: of `self.logger`; progress: of `self.emit`; dropped: in place of lines that were not kept,"
        " their number is the field `count`"
    )
    level: Level = Field(description="a progress message is INFO, a note of dropped lines WARNING")
    state_id: str
    node_name: str
    identifier: str
    attempt: int = Field(description="which delivery of the state wrote it, beginning with 1")
    worker: str | None = Field(default=None, description="the runtime that wrote it; null when that is not known")
    text: str
    fields: dict[str, Value]


class LogsResponse(BaseModel):
    """A page of a run's lines, in the order in which they came in."""

    run_id: str
    count: int = Field(description="how many are on this page: it may be none although more follow")
    lines: list[LogLine]
    dropped: int = Field(
        description="how many lines between the cursor and this page are kept no more: the run has newer ones"
    )
    next_cursor: str | None = Field(
        description="asks for the next page; null when there is none: then the id of the last line, as cursor, asks for newer ones"
    )


class LogEvent(BaseModel):
    """One event of the live lines of a run."""

    event: Literal["line", "gap", "end"] = Field(
        description="line: a line; gap: lines are kept no more that were to come here; end: the run has ended, no line follows"
    )
    id: str = Field(description="sent as `Last-Event-ID`, it asks for what follows")
    run_id: str
    line: LogLine | None = None
    dropped: int | None = Field(default=None, description="with `gap`: how many lines")
    status: str | None = Field(default=None, description="with `end`: of the run")


_FILTERS: Final = {
    "state_id": "only lines of the states whose id begins so",
    "identifier": "only lines of this node of the graph",
    "level": "only lines as grave as this, or graver",
    "kind": "only lines of this kind; may be given several times",
}

ADD_LINES: Final = Row(
    "add_lines", "POST", f"{NAMESPACE}/logs", "Keep lines that running nodes of this namespace wrote; used by runtimes",
    AddLinesResponse, AddLinesRequest, errors=(400,), role=Role.RUNTIME, audited=False, repeatable=False,
)  # fmt: skip
LIST_LINES: Final = Row(
    "list_lines", "GET", f"{NAMESPACE}/run/{{run_id}}/logs", "List the lines that the nodes of a run wrote, oldest first",
    LogsResponse, errors=(400, 404), role=Role.VIEWER,
    query={**_FILTERS, "cursor": "`next_cursor` of the page before, or the id of a line", "limit": "how many at most, up to 1000"},
)  # fmt: skip
FOLLOW_LINES: Final = Row(
    "follow_lines", "GET", f"{NAMESPACE}/run/{{run_id}}/logs/live",
    "Follow the lines that the nodes of a run write: those that are there, then each as it comes in, until the run has ended",
    LogEvent, errors=(400, 404, 429), streams=True, role=Role.VIEWER, query=_FILTERS,
    nothing="The run has ended, and nothing follows on the line named by `Last-Event-ID`",
    headers={LAST_EVENT_ID_HEADER: "id of a line: each that followed on it is sent, once and in order"},
)  # fmt: skip

__all__ = [
    "ADD_LINES",
    "FOLLOW_LINES",
    "LINE_ID_PATTERN",
    "LIST_LINES",
    "MOST_LINES",
    "AddLinesRequest",
    "AddLinesResponse",
    "LineBody",
    "LogEvent",
    "LogLimits",
    "LogLine",
    "LogsResponse",
]
