"""The audit log: one stream a namespace and one for all, only ever added to, and cut at its old end."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import GLOBAL_AUDIT, CatalogKeys
from exosphere_core.roles import EVERY_NAMESPACE
from exosphere_core.store.burst import burst
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import reading


class AuditField(StrEnum):
    """Fields of an entry."""

    KEY_ID = "key_id"  #: who: id of a key, "root", or empty
    CALL = "call"  #: name of the row of the API
    NAMESPACE = "namespace"  #: that the call named
    THINGS = "things"  #: JSON object of text: what the call named or made
    ADDRESS = "address"  #: where it came from
    STATUS = "status"  #: HTTP status of the answer
    REQUEST_ID = "request_id"
    LEFT_OUT = "left_out"  #: how many refused calls before it were too many to be recorded


class Happened(NamedTuple):
    """A call, as the audit log tells of it."""

    #: Whose log: a namespace, or `roles.EVERY_NAMESPACE` for what concerns no single one.
    log: str
    key_id: str
    call: str
    namespace: str
    things: dict[str, str]
    address: str
    status: int
    request_id: str
    left_out: int = 0


class Recorded(NamedTuple):
    """An entry of the log."""

    id: str
    #: Redis' clock, unix ms.
    time: int
    happened: Happened


async def append(redis: "Redis", happened: Sequence[Happened], most: int) -> list[Happened]:
    """Add entries, in order, and return those that Redis did not take, such as for want of memory.

    Args:
        most: how many entries a log holds, roughly; the oldest go first.
    """
    commands = [
        (
            "XADD", stream_of(one.log), "MAXLEN", "~", most, "*",
            AuditField.KEY_ID, one.key_id, AuditField.CALL, one.call, AuditField.NAMESPACE, one.namespace,
            AuditField.THINGS, json.dumps(one.things), AuditField.ADDRESS, one.address, AuditField.STATUS, one.status,
            AuditField.REQUEST_ID, one.request_id, AuditField.LEFT_OUT, one.left_out,
        )
        for one in happened
    ]  # fmt: skip
    replies = await burst(redis, commands)
    return [one for one, reply in zip(happened, replies, strict=True) if isinstance(reply, ResponseError)]


async def read(redis: "Redis", log: str, before: str | None, limit: int) -> list[Recorded]:
    """Read entries, newest first.

    Args:
        before: id; only what stands before it.
    """
    stream = stream_of(log)
    with reading(stream):
        page = await ask(redis, "XREVRANGE", stream, "+" if before is None else f"({before}", "-", "COUNT", limit)
        return [_recorded(log, entry_id.decode(), fields) for entry_id, fields in page]


async def trim(redis: "Redis", log: str, before_ms: int) -> int:
    """Remove what is older than a moment, in unix ms, in bounded steps. Returns how many entries."""
    removed = 0
    # With `~` Redis removes whole nodes of the stream only, and no more than 10,000 entries at a time; what is left after
    # them is less than one node.
    for rule in ("~", "="):
        while gone := int(await ask(redis, "XTRIM", stream_of(log), "MINID", rule, before_ms)):
            removed += gone
    return removed


def stream_of(log: str) -> str:
    """The key of a log."""
    return GLOBAL_AUDIT if log == EVERY_NAMESPACE else CatalogKeys(log).audit


def _recorded(log: str, entry_id: str, fields: dict[bytes, bytes]) -> Recorded:
    text = {name.decode(): value.decode() for name, value in fields.items()}
    return Recorded(
        entry_id,
        int(entry_id.partition("-")[0]),
        Happened(
            log=log,
            key_id=text[AuditField.KEY_ID],
            call=text[AuditField.CALL],
            namespace=text[AuditField.NAMESPACE],
            things=json.loads(text[AuditField.THINGS]),
            address=text[AuditField.ADDRESS],
            status=int(text[AuditField.STATUS]),
            request_id=text[AuditField.REQUEST_ID],
            left_out=int(text[AuditField.LEFT_OUT]),
        ),
    )
