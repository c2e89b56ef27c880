"""Entries that no honest runtime writes to its report stream, drawn from a seed."""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from exosphere_core.records import Kind

#: How long a huge field is, in bytes.
_HUGE = 300_000

Fields = dict[bytes, bytes]


class Aim(NamedTuple):
    """What a forged entry may name.

    Attributes:
        victims: pairs of state and attempt that are current; what becomes of them does not matter.
        others: ids of states, runs and unites that no entry may change: of a run that goes on, and of another namespace.
    """

    namespace: str
    foreign: str
    victims: list[tuple[str, str]]
    others: list[str]


def random_entry(draw: random.Random, aim: Aim) -> Fields:
    """Draw an entry."""
    entry = _honest(draw, aim)
    for _ in range(draw.choice((0, 0, 1, 1, 2, 3))):
        draw.choice(_TRICKS)(draw, aim, entry)
    # Redis takes no entry without fields.
    return entry or {b"": b""}


def _honest(draw: random.Random, aim: Aim) -> Fields:
    """An entry of the right form: about a victim, or with an attempt that nobody has about something else."""
    if draw.random() < 0.5:
        state, attempt = draw.choice(aim.victims)
    else:
        state, attempt = draw.choice(aim.others), draw.choice(("0", "7", "999999999"))
    kind = draw.choice([*Kind])
    return {
        b"kind": kind.encode(), b"home": draw.choice((aim.namespace, aim.namespace, aim.foreign)).encode(),
        b"state": state.encode(), b"attempt": attempt.encode(), b"body": json.dumps(_body(draw, kind)).encode(),
    }  # fmt: skip


def _body(draw: random.Random, kind: Kind) -> Any:
    outputs = [{"v": _text(draw)} for _ in range(draw.choice((0, 1, 1, 3)))]
    bodies: dict[Kind, Any] = {
        Kind.EXECUTED: {"outputs": outputs, "fanned_out": draw.random() < 0.5, "store": {"k": _text(draw)}},
        Kind.FAILED: {"error": _text(draw), "retryable": draw.random() < 0.5},
        Kind.PRUNED: {"data": _value(draw, 3)},
        Kind.REQUEUED: {"delay_ms": draw.choice((0, 1, -1, 2**31, 2**53, 2**63 - 1, 2**64 - 1, 10**30))},
        Kind.UNREADABLE: {"stream": _text(draw), "entry": _text(draw), "reason": _text(draw), "fields": {}},
    }
    return bodies.get(kind, {})


def _text(draw: random.Random) -> str:
    return draw.choice(("", "1", "\x00", "ü\n\r\t", "${{ store.k }}", "<script>", "￿", "a" * 5000))


def _value(draw: random.Random, deep: int) -> Any:
    """Any JSON value."""
    if deep and draw.random() < 0.6:
        if draw.random() < 0.5:
            return [_value(draw, deep - 1) for _ in range(draw.randrange(4))]
        return {_text(draw): _value(draw, deep - 1) for _ in range(draw.randrange(4))}
    return draw.choice((None, True, 0, -1, 10**40, 1e308, 0.1, _text(draw)))


def _noise(draw: random.Random) -> bytes:
    return draw.randbytes(draw.choice((0, 1, 16, 32, 200)))


def _some_field(draw: random.Random, entry: Fields) -> bytes:
    return draw.choice([*entry] or [b"kind"])


def _leave_out(draw: random.Random, aim: Aim, entry: Fields) -> None:
    entry.pop(_some_field(draw, entry), None)


def _garble(draw: random.Random, aim: Aim, entry: Fields) -> None:
    entry[_some_field(draw, entry)] = _noise(draw)


def _flip(draw: random.Random, aim: Aim, entry: Fields) -> None:
    """One byte of a field is another one, or the field ends there."""
    name = _some_field(draw, entry)
    if value := entry.get(name, b""):
        at = draw.randrange(len(value))
        entry[name] = value[:at] + draw.choice((b"", draw.randbytes(1) + value[at + 1 :]))


def _swell(draw: random.Random, aim: Aim, entry: Fields) -> None:
    entry[_some_field(draw, entry)] = draw.choice((b"9", b"[", b"a", b"\xff", b'{"a":')) * (_HUGE // 5)


def _add(draw: random.Random, aim: Aim, entry: Fields) -> None:
    """A field that need not be there, is not a runtime's to write, or that nobody knows."""
    name = draw.choice((b"via", b"by", b"ran", b"task", b"inputs", b"entry", b"due_at", b"status", _noise(draw)))
    task = {"run": draw.choice(aim.others), "home": aim.namespace, "graph": "g", "version": 1, "identifier": "a",
            "node": "A", "namespace": aim.namespace}  # fmt: skip
    entry[name] = draw.choice((_noise(draw), aim.foreign.encode(), json.dumps(task).encode(), b"1"))


def _only_a_task(draw: random.Random, aim: Aim, entry: Fields) -> None:
    """What looks like a state that came to the stream as those of a rerun do."""
    _add(draw, aim, entry)
    entry[b"task"] = entry.get(b"task", b"{}")
    entry.pop(b"kind", None)


def _count(draw: random.Random, aim: Aim, entry: Fields) -> None:
    """An attempt that is none."""
    forged = ("", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "٣", "01", "nan", "9" * 400, "1\n", "１")
    entry[b"attempt"] = draw.choice(forged).encode()


def _misname(draw: random.Random, aim: Aim, entry: Fields) -> None:
    """Ids and homes that are nobody's."""
    if draw.random() < 0.5:
        entry[b"home"] = draw.choice(("nowhere", "", "a:b", "{x}", "*", "../x", "n" * 129)).encode()
    else:
        entry[b"state"] = draw.choice(("0" * 32, "f" * 32, "0" * 36, "", "g" * 32, "0" * 31 + "\n")).encode()


def _other_body(draw: random.Random, aim: Aim, entry: Fields) -> None:
    """A body of another kind, any JSON, or JSON that is too deep."""
    if draw.random() < 0.2:
        deep = draw.choice((100, 1000, 50_000))
        entry[b"body"] = b"[" * deep + b"]" * deep
    else:
        body = draw.choice((_value(draw, 4), _body(draw, draw.choice([*Kind]))))
        entry[b"body"] = json.dumps(body).encode()


_TRICKS: list[Callable[[random.Random, Aim, Fields], None]] = [
    _leave_out, _garble, _flip, _swell, _add, _only_a_task, _count, _misname, _other_body,
]  # fmt: skip
