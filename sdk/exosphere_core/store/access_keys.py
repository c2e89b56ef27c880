"""API keys: their records, each found by its id, and the lists of them by namespace."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

import msgspec
from redis.asyncio import Redis

from exosphere_core.errors import Conflict
from exosphere_core.keys import GLOBAL_ACCESS_KEYS, CatalogKeys, access_key, request_rate
from exosphere_core.roles import EVERY_NAMESPACE, Role
from exosphere_core.store.burst import burst
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.catalog import now_ms
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import read_reply, reading

#: The most keys of one namespace, those of the last day that are good no more included.
MOST_KEYS: Final = 1000

#: How long the record of a key is kept when it is good no more, in ms: it is listed so long. Much longer than what the
#: API did last is kept to be applied again.
KEPT_MS: Final = 24 * 3_600_000


class KeyField(StrEnum):
    """Fields of a key's HASH."""

    DIGEST = "digest"  #: of its secret; gone when it is revoked
    NAMESPACE = "namespace"  #: "*" for all
    ROLE = "role"  #: see `roles.Role`
    NAME = "name"  #: for people
    CREATED_BY = "created_by"  #: id of a key, or "root"
    CREATED_AT = "created_at"  #: unix ms, Redis' clock
    EXPIRES_AT = "expires_at"  #: unix ms, Redis' clock; empty for never
    LAST_USED_AT = "last_used_at"  #: unix ms, Redis' clock; written at most once a minute
    REVOKED_AT = "revoked_at"  #: unix ms, Redis' clock


class KeyRecord(msgspec.Struct, frozen=True):
    """What is known of a key. Times in unix ms."""

    id: str
    namespace: str
    role: Role
    name: str
    created_by: str
    created_at: int
    expires_at: int | None
    last_used_at: int | None
    revoked_at: int | None

    def is_good(self, now: int) -> bool:
        """Whether it may be used at a time, in unix ms."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class KeyLook(NamedTuple):
    """What decides whether a key is good. Times in unix ms."""

    now: int
    #: None for a key that does not exist, or is revoked.
    digest: str | None
    namespace: str
    role: Role
    expires_at: int | None
    last_used_at: int | None


async def create_key(redis: "Redis", record: KeyRecord, digest: str) -> None:
    """Make a key; from now on it is good.

    Raises:
        Conflict: its namespace has too many.
    """
    index = _index(record.namespace)
    await _forget_gone(redis, index)
    if await ask(redis, "ZCARD", index) >= MOST_KEYS:
        raise Conflict(
            f"{_owner(record.namespace)} {MOST_KEYS} API keys, which is the limit; revoke some: they count for a day more"
        )
    # Listed first: a key that is good and in no list could not be revoked.
    await apply(redis, Call("list_key", [index], [record.id, record.created_at]))
    expires = record.expires_at
    await apply(
        redis,
        Call(
            "create_key",
            [access_key(record.id)],
            [
                digest, record.namespace, record.role, record.name, record.created_by, record.created_at,
                "" if expires is None else expires, "" if expires is None else expires + KEPT_MS,
            ],
        ),
    )  # fmt: skip


async def admit_request(redis: "Redis", key_id: str, per_second: int) -> int:
    """Count a request of a key, over all state managers. Returns 0, or after how many ms the next one is admitted."""
    return int(await apply(redis, Call("admit_request", [request_rate(key_id)], [per_second])))


async def look_up_key(redis: "Redis", key_id: str) -> KeyLook:
    """Read what decides whether a key is good, in one call. Raises CorruptRecord."""
    key = access_key(key_id)
    now, digest, namespace, role, expires_at, last_used_at = await apply(redis, Call("look_up_key", [key], []))
    with reading(key):
        return KeyLook(
            now=int(now),
            digest=None if digest is None else digest.decode(),
            namespace=(namespace or b"").decode(),
            role=Role((role or b"viewer").decode()),
            expires_at=int(expires_at) if expires_at else None,
            last_used_at=int(last_used_at) if last_used_at else None,
        )


async def note_key_use(redis: "Redis", key_id: str) -> None:
    """Note that a key was used now."""
    await apply(redis, Call("note_key_use", [access_key(key_id)], []))


async def revoke_key(redis: "Redis", key_id: str) -> None:
    """Revoke a key: nobody who asks after this takes it any more."""
    await apply(redis, Call("revoke_key", [access_key(key_id)], [KEPT_MS]))


async def read_key_records(redis: "Redis", key_ids: Sequence[str]) -> list[KeyRecord]:
    """Read those of some keys whose records are there."""
    replies = await burst(redis, [("HGETALL", access_key(key_id)) for key_id in key_ids])
    found = (
        read_reply(access_key(key_id), reply, partial(_record, key_id), key_id, {})
        for key_id, reply in zip(key_ids, replies, strict=True)
    )
    return [record for record in found if record is not None]


async def read_keys_of(redis: "Redis", namespace: str) -> list[KeyRecord]:
    """Read the keys of a namespace, or of all (`roles.EVERY_NAMESPACE`), the newest first."""
    ids = [raw.decode() for raw in await ask(redis, "ZREVRANGE", _index(namespace), 0, -1)]
    return await read_key_records(redis, ids)


async def good_keys(redis: "Redis", key_ids: Sequence[str]) -> set[str]:
    """Tell which of some keys may be used now."""
    now = await now_ms(redis)
    return {record.id for record in await read_key_records(redis, key_ids) if record.is_good(now)}


async def _forget_gone(redis: "Redis", index: str) -> None:
    """Take keys off a list whose records are gone. One that is about to be made may be among them: not the newest minute."""
    ids = [raw.decode() for raw in await ask(redis, "ZRANGEBYSCORE", index, "-inf", await now_ms(redis) - 60_000)]
    there = await burst(redis, [("EXISTS", access_key(key_id)) for key_id in ids])
    if gone := [key_id for key_id, known in zip(ids, there, strict=True) if known == 0]:
        await ask(redis, "ZREM", index, *gone)


def _index(namespace: str) -> str:
    return GLOBAL_ACCESS_KEYS if namespace == EVERY_NAMESPACE else CatalogKeys(namespace).access_keys


def _owner(namespace: str) -> str:
    return "there are" if namespace == EVERY_NAMESPACE else f"namespace {namespace!r} has"


def _record(key_id: str, raw: Sequence[bytes] | Mapping[bytes, bytes]) -> KeyRecord | None:
    fields = dict(raw if isinstance(raw, Mapping) else zip(raw[::2], raw[1::2], strict=True))
    # What stands in place of a record that Redis lost tells nothing but that the key is revoked.
    if b"namespace" not in fields:
        return None
    text = {name.decode(): value.decode() for name, value in fields.items()}

    def moment(field: KeyField) -> int | None:
        return int(text[field]) if text.get(field) else None

    return KeyRecord(
        id=key_id,
        namespace=text[KeyField.NAMESPACE],
        role=Role(text[KeyField.ROLE]),
        name=text[KeyField.NAME],
        created_by=text[KeyField.CREATED_BY],
        created_at=int(text[KeyField.CREATED_AT]),
        expires_at=moment(KeyField.EXPIRES_AT),
        last_used_at=moment(KeyField.LAST_USED_AT),
        revoked_at=moment(KeyField.REVOKED_AT),
    )
