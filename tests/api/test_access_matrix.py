"""Role × call: each key may make the calls of its role in its namespace, and no other; made from the table of all rows."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
from fastapi import APIRouter
from redis import Redis

from api.service import Service, path_of
from exosphere_core import api
from exosphere_core.roles import INCLUDES, Role, suffices
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.routing import handles

KEYED = [row for row in api.ROWS if row.keyed]
HOME = "matrix"
ABROAD = "elsewhere"


class Holder(NamedTuple):
    """Somebody with a key."""

    role: Role
    #: None for all.
    namespace: str | None


HOLDERS = [Holder(role, namespace) for role in Role for namespace in (HOME, ABROAD, None)]


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    """One whose event streams end soon."""
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url, max_watch_ms=50) as service:
        yield service


@pytest.fixture(scope="module")
def keys(service: Service) -> dict[Holder, str]:
    return {holder: service.new_key(holder.role, holder.namespace)["key"] for holder in HOLDERS}


def may(holder: Holder, row: api.Row) -> bool:
    """What the row says about a call in the namespace HOME."""
    if "{namespace}" in row.path:
        covered = holder.namespace in (HOME, None)
    else:
        covered = holder.namespace is None or row.narrows
    return covered and row.permits(holder.role)


def call(service: Service, row: api.Row, key: str) -> httpx.Response:
    """Make a call about what does not exist, without the body that it may need: it changes nothing, whoever may make it."""
    names = re.findall(r"\{(\w+)\}", row.path)
    known = {"page": 1, "size": 10, "version": 1, "index": 0, "namespace": HOME}
    path = path_of(row, **{name: known.get(name, "none") for name in names})
    return service.http.request(row.method, path, headers={api.API_KEY_HEADER: key})


@pytest.mark.parametrize("row", KEYED, ids=[row.name for row in KEYED])
def test_a_call_is_allowed_to_the_roles_that_its_row_names_and_403_to_all_others(
    service: Service, keys: dict[Holder, str], row: api.Row
) -> None:
    for holder, key in keys.items():
        answer = call(service, row, key)
        if may(holder, row):
            assert answer.status_code not in (401, 403), (holder, answer.text)
        else:
            assert answer.status_code == 403, (holder, answer.text)
            assert row.name in answer.json()["detail"]


@pytest.mark.parametrize("row", KEYED, ids=[row.name for row in KEYED])
def test_a_refusal_names_what_is_missing(service: Service, keys: dict[Holder, str], row: api.Row) -> None:
    stranger = call(service, row, keys[Holder(Role.ADMIN, ABROAD)])
    if "{namespace}" in row.path:
        expected = f"this API key is for namespace '{ABROAD}'; {row.name} needs one for namespace '{HOME}'"
        assert stranger.json() == {"detail": expected}
    elif not row.narrows:
        expected = f"this API key is for namespace '{ABROAD}'; {row.name} needs one for all namespaces"
        assert stranger.json() == {"detail": expected}
    for role in Role:
        if not row.permits(role):
            detail = call(service, row, keys[Holder(role, None)]).json()["detail"]
            needed = " or ".join(str(one) for one in (row.role, row.also) if one)
            assert detail == f"this API key has the role {role}; {row.name} needs {needed}"


def test_a_call_with_a_key_can_not_be_declared_without_a_role() -> None:
    with pytest.raises(ValueError, match="row 'forgotten': a call with a key needs a role"):
        api.Row("forgotten", "GET", "/v0/forgotten", "Forgotten", api.Message)
    with pytest.raises(ValueError, match="row 'open'"):
        api.Row("open", "GET", "/open", "Open", api.Message, keyed=False, role=Role.VIEWER)


def test_no_router_can_leave_the_check_out() -> None:
    router = APIRouter()
    handles(router, api.HEALTH)(lambda: None)
    assert isinstance(router.routes[0], JsonRoute)
    with pytest.raises(KeyError, match="forgotten"):
        router.add_api_route("/forgotten", lambda: None, name="forgotten", route_class_override=JsonRoute)


def test_roles_that_read_can_change_nothing_and_only_admins_see_keys_and_audit_log() -> None:
    for row in KEYED:
        if row.permits(Role.VIEWER):
            # What is validated is sent as a body, and not kept.
            assert row.method == "GET" or row is api.VALIDATE_GRAPH, row.name
        if "key" in row.name or "audit" in row.name:
            assert [role for role in Role if row.permits(role)] == [Role.ADMIN], row.name
        assert row.permits(Role.ADMIN), row.name


def test_secrets_are_for_runtimes_and_admins_alone() -> None:
    assert {role for role in Role if api.GET_SECRETS.permits(role)} == {Role.RUNTIME, Role.ADMIN}
    assert not suffices(Role.AUTHOR, Role.RUNTIME)
    assert not suffices(Role.RUNTIME, Role.VIEWER)


def test_a_role_that_includes_another_includes_all_that_this_one_does() -> None:
    for role, included in INCLUDES.items():
        for other in included:
            assert INCLUDES[other] <= included, (role, other)
