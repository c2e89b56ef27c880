"""What is stored and sent: the fields of the records in Redis, and the entries of the streams.

Payloads (inputs, outputs, store values) are JSON text made once in Python; Lua passes
them on and never decodes them. Ids, counters and times are decimal or hex text.
"""

from enum import StrEnum
from typing import Final

import msgspec

from exosphere_core.log_lines import Level, LineKind, Value


class StateField(StrEnum):
    """Fields of a state's HASH."""

    STATUS = "status"  #: see `states.Status`
    ATTEMPT = "attempt"  #: fencing number of the current delivery, from 1; a report of another one changes nothing
    TASK = "task"  #: JSON of `Task`: what never changes
    INPUTS = "inputs"  #: JSON object, resolved
    OUTPUTS = "outputs"  #: JSON object, once executed
    WIDTH = "width"  #: how many outputs it gave as a list; absent for one output alone
    DATA = "data"  #: JSON object that a prune signal carried
    ERROR = "error"  #: text, once failed
    ENTRY = "entry"  #: id of the entry of the ready stream or outbox, while there is one (see `handoff`)
    DUE_AT = "due_at"  #: unix ms at which it becomes ready, while it waits
    WORKER = "worker"  #: name of the runtime that executed it last and reported; empty when that is not known
    RAN_MS = "ran_ms"  #: for how long that executed it, ms; empty when that is not known
    LOST_LEASES = "lost_leases"  #: how many workers died with it, one after the other
    EXPANDED = "expanded"  #: how many chunks of its fan-out are there, once it has several
    REPORT = "report"  #: id of the report that is being applied in chunks
    TOLERATED = "tolerated"  #: ids of the ALL_DONE unites that fired over this error
    HIDDEN = "hidden"  #: ids of the unites that do not count this error: one inside them answers for it
    RESTORED = "restored"  #: "1" when the reconciler made it ready again: some of what it brings into being may exist
    UNITE = "unite"  #: id of the unite that fired, on a uniting state whose inputs could not be made
    RETRIED_BY = "retried_by"  #: id of the state that retries this one
    BY_HAND = "by_hand"  #: "1" when a person made that one
    CREATED_AT = "created_at"  #: unix ms, Redis' clock
    UPDATED_AT = "updated_at"  #: unix ms, Redis' clock


class RunField(StrEnum):
    """Fields of a run's HASH. Beside these: `made/<identifier>` and `ended/<identifier>/<status>`, counters of states."""

    GRAPH = "graph"
    VERSION = "version"
    STATUS = "status"  #: see `states.RunStatus`
    ROOT = "root"  #: id of the root state
    OPEN = "open"  #: pending states plus armed unites; the run ends when it reaches 0
    UNTOLERATED = "untolerated"  #: errored states that no unite tolerated; above 0 the run ends FAILED
    RERUN = "rerun"  #: JSON of `Rerun`, when it was made from another run
    REQUEST = "request"  #: digest of the trigger's request, when that carried an idempotency key
    TOLD = "told"  #: id of the first of the run's events, once all that was before them is told
    CREATED_AT = "created_at"  #: unix ms, Redis' clock
    CANCELLED_AT = "cancelled_at"  #: unix ms, Redis' clock; from then on it can only end CANCELLED
    ENDED_AT = "ended_at"  #: unix ms, Redis' clock


class UniteField(StrEnum):
    """Fields of an armed unite's HASH."""

    PLAN = "plan"  #: JSON of `UnitePlan`: what never changes
    STRATEGY = "strategy"  #: ALL_SUCCESS or ALL_DONE
    STATUS = "status"  #: see `states.UniteStatus`
    AROUND = "around"  #: ids of the unites that it counts for, parted by blanks
    PENDING = "pending"  #: states and inner unites that it still waits for
    ARRIVED = "arrived"  #: successful states that lead straight to it
    ERRORED = "errored"  #: errored states that count, but for those that an inner ALL_DONE unite tolerated
    PRUNED = "pruned"  #: pruned states that count
    TOLERATED_FOR = "tolerated_for"  #: id of the report for which errors were tolerated last
    TOLERATED_PAGES = "tolerated_pages"  #: how many pages of them were
    RESTORED = "restored"  #: "1" when the reconciler armed it again: some of what its state brings into being may exist
    ANEW = "anew"  #: "1" when a branch was executed anew although its run takes over another's outputs


# Not tracked by the garbage collector: a task holds text and numbers only, and there are a great many.
class Task(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What never changes about a state. Kept on its record and sent with each delivery."""

    run: str
    #: Namespace of the run: where the records are.
    home: str
    graph: str
    version: int
    identifier: str
    node: str
    #: Namespace of the node: where the state is queued.
    namespace: str
    #: identifier → state id of every ancestor on this state's own branch.
    parents: dict[str, str] = {}
    #: Where this branch stands among the others: sorts as text in branch order (see `branch_step`).
    branch: str = ""
    #: Which output of a fan-out a sibling keeps; 0 for the executed state itself.
    position: int = 0
    #: Armed unites that this state counts for: identifier of the uniting node → id of the unite.
    #: Each identifier once: a branch passes a node at most once.
    unites: dict[str, str] = {}
    #: Id of the first state of this attempt chain, where it is not this one: the source of the idempotency key.
    chain: str = ""
    retry_count: int = 0
    timeout_ms: int | None = None
    #: In a rerun: the state of the earlier run whose recorded outputs this one takes over, if it has any.
    replays: str = ""
    #: W3C traceparent of the span that the attempts of the run are drawn below, where it was made with one.
    trace: str = ""


class UnitePlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What never changes about an armed unite."""

    run: str
    home: str
    graph: str
    version: int
    #: The uniting node.
    identifier: str
    #: Id of the state whose success armed it.
    anchor: str
    #: `Task.parents` of the uniting state.
    parents: dict[str, str]
    branch: str
    #: `Task.unites` of the uniting state: the unites around this one.
    unites: dict[str, str] = {}
    #: How many outputs the anchor fanned out into; None when it gave one output alone.
    width: int | None = None
    #: `Task.replays` of the uniting state.
    replays: str = ""
    #: Replaces inputs of the same names, where a rerun begins here.
    inputs: dict[str, str] = {}
    #: `Task.trace` of the run.
    trace: str = ""


class Rerun(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a run was made from an earlier one: what lies before the start is taken over, the rest is executed."""

    #: Id of the earlier run.
    of: str
    #: The node where it starts.
    identifier: str
    #: The first state of the attempt chain where it starts; empty when each state of the node is executed again.
    state: str = ""
    #: Ids of the unites of the earlier run that wait for that state: they fire anew.
    unites: list[str] = []
    #: Replaces inputs of the same names where it starts.
    inputs: dict[str, str] = {}


class Kind(StrEnum):
    """What an entry of the report stream says."""

    EXECUTED = "executed"  #: body: `Executed`
    FAILED = "failed"  #: body: `Failed`
    PRUNED = "pruned"  #: body: `Pruned`
    REQUEUED = "requeued"  #: body: `Requeued`
    RELEASED = "released"  #: given back unfinished by a runtime that stops; no body
    UNREADABLE = "unreadable"  #: an entry of a ready stream that is no delivery for who took it; body: `Unreadable`
    REPLAY = "replay"  #: a new state whose outputs are to be taken over: a ready entry, sent by the scripts
    SETTLED = "settled"  #: a unite's last branch ended; sent by the scripts, not by runtimes
    CANCELLED = "cancelled"  #: a run was cancelled: its states are to follow; sent by a script, not by runtimes


class Executed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node returned. `fanned_out` tells a returned list (of any length) from a single output."""

    outputs: list[dict[str, str]]
    fanned_out: bool = False
    #: Store writes that take effect with the success.
    store: dict[str, str] = {}
    #: In a rerun: the state of the earlier run that these outputs are taken over from. Set by state managers only.
    origin: str = ""


class Failed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node raised, timed out, or returned something wrong."""

    error: str
    #: False for an error that the node declared final.
    retryable: bool = True


class Pruned(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node raised `PruneSignal`."""

    data: msgspec.Raw = msgspec.Raw(b"{}")


class Requeued(msgspec.Struct, frozen=True):
    """A node raised `ReQueueAfterSignal`."""

    delay_ms: int


class Unreadable(msgspec.Struct, frozen=True):
    """What a runtime found on a ready stream in place of a delivery: put aside for the operator."""

    #: The ready stream and the id of the entry.
    stream: str
    entry: str
    reason: str
    #: The entry's fields, as far as they are text, cut to a sane length.
    fields: dict[str, str]


Body = Executed | Failed | Pruned | Requeued | Unreadable

BODIES: Final[dict[str, type[Body]]] = {
    Kind.EXECUTED: Executed,
    Kind.FAILED: Failed,
    Kind.PRUNED: Pruned,
    Kind.REQUEUED: Requeued,
    Kind.UNREADABLE: Unreadable,
}


class ReadyField(StrEnum):
    """Fields of an entry of a ready stream."""

    STATE = "state"
    ATTEMPT = "attempt"
    TASK = "task"  #: JSON of `Task`
    INPUTS = "inputs"  #: JSON object: the worker needs no second read


class ReportField(StrEnum):
    """Fields of an entry of a report stream."""

    KIND = "kind"  #: see `Kind`
    HOME = "home"  #: namespace of the run
    STATE = "state"  #: state id; a unite's id for `settled`, a run's for `cancelled`
    ATTEMPT = "attempt"
    BODY = "body"  #: JSON of the kind's body
    BY = "by"  #: name of the runtime, where it tells: what can't be read of this and the next counts as not told
    RAN = "ran"  #: for how long it executed the node, ms
    VIA = "via"  #: on an inbox: namespace whose report stream it came through


class EventKind(StrEnum):
    """What an entry of a run's stream of events says."""

    BEGIN = "begin"  #: the run is watched from here on: how it stands, and how many states it has
    FOUND = "found"  #: how a state stands that was there before
    CURRENT = "current"  #: how the run stands; all states of before are told of
    STATE = "state"  #: a state is in this status, or has this attempt, from now on
    RUN = "run"  #: the run is in this status from now on


class EventField(StrEnum):
    """Fields of an entry of a run's stream of events."""

    KIND = "kind"  #: see `EventKind`
    STATUS = "status"  #: of the state, or of the run
    STATE = "state"  #: state id
    IDENTIFIER = "identifier"  #: of the state
    ATTEMPT = "attempt"  #: of the state
    STATES = "states"  #: how many states the run has


class LineField(StrEnum):
    """Fields of an entry of a run's stream of lines. Its id is the number of the line in the run, from `1-0`."""

    BYTES = "bytes"  #: of all lines up to this one, those that are gone included
    LINE = "line"  #: JSON of `Line`


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line that a node wrote while it ran."""

    #: When, unix ms, by the clock of the runtime.
    at: int
    kind: LineKind
    level: Level
    state: str
    node: str
    identifier: str
    attempt: int
    text: str
    #: Name of the runtime; empty when that is not known.
    worker: str = ""
    fields: dict[str, Value] = {}


TextMap = dict[str, str]

encode = msgspec.json.Encoder().encode
decode_task = msgspec.json.Decoder(Task).decode
decode_unite_plan = msgspec.json.Decoder(UnitePlan).decode
decode_rerun = msgspec.json.Decoder(Rerun).decode
decode_text_map = msgspec.json.Decoder(TextMap).decode
decode_line = msgspec.json.Decoder(Line).decode
