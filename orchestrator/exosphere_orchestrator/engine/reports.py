"""Reading the entries of a report stream. Pure: nothing in an entry is trusted."""

from functools import lru_cache
from typing import Any

import msgspec

from exosphere_core.api import LONGEST_DELAY_MS
from exosphere_core.ids import is_id
from exosphere_core.keys import ShardKeys
from exosphere_core.names import name_error
from exosphere_core.records import (
    BODIES,
    Body,
    Executed,
    Failed,
    Kind,
    Pruned,
    ReadyField,
    ReportField,
    Requeued,
    Unreadable,
    decode_task,
)
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.nesting import is_deeper, too_deep

_DECODERS = {kind: msgspec.json.Decoder(body) for kind, body in BODIES.items()}
_decode_data = msgspec.json.Decoder(dict[str, Any]).decode
_KINDS = {kind.value.encode(): kind for kind in Kind if kind is not Kind.REPLAY}
_KIND, _HOME, _STATE, _ATTEMPT, _BODY, _BY, _RAN, _VIA = (field.value.encode() for field in ReportField)
_TASK = ReadyField.TASK.value.encode()

#: Kinds that only scripts send, to the run's own shard.
_OF_SCRIPTS = frozenset({Kind.SETTLED, Kind.CANCELLED})

#: How much of each text of a runtime is shown in a reason, in characters.
_SHOWN = 300

#: The longest name of a runtime that is recorded, in characters, and the longest time that it may have executed, in ms.
_LONGEST_NAME, _LONGEST_RUN_MS = 200, 10**12
_MOST_DIGITS = 13

#: How many letters an id has.
_RUN_ID, _STATE_ID = 36, 32


class Report(msgspec.Struct, frozen=True, gc=False):
    """One report, well-formed."""

    entry: Entry
    kind: Kind
    #: Namespace of the run.
    home: str
    #: State id; a unite's id for `settled`, a run's for `cancelled`.
    state: str
    attempt: str
    body: Body | None
    #: Namespace whose report stream it came through: what it says is said by a runtime of that one, or by a script.
    via: str
    #: Name of the runtime that executed it, and for how long, ms; "" and None when it does not tell.
    by: str = ""
    ran_ms: int | None = None


class Malformed(Exception):
    """An entry that is no report; the text says why.

    Attributes:
        failure: where it can be told which attempt it is about, the failure that it comes to.
    """

    def __init__(self, reason: str, failure: Report | None = None) -> None:
        super().__init__(reason)
        self.failure = failure


@lru_cache(maxsize=10_000)
def _home_error(home: str) -> str | None:
    return name_error("home", home)


def parse_report(entry: Entry, queue: ShardKeys, max_bytes: int | None = None, max_depth: int | None = None) -> Report:
    """Read an entry of a shard's reports or inbox.

    Args:
        max_bytes: the largest body that is read.
        max_depth: how deep the data of a prune signal may be nested.

    Raises:
        Malformed: it is no report, too large or too deep.
    """
    fields = entry.fields
    if _TASK in fields and _KIND not in fields:
        return _replay(entry, queue)
    try:
        kind = _KINDS.get(fields[_KIND])
        home, state, attempt = fields[_HOME].decode(), fields[_STATE].decode(), fields[_ATTEMPT].decode()
        body = fields[_BODY]
        # What a runtime writes into this field of its own report means nothing.
        via = fields[_VIA].decode() if entry.stream == queue.inbox else queue.namespace
    except KeyError as missing:
        raise Malformed(f"field {missing.args[0].decode()} is missing") from None
    except UnicodeDecodeError:
        raise Malformed("a field is not UTF-8") from None
    if kind is None:
        raise Malformed("its kind is unknown")
    if kind is Kind.UNREADABLE:
        raise Malformed(_unreadable(body))
    if error := _home_error(home):
        raise Malformed(error)
    if not attempt.isdecimal():
        raise Malformed("attempt is no number")
    if not is_id(state) or len(state) != (_RUN_ID if kind is Kind.CANCELLED else _STATE_ID):
        raise Malformed("state is no id")
    if kind in _OF_SCRIPTS and not home == via == queue.namespace:
        raise Malformed("its kind is said by the run's own namespace only")
    decoder = _DECODERS.get(kind)
    if decoder is None:
        return Report(entry, kind, home, state, attempt, None, via)
    by, ran_ms = _name(fields.get(_BY, b"")), _ran_ms(fields.get(_RAN, b""))

    def refused(reason: str, *, retryable: bool) -> Malformed:
        body = Failed(f"the worker's report was refused: {reason}", retryable)
        return Malformed(reason, Report(entry, Kind.FAILED, home, state, attempt, body, via, by, ran_ms))

    if max_bytes is not None and len(body) > max_bytes:
        # The same node would give as much again.
        reason = f"its body has {len(body)} bytes; the limit is {max_bytes} (EXOSPHERE_MAX_REPORT_BYTES)"
        raise refused(reason, retryable=False)
    try:
        read = decoder.decode(body)
        # Kept as it came, so that whoever reads the state must be able to read it.
        data = _decode_data(read.data) if isinstance(read, Pruned) else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
        raise refused(f"its body can't be read: {bad}", retryable=True) from None
    if isinstance(read, Executed):
        if read.origin:
            raise Malformed("it names an origin, which no runtime may")
    elif wrong := _body_error(read, data, max_depth):
        raise refused(wrong, retryable=False)
    return Report(entry, kind, home, state, attempt, read, via, by, ran_ms)


def _name(raw: bytes) -> str:
    """The name of a runtime; "" for what is none."""
    return _read_name(raw) if len(raw) <= _LONGEST_NAME * 4 else ""


# Few runtimes, many reports.
@lru_cache(maxsize=10_000)
def _read_name(raw: bytes) -> str:
    name = raw.decode(errors="replace")
    return name if len(name) <= _LONGEST_NAME and name.isprintable() and "\ufffd" not in name else ""


def _ran_ms(raw: bytes) -> int | None:
    """A time in ms; None for what is none."""
    return ran if raw.isdigit() and len(raw) <= _MOST_DIGITS and (ran := int(raw)) <= _LONGEST_RUN_MS else None


def _body_error(body: Body, data: dict[str, Any], max_depth: int | None) -> str | None:
    """Say what of a body can't be recorded, as nobody could read the record, or None. The same node would say it again."""
    if isinstance(body, Requeued) and body.delay_ms > LONGEST_DELAY_MS:
        return f"it asks to be run again after {body.delay_ms} ms; the limit is {LONGEST_DELAY_MS}"
    if max_depth is not None and is_deeper(data, max_depth):
        return f"the data of its prune signal can't be kept: {too_deep(max_depth)}"
    return None


def _unreadable(body: bytes) -> str:
    try:
        found = msgspec.json.decode(body, type=Unreadable)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "a runtime took an entry that is no delivery, and did not say which"
    entry, stream, reason = (text[:_SHOWN] for text in (found.entry, found.stream, found.reason))
    return f"entry {entry} of {stream} is no delivery for the runtime that took it: {reason}"


def _replay(entry: Entry, queue: ShardKeys) -> Report:
    """A new state that came to the report stream as others come to their ready streams."""
    try:
        task = decode_task(entry.fields[_TASK])
        state, attempt = entry.fields[b"state"].decode(), entry.fields[b"attempt"].decode()
    except (KeyError, ValueError, msgspec.DecodeError, RecursionError):
        raise Malformed("it is neither a report nor a new state") from None
    if not is_id(state) or len(state) != _STATE_ID or not attempt.isdecimal() or task.home != queue.namespace:
        raise Malformed("state, attempt or home is none")
    return Report(entry, Kind.REPLAY, task.home, state, attempt, None, queue.namespace)
