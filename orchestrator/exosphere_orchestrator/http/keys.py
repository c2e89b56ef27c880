"""API keys: create, list, revoke."""

import secrets

from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest, NotFound
from exosphere_core.key_text import ID_BYTES, SECRET_BYTES, KeyParts, digest_of, is_key_id, spell_key
from exosphere_core.names import name_error
from exosphere_core.roles import EVERY_NAMESPACE
from exosphere_core.store import access_keys, catalog
from exosphere_core.store.access_keys import KeyRecord
from exosphere_orchestrator.grants import revoke_users_of
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.guard import caller_of, note_thing
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["access"], route_class=JsonRoute)


@handles(router, api.CREATE_KEY)
async def create_key(request: Request, namespace: str, body: api.CreateKeyRequest) -> api.CreateKeyResponse:
    return await _create(request, checked("namespace", namespace), body)


@handles(router, api.CREATE_GLOBAL_KEY)
async def create_global_key(request: Request, body: api.CreateKeyRequest) -> api.CreateKeyResponse:
    return await _create(request, EVERY_NAMESPACE, body)


@handles(router, api.LIST_KEYS)
async def list_keys(request: Request, namespace: str) -> api.KeysResponse:
    return await _list(request, checked("namespace", namespace))


@handles(router, api.LIST_GLOBAL_KEYS)
async def list_global_keys(request: Request) -> api.KeysResponse:
    return await _list(request, EVERY_NAMESPACE)


@handles(router, api.REVOKE_KEY)
async def revoke_key(request: Request, namespace: str, key_id: str) -> api.KeyBody:
    return await _revoke(request, checked("namespace", namespace), key_id)


@handles(router, api.REVOKE_GLOBAL_KEY)
async def revoke_global_key(request: Request, key_id: str) -> api.KeyBody:
    return await _revoke(request, EVERY_NAMESPACE, key_id)


async def _create(request: Request, namespace: str, body: api.CreateKeyRequest) -> api.CreateKeyResponse:
    redis = services(request).redis
    if body.name and (error := name_error("name", body.name)):
        raise BadRequest(error)
    now = await catalog.now_ms(redis)
    parts = KeyParts(secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES))
    record = KeyRecord(
        id=parts.id,
        namespace=namespace,
        role=body.role,
        name=body.name,
        created_by=caller_of(request).key_id,
        created_at=now,
        expires_at=None if body.expires_in_ms is None else now + body.expires_in_ms,
        last_used_at=None,
        revoked_at=None,
    )
    if namespace != EVERY_NAMESPACE:
        await catalog.note_namespace(redis, namespace)
    await access_keys.create_key(redis, record, digest_of(parts.secret))
    note_thing(request, key_id=record.id, role=record.role)
    return api.CreateKeyResponse(**_body(record, now).model_dump(), key=spell_key(parts))


async def _list(request: Request, namespace: str) -> api.KeysResponse:
    redis = services(request).redis
    found = await access_keys.read_keys_of(redis, namespace)
    now = await catalog.now_ms(redis)
    return api.KeysResponse(namespace=namespace, count=len(found), keys=[_body(record, now) for record in found])


async def _revoke(request: Request, namespace: str, key_id: str) -> api.KeyBody:
    redis = services(request).redis
    await _find(request, namespace, key_id)
    await access_keys.revoke_key(redis, key_id)
    # Only now: a registration with this key looks at it again after it has made a user.
    await revoke_users_of(redis, key_id)
    return _body(await _find(request, namespace, key_id), await catalog.now_ms(redis))


async def _find(request: Request, namespace: str, key_id: str) -> KeyRecord:
    """A key of a namespace. Raises NotFound, with the same words for the key of another one."""
    known = await access_keys.read_key_records(services(request).redis, [key_id]) if is_key_id(key_id) else []
    for record in known:
        if record.namespace == namespace:
            return record
    owner = "there is" if namespace == EVERY_NAMESPACE else f"namespace {namespace!r} has"
    raise NotFound(f"{owner} no API key {key_id[:60]!r}")


def _body(record: KeyRecord, now: int) -> api.KeyBody:
    def moment(unix_ms: int | None) -> str | None:
        return None if unix_ms is None else iso(unix_ms)

    return api.KeyBody(
        id=record.id,
        name=record.name,
        namespace=record.namespace,
        role=record.role,
        status="revoked" if record.revoked_at is not None else "active" if record.is_good(now) else "expired",
        created_at=iso(record.created_at),
        created_by=record.created_by,
        expires_at=moment(record.expires_at),
        last_used_at=moment(record.last_used_at),
        revoked_at=moment(record.revoked_at),
    )
