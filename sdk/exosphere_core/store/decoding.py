"""Making sense of the hashes of states and runs. What can't be read raises KeyError or ValueError."""

from collections.abc import Mapping
from typing import NamedTuple

from exosphere_core.records import Rerun, Task, TextMap, decode_rerun, decode_task, decode_text_map
from exosphere_core.states import RunStatus, Status

#: The end of the year 9999, unix ms: no later time can be spelled.
_LAST_MOMENT = 253_402_300_799_999


class StateRecord(NamedTuple):
    """A state as it is stored, with QUEUED told from the ready stream's pending list."""

    id: str
    status: Status
    attempt: int
    task: Task
    inputs: TextMap
    outputs: TextMap
    data: bytes | None
    error: str | None
    due_at: int | None
    #: Id of the state that retries it.
    retried_by: str | None
    #: Id of its unite, when its inputs could not be made.
    unite: str | None
    #: How many outputs it gave as a list; None when it gave one output alone.
    width: int | None
    created_at: int
    updated_at: int
    #: Name of the runtime that executed it last and reported, and for how long it did, ms; None when that is not known.
    worker: str | None
    ran_ms: int | None


class RunRecord(NamedTuple):
    """A run as it is stored."""

    id: str
    graph: str
    version: int
    status: RunStatus
    root: str
    created_at: int
    ended_at: int | None
    #: identifier → states made.
    made: dict[str, int]
    #: (identifier, status) → states that ended so.
    ended: dict[tuple[str, Status], int]
    rerun: Rerun | None


def text_map_of(raw: bytes | None) -> TextMap:
    """Read a JSON object of texts; nothing is an empty one."""
    return decode_text_map(raw) if raw else {}


def state_of(state: str, raw: Mapping[bytes, bytes]) -> StateRecord:
    """Read the hash of a state."""
    error, retried_by, unite = (
        None if (word := raw.get(name)) is None else word.decode() for name in (b"error", b"retried_by", b"unite")
    )
    due = raw.get(b"due_at")
    return StateRecord(
        id=state,
        status=Status(raw[b"status"].decode()),
        attempt=int(raw[b"attempt"]),
        task=decode_task(raw[b"task"]),
        inputs=text_map_of(raw.get(b"inputs")),
        outputs=text_map_of(raw.get(b"outputs")),
        data=raw.get(b"data"),
        error=error,
        due_at=None if due is None else _moment(due),
        retried_by=retried_by,
        unite=unite,
        width=None if (width := raw.get(b"width")) is None else int(width),
        created_at=_moment(raw[b"created_at"]),
        updated_at=_moment(raw[b"updated_at"]),
        worker=raw.get(b"worker", b"").decode() or None,
        ran_ms=int(ran) if (ran := raw.get(b"ran_ms")) else None,
    )


def run_of(run: str, raw: Mapping[bytes, bytes]) -> RunRecord:
    """Read the hash of a run."""
    made: dict[str, int] = {}
    ended: dict[tuple[str, Status], int] = {}
    for field, value in raw.items():
        kind, _, rest = field.decode().partition("/")
        if kind == "made":
            made[rest] = int(value)
        elif kind == "ended":
            identifier, _, status = rest.partition("/")
            ended[identifier, Status(status)] = int(value)
    ended_at = raw.get(b"ended_at")
    return RunRecord(
        id=run,
        graph=raw[b"graph"].decode(),
        version=int(raw[b"version"]),
        status=RunStatus(raw[b"status"].decode()),
        root=raw[b"root"].decode(),
        created_at=_moment(raw[b"created_at"]),
        ended_at=None if ended_at is None else _moment(ended_at),
        made=made,
        ended=ended,
        rerun=decode_rerun(raw[b"rerun"]) if b"rerun" in raw else None,
    )


def _moment(raw: bytes) -> int:
    moment = int(raw)
    if not 0 <= moment <= _LAST_MOMENT:
        raise ValueError(f"{moment} is no time in unix ms")
    return moment
