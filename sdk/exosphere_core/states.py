"""The state machine of a state and of a run, as data. Each status names who moves it on."""

from enum import StrEnum
from typing import Final, NamedTuple


class Status(StrEnum):
    """The status of a state, as it is on the wire."""

    CREATED = "CREATED"  #: ready or waiting for its time; a runtime takes it, or the promoter makes it ready
    QUEUED = "QUEUED"  #: taken by a runtime; its report ends it, or the reaper when the runtime dies
    EXECUTED = "EXECUTED"  #: outputs are in, children are being created in chunks by a state manager
    SUCCESS = "SUCCESS"  #: executed, children created
    PRUNED = "PRUNED"  #: ended by a prune signal; or a unite with nothing but pruned branches
    ERRORED = "ERRORED"  #: failed, no retry left; only a manual retry goes on from here
    NEXT_CREATED_ERROR = "NEXT_CREATED_ERROR"  #: executed, but its children could not be created
    RETRY_CREATED = "RETRY_CREATED"  #: failed; a new state retries it
    CANCELLED = "CANCELLED"  #: its run was cancelled


PENDING: Final = frozenset({Status.CREATED, Status.QUEUED, Status.EXECUTED})
SUCCEEDED: Final = frozenset({Status.SUCCESS, Status.PRUNED})
FAILED: Final = frozenset({Status.ERRORED, Status.NEXT_CREATED_ERROR})

#: QUEUED is never written: a state is QUEUED while its entry of the ready stream
#: is pending with a runtime. The stream's pending list is the one truth about that,
#: so no command is spent on a second copy. A record in this status reads CREATED.
DERIVED: Final = frozenset({Status.QUEUED})

#: What a record's `status` field can hold.
STORED: Final = frozenset(Status) - DERIVED


class RunStatus(StrEnum):
    """The status of a run."""

    PENDING = "PENDING"  #: a state is pending, or a unite can still fire
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"  #: a state is errored and no ALL_DONE unite tolerated it
    CANCELLED = "CANCELLED"


class UniteStatus(StrEnum):
    """The status of one armed unite: one execution of the node that it unites."""

    ARMED = "ARMED"  #: branches are running; the last of them to end moves it on
    FIRED = "FIRED"  #: its state was created
    PRUNED = "PRUNED"  #: nothing but pruned branches: its state was recorded as PRUNED
    WAITING = "WAITING"  #: a branch failed under ALL_SUCCESS; a manual retry re-arms it
    CANCELLED = "CANCELLED"  #: its run was cancelled before it fired


class Move(NamedTuple):
    """One atomic transition of a state, applied by one Lua script."""

    #: The file `store/lua/<script>.lua`.
    script: str
    #: Stored statuses in which the move applies; in any other it changes nothing.
    legal_from: frozenset[Status]
    #: What the state's record reads afterwards.
    to: Status


_OPEN = frozenset({Status.CREATED})
_OPEN_OR_EXECUTED = frozenset({Status.CREATED, Status.EXECUTED})

#: Every move of a state that exists already. A state is born by the move that
#: causes it: `trigger` (a root), `expand` and `advance` (children and fan-out
#: siblings), `retry` and `retry_by_hand` (the next attempt), `join` (a uniting state).
MOVES: Final = {
    "promote": Move("promote", _OPEN, Status.CREATED),
    "expand": Move("expand", _OPEN_OR_EXECUTED, Status.EXECUTED),
    "step": Move("step", _OPEN, Status.SUCCESS),
    "leaf": Move("leaf", _OPEN, Status.SUCCESS),
    "finish": Move("finish", _OPEN, Status.SUCCESS),
    "advance": Move("advance", _OPEN_OR_EXECUTED, Status.SUCCESS),
    "fail": Move("fail", _OPEN, Status.ERRORED),
    "fail_next": Move("fail", _OPEN, Status.NEXT_CREATED_ERROR),
    "retry": Move("retry", _OPEN, Status.RETRY_CREATED),
    "prune": Move("prune", _OPEN, Status.PRUNED),
    "requeue": Move("requeue", _OPEN, Status.CREATED),
    "reclaim": Move("reclaim", _OPEN, Status.CREATED),
    "recall": Move("recall", _OPEN, Status.CREATED),
    "delivered": Move("delivered", _OPEN, Status.CREATED),
    "retry_by_hand": Move("retry_by_hand", FAILED, Status.RETRY_CREATED),
    "cancel": Move("cancel", _OPEN_OR_EXECUTED, Status.CANCELLED),
}
