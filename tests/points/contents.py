"""Everything that a server holds, as values that can be compared. It is read often, so not by way of a client."""

from typing import Any

from points.line import Line
from points.power_server import PROBE

#: Everything in a server that a torn script could leave half done: key → value; of a stream its entries, what is
#: pending of each group, and how far each has read.
Contents = dict[str, Any]

#: Type of a key → the command that reads all of it, and its arguments behind the key.
_READ: dict[bytes, tuple[bytes, ...]] = {
    b"hash": (b"HGETALL",), b"zset": (b"ZRANGE", b"0", b"-1", b"WITHSCORES"), b"set": (b"SMEMBERS",),
    b"list": (b"LRANGE", b"0", b"-1"), b"stream": (b"XRANGE", b"-", b"+"),
}  # fmt: skip


def contents_of(line: Line) -> Contents:
    """Read all keys. What a reader of a stream last did and when is left out: it changes without a write."""
    found: Contents = {}
    for key in sorted(line.exchange([b"KEYS", b"*"])):
        if key == PROBE:
            continue
        kind = line.exchange([b"TYPE", key])
        name, *more = _READ.get(kind, (b"DUMP",))
        value = line.exchange([name, key, *more])
        if kind == b"hash":
            value = dict(zip(value[::2], value[1::2], strict=True))
        elif kind == b"set":
            value = set(value)
        elif kind == b"stream":
            value = value, *_groups(line, key)
        found[key.decode()] = value
        if line.exchange([b"PTTL", key]) >= 0:
            found[f"{key.decode()} goes by itself"] = True
    return found


def _groups(line: Line, key: bytes) -> tuple[dict[bytes, list[tuple[bytes, bytes]]], list[bytes]]:
    groups = [dict(zip(raw[::2], raw[1::2], strict=True)) for raw in line.exchange([b"XINFO", b"GROUPS", key])]
    pending = {
        group[b"name"]: [
            (entry, consumer)
            for entry, consumer, *_ in line.exchange([b"XPENDING", key, group[b"name"], b"-", b"+", b"10000"])
        ]
        for group in groups
    }
    return pending, [group[b"last-delivered-id"] for group in groups]
