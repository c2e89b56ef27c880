"""Reading the entries of a report stream. Pure: nothing in an entry is trusted."""

from functools import lru_cache
from typing import NamedTuple

import msgspec

from exosphere_core.names import name_error
from exosphere_core.records import BODIES, Body, Executed, Kind, ReadyField, ReportField, decode_task, shard_of
from exosphere_core.store.streams import Entry

_DECODERS = {kind: msgspec.json.Decoder(body) for kind, body in BODIES.items()}
_FIELDS = tuple(field.value.encode() for field in ReportField)
_KIND, _TASK = ReportField.KIND.value.encode(), ReadyField.TASK.value.encode()

#: How many letters an id has.
_RUN_ID, _STATE_ID = 36, 32


class Report(NamedTuple):
    """One report, well-formed."""

    entry: Entry
    kind: Kind
    #: Namespace of the run.
    home: str
    #: State id; a unite's id for `settled`, a run's for `cancelled`.
    state: str
    attempt: str
    body: Body | None


class Malformed(Exception):
    """An entry that is no report; the text says why."""


@lru_cache(maxsize=10_000)
def _home_error(home: str) -> str | None:
    return name_error("home", home)


def parse_report(entry: Entry) -> Report:
    """Read an entry.

    Raises:
        Malformed: it is no report.
    """
    if _TASK in entry.fields and _KIND not in entry.fields:
        return _replay(entry)
    try:
        kind_raw, home, state, attempt, body = (entry.fields[field].decode() for field in _FIELDS)
        kind = Kind(kind_raw)
    except KeyError as missing:
        raise Malformed(f"field {missing.args[0].decode()} is missing") from None
    except UnicodeDecodeError:
        raise Malformed("a field is not UTF-8") from None
    except ValueError:
        raise Malformed("its kind is unknown") from None
    if error := _home_error(home):
        raise Malformed(error)
    if not attempt.isdecimal():
        raise Malformed("attempt is no number")
    if shard_of(state) is None or len(state) != (_RUN_ID if kind is Kind.CANCELLED else _STATE_ID):
        raise Malformed("state is no id")
    decoder = _DECODERS.get(kind)
    if decoder is None:
        return Report(entry, kind, home, state, attempt, None)
    try:
        read = decoder.decode(body)
    except msgspec.DecodeError as bad:
        raise Malformed(f"its body can't be read: {bad}") from None
    if isinstance(read, Executed) and read.origin:
        raise Malformed("it names an origin, which no runtime may")
    return Report(entry, kind, home, state, attempt, read)


def _replay(entry: Entry) -> Report:
    """A new state that came to the report stream as others come to their ready streams."""
    try:
        task = decode_task(entry.fields[_TASK])
        state, attempt = entry.fields[b"state"].decode(), entry.fields[b"attempt"].decode()
    except (KeyError, ValueError, msgspec.DecodeError):
        raise Malformed("it is neither a report nor a new state") from None
    if shard_of(state) is None or len(state) != _STATE_ID or not attempt.isdecimal() or _home_error(task.home):
        raise Malformed("state, attempt or home is none")
    return Report(entry, Kind.REPLAY, task.home, state, attempt, None)
