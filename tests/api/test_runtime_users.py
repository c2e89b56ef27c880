"""The Redis user of a runtime belongs to the API key that registered it, and goes with that."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, ConnectionError, NoPermissionError

from api.service import Service, Space, node_class
from exosphere_core import api
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.store import access_keys
from exosphere_core.store.address import with_user
from exosphere_orchestrator import grants
from exosphere_orchestrator.background.access import remove_lost_users
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.grants import RuntimeUser, key_id_in


@pytest.fixture
def root(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        yield redis


def register(space: Space, key: str) -> str:
    """Register a runtime with a key; returns the address of Redis that it is told."""
    headers = {api.API_KEY_HEADER: key}
    told = space.ok(
        api.REGISTER_NODES, {"runtime_name": "rt", "nodes": [node_class("A")], "delivery": "streams"}, headers=headers
    )
    url: str = told["delivery"]["redis_url"]
    return url


def read(redis: Redis, namespace: str) -> Any:
    return redis.xreadgroup(RUNTIMES_GROUP, "w", {ShardKeys(namespace).ready("A"): ">"}, count=1)


def sweep(service: Service) -> int:
    """What the background jobs do twice a minute."""

    async def act(redis: Any) -> int:
        return await remove_lost_users(Jobs(service.settings, redis, service.app.state.services.runs))

    return service.with_redis(act)


def test_each_key_has_a_user_of_its_own_and_the_root_key_that_of_the_namespace(space: Space, root: Redis) -> None:
    first, second = (space.service.new_key("runtime", space.name) for _ in range(2))
    urls = {register(space, made["key"]) for made in (first, second)}
    assert len(urls) == 2
    space.register(node_class("A"), delivery="streams")
    users = set(root.acl_users())
    names = [RuntimeUser(space.name, made["id"]).name for made in (first, second)]
    assert {*names, f"exo-runtime-{space.name}"} <= users
    for url in urls:
        with Redis.from_url(url) as runtime:
            assert not read(runtime, space.name)
            with pytest.raises(NoPermissionError):
                runtime.get("anything")


def test_revoking_a_key_cuts_its_runtimes_off_and_no_others(space: Space, root: Redis) -> None:
    first, second = (space.service.new_key("runtime", space.name) for _ in range(2))
    with Redis.from_url(register(space, first["key"])) as cut, Redis.from_url(register(space, second["key"])) as other:
        assert cut.ping()
        assert other.ping()
        space.ok(api.REVOKE_KEY, key_id=first["id"])
        # The connection that was open is closed, and a new one is refused.
        with pytest.raises((ConnectionError, AuthenticationError)):
            read(cut, space.name)
        with pytest.raises(AuthenticationError):
            read(cut, space.name)
        assert not read(other, space.name)
    assert RuntimeUser(space.name, first["id"]).name not in root.acl_users()


def test_revoking_a_key_of_all_namespaces_removes_its_users_in_each(space: Space, root: Redis) -> None:
    made = space.service.new_key("runtime")
    neighbour = Space(space.service, f"{space.name}-b")
    for each in (space, neighbour):
        register(each, made["key"])
    assert {key_id_in(name) for name in root.acl_users()} >= {made["id"]}
    space.service.call(api.REVOKE_GLOBAL_KEY, key_id=made["id"])
    assert made["id"] not in {key_id_in(name) for name in root.acl_users()}


def test_the_user_of_an_expired_key_is_removed_by_the_next_sweep(space: Space, root: Redis) -> None:
    made = space.service.new_key("runtime", space.name, expires_in_ms=3_600_000)
    with Redis.from_url(register(space, made["key"])) as runtime:
        assert runtime.ping()
        assert sweep(space.service) == 0
        root.hset(f"exo:{{access-key:{made['id']}}}", "expires_at", "1")
        assert sweep(space.service) == 1
        with pytest.raises((ConnectionError, AuthenticationError)):
            runtime.ping()


def test_a_sweep_removes_users_of_keys_that_are_gone_and_leaves_all_others(space: Space, root: Redis) -> None:
    good, gone = (space.service.new_key("runtime", space.name) for _ in range(2))
    for made in (good, gone):
        register(space, made["key"])
    space.register(node_class("A"), delivery="streams")
    root.execute_command("ACL", "SETUSER", "exo-runtime-friend", "on", "nopass")
    root.execute_command("ACL", "SETUSER", "somebody:0123456789abcdef", "on", "nopass")
    root.delete(f"exo:{{access-key:{gone['id']}}}")
    before = set(root.acl_users())
    try:
        assert sweep(space.service) == 1
        assert before - set(root.acl_users()) == {RuntimeUser(space.name, gone["id"]).name}
    finally:
        root.execute_command("ACL", "DELUSER", "exo-runtime-friend", "somebody:0123456789abcdef")


def test_a_registration_that_meets_the_revocation_of_its_key_leaves_no_user(
    space: Space, root: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = space.service.new_key("runtime", space.name)
    ask = grants.ask

    async def revoke_first(server: Any, *command: Any) -> Any:
        if command[:2] == ("ACL", "SETUSER"):
            # The other state manager has looked for users, and found none yet.
            await access_keys.revoke_key(server, made["id"])
        return await ask(server, *command)

    monkeypatch.setattr(grants, "ask", revoke_first)
    body = {"runtime_name": "rt", "nodes": [node_class("A")], "delivery": "streams"}
    answer = space.call(api.REGISTER_NODES, body, headers={api.API_KEY_HEADER: made["key"]})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})
    assert RuntimeUser(space.name, made["id"]).name not in root.acl_users()


def test_a_server_that_lets_nobody_manage_users_is_told_of_and_the_key_is_revoked_all_the_same(
    redis_url: str, root: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    root.execute_command("ACL", "SETUSER", "limited", "reset", "on", ">pw", "~*", "&*", "+@all", "-acl")
    try:
        with Service(with_user(redis_url, "limited", "pw")) as service:
            space = Space(service, "limited")
            made = service.new_key("runtime", space.name)
            assert register(space, made["key"]) == service.redis_url
            assert space.ok(api.REVOKE_KEY, key_id=made["id"])["status"] == "revoked"
            headers = {api.API_KEY_HEADER: made["key"]}
            body = {"runtime_name": "rt", "nodes": []}
            assert space.call(api.REGISTER_NODES, body, headers=headers).status_code == 401
    finally:
        root.execute_command("ACL", "DELUSER", "limited")
    assert "needs +acl|users and +acl|deluser" in caplog.text


def test_the_name_of_a_user_tells_its_key_and_no_other_user_is_taken_for_one() -> None:
    key_id = "0123456789abcdef"
    assert RuntimeUser("a.b-c_d", key_id).name == f"exo-runtime-a.b-c_d:{key_id}"
    assert key_id_in(RuntimeUser("a", key_id).name) == key_id
    others = ["default", RuntimeUser("a").name, f"other-a:{key_id}", f"exo-runtime-a:{key_id}0", "exo-runtime-a:"]
    assert [key_id_in(name) for name in others] == [None] * len(others)


def test_keys_users_and_the_audit_log_work_on_a_cluster(cluster_url: str) -> None:
    with Service(cluster_url) as service:
        space = Space(service, "clustered")
        made = service.new_key("runtime", space.name)
        assert register(space, made["key"]).startswith("redis+cluster://exo-runtime-clustered%3A")
        assert [key["last_used_at"] is not None for key in space.ok(api.LIST_KEYS)["keys"]] == [True]
        space.ok(api.REVOKE_KEY, key_id=made["id"])
        headers = {api.API_KEY_HEADER: made["key"]}
        assert space.call(api.REGISTER_NODES, {"runtime_name": "rt", "nodes": []}, headers=headers).status_code == 401
        assert [entry["call"] for entry in space.ok(api.LIST_AUDIT)["entries"]] == [
            "revoke_key", "register_nodes", "create_key",
        ]  # fmt: skip
        assert "revoke_key" not in service.call(api.LIST_GLOBAL_AUDIT).text
