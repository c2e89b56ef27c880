"""API keys: created once, stored hashed, listed without their secret, refused from the moment they are revoked."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from redis import Redis

from api.service import Service, Space, eventually, node_class, one
from exosphere_core import api
from exosphere_core.key_text import digest_of, read_key
from exosphere_core.keys import access_key
from exosphere_core.store import access_keys
from exosphere_worker.outcome import Failed


def get(service: Service, path: str, key: str) -> httpx.Response:
    return service.http.get(path, headers={api.API_KEY_HEADER: key})


def status_with(space: Space, key: str, row: api.Row = api.LIST_GRAPHS) -> int:
    return space.call(row, headers={api.API_KEY_HEADER: key}).status_code


@pytest.fixture(scope="module")
def second(service: Service) -> Iterator[Service]:
    """Another state manager over the same Redis."""
    with Service(service.redis_url) as other:
        yield other


def test_a_new_key_is_told_whole_and_works(space: Space) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer", "name": " dashboard "})
    assert made["key"].startswith(f"exo_{made['id']}_")
    assert (made["name"], made["namespace"], made["role"], made["status"]) == (
        "dashboard",
        space.name,
        "viewer",
        "active",
    )
    assert (made["created_by"], made["expires_at"], made["last_used_at"], made["revoked_at"]) == (
        "root",
        None,
        None,
        None,
    )
    assert status_with(space, made["key"]) == 200


def test_keys_are_listed_newest_first_without_their_secret(space: Space) -> None:
    made = [space.ok(api.CREATE_KEY, {"role": "viewer", "name": name}) for name in ("a", "b")]
    listed = space.call(api.LIST_KEYS)
    assert sorted(key["name"] for key in listed.json()["keys"]) == ["a", "b"]
    assert listed.json()["count"] == 2
    assert [secret for secret in (key["key"].rpartition("_")[2] for key in made) if secret in listed.text] == []


def test_keys_of_all_namespaces_and_of_one_are_listed_apart(space: Space) -> None:
    mine = space.ok(api.CREATE_KEY, {"role": "viewer"})["id"]
    everyones = space.service.new_key("viewer")["id"]
    assert [key["id"] for key in space.ok(api.LIST_KEYS)["keys"]] == [mine]
    ids = [key["id"] for key in space.ok(api.LIST_GLOBAL_KEYS)["keys"]]
    assert everyones in ids
    assert mine not in ids


def test_of_a_key_only_a_digest_of_its_secret_is_stored(space: Space) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer"})
    parts = read_key(made["key"])
    assert parts is not None
    assert len(parts.secret) == 64
    with Redis.from_url(space.service.redis_url) as redis:
        assert redis.hget(access_key(made["id"]), "digest") == digest_of(parts.secret).encode()


def test_a_revoked_key_is_refused_at_once_by_every_state_manager(space: Space, second: Service) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer"})
    there = Space(second, space.name)
    assert status_with(there, made["key"]) == 200
    told = space.ok(api.REVOKE_KEY, key_id=made["id"])
    assert told["status"] == "revoked"
    assert told["revoked_at"] is not None
    assert status_with(there, made["key"]) == 401
    assert space.ok(api.LIST_KEYS)["keys"][0]["status"] == "revoked"


def test_a_key_may_be_revoked_twice_and_keeps_the_first_time(space: Space) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer"})
    first = space.ok(api.REVOKE_KEY, key_id=made["id"])
    assert space.ok(api.REVOKE_KEY, key_id=made["id"]) == first


def test_a_key_is_refused_once_it_has_expired_and_listed_as_such(space: Space) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer", "expires_in_ms": 1})
    assert made["expires_at"] is not None
    eventually("the key expires", lambda: status_with(space, made["key"]) == 401)
    assert space.ok(api.LIST_KEYS)["keys"][0]["status"] == "expired"
    later = space.ok(api.CREATE_KEY, {"role": "viewer", "expires_in_ms": 3_600_000})
    assert status_with(space, later["key"]) == 200


def test_the_last_use_is_noted_at_most_once_a_minute(space: Space) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer"})
    assert status_with(space, made["key"]) == 200
    first = space.ok(api.LIST_KEYS)["keys"][0]["last_used_at"]
    assert first is not None
    assert status_with(space, made["key"]) == 200
    assert space.ok(api.LIST_KEYS)["keys"][0]["last_used_at"] == first
    with Redis.from_url(space.service.redis_url) as redis:
        noted = int(redis.hget(access_key(made["id"]), "last_used_at") or 0)
        redis.hset(access_key(made["id"]), "last_used_at", noted - 60_000)
    assert status_with(space, made["key"]) == 200
    assert space.ok(api.LIST_KEYS)["keys"][0]["last_used_at"] >= first


def test_the_record_of_a_key_that_is_good_no_more_goes_after_a_day(space: Space) -> None:
    revoked = space.ok(api.CREATE_KEY, {"role": "viewer"})["id"]
    space.ok(api.REVOKE_KEY, key_id=revoked)
    expiring = space.ok(api.CREATE_KEY, {"role": "viewer", "expires_in_ms": 1000})
    assert status_with(space, expiring["key"]) == 200
    with Redis.from_url(space.service.redis_url) as redis:
        for key_id in (revoked, expiring["id"]):
            assert 0 < redis.pttl(access_key(key_id)) <= access_keys.KEPT_MS + 1000
        assert redis.pttl(access_key(space.ok(api.CREATE_KEY, {"role": "viewer"})["id"])) == -1


def test_an_admin_of_a_namespace_manages_its_keys_and_no_others(space: Space) -> None:
    service = space.service
    admin = {api.API_KEY_HEADER: service.new_key("admin", space.name)["key"]}
    made = space.ok(api.CREATE_KEY, {"role": "runtime"}, headers=admin)
    assert made["created_by"] != "root"
    assert space.ok(api.REVOKE_KEY, key_id=made["id"], headers=admin)["status"] == "revoked"
    foreign = service.new_key("viewer", "another")["id"]
    everyones = service.new_key("viewer")["id"]
    unknown = "0" * 16
    answers = [space.call(api.REVOKE_KEY, key_id=key_id, headers=admin) for key_id in (foreign, everyones, unknown)]
    assert {answer.status_code for answer in answers} == {404}
    bodies = {
        answer.text.replace(key_id, "X") for answer, key_id in zip(answers, (foreign, everyones, unknown), strict=True)
    }
    assert len(bodies) == 1
    assert service.call(api.REVOKE_GLOBAL_KEY, key_id=everyones, headers=admin).status_code == 403
    assert service.call(api.CREATE_GLOBAL_KEY, {"role": "viewer"}, headers=admin).status_code == 403


def test_an_admin_of_all_namespaces_manages_every_key(space: Space) -> None:
    admin = {api.API_KEY_HEADER: space.service.new_key("admin")["key"]}
    made = space.ok(api.CREATE_KEY, {"role": "viewer"}, headers=admin)
    space.ok(api.REVOKE_KEY, key_id=made["id"], headers=admin)
    made = space.ok(api.CREATE_GLOBAL_KEY, {"role": "viewer"}, headers=admin)
    assert space.ok(api.REVOKE_GLOBAL_KEY, key_id=made["id"], headers=admin)["status"] == "revoked"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "role"), ({"role": "boss"}, "role"), ({"role": "viewer", "expires_in_ms": 0}, "expires_in_ms"),
        ({"role": "viewer", "colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_a_key_that_can_not_be_is_refused_by_its_field(space: Space, body: dict[str, Any], place: str) -> None:
    assert place in space.refused(422, api.CREATE_KEY, body)


def test_a_name_that_could_disturb_a_list_is_refused(space: Space) -> None:
    detail = space.refused(400, api.CREATE_KEY, {"role": "viewer", "name": "two\nlines"})
    assert detail.startswith(r"name 'two\nlines' is not allowed")


def test_a_namespace_has_a_limit_of_keys_and_those_that_are_gone_do_not_count(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_keys, "MOST_KEYS", 2)
    first, _ = (space.ok(api.CREATE_KEY, {"role": "viewer"}) for _ in range(2))
    assert "2 API keys, which is the limit" in space.refused(409, api.CREATE_KEY, {"role": "viewer"})
    with Redis.from_url(space.service.redis_url) as redis:
        redis.delete(access_key(first["id"]))
        # It was made long ago.
        redis.zadd(f"exo:{{{space.name}}}:access-keys", {first["id"]: 1})
    space.ok(api.CREATE_KEY, {"role": "viewer"})


def test_a_key_of_one_namespace_is_told_of_that_one_only(service: Service) -> None:
    service.new_key("viewer", "mine")
    bound = service.new_key("viewer", "mine")["key"]
    service.new_key("viewer", "theirs")
    assert get(service, "/v0/namespaces", bound).json() == {"namespaces": ["mine"], "count": 1}
    everything = get(service, "/v0/namespaces", service.new_key("viewer")["key"]).json()["namespaces"]
    assert {"mine", "theirs"} <= set(everything)


def test_an_author_registers_nodes_and_is_given_no_way_into_redis(space: Space) -> None:
    author = {api.API_KEY_HEADER: space.service.new_key("author", space.name)["key"]}
    body = {"runtime_name": "rt", "nodes": [node_class("A")]}
    assert space.ok(api.REGISTER_NODES, body, headers=author)["delivery"] is None
    detail = space.refused(403, api.REGISTER_NODES, {**body, "delivery": "streams"}, headers=author)
    assert detail == "this API key has the role author; delivery over streams needs runtime"


def test_a_runtime_key_fetches_only_the_secrets_that_the_node_declares_and_only_while_the_state_runs(
    space: Space,
) -> None:
    runtime = {api.API_KEY_HEADER: space.service.new_key("runtime", space.name)["key"]}
    space.register(node_class("A", secrets=("mine",)), node_class("B", secrets=("theirs",)))
    space.graph(space.node("a"), secrets={"mine": "1", "theirs": "2"})
    space.trigger()
    held = space.take("A")
    assert space.ok(api.GET_SECRETS, state_id=held.state, headers=runtime) == {"secrets": {"mine": "1"}}
    space.report(held, Failed("boom", retryable=False))
    eventually(
        "it has ended", lambda: space.call(api.GET_SECRETS, state_id=held.state, headers=runtime).status_code == 400
    )


def test_a_runtime_key_reads_store_values_of_the_runs_whose_nodes_are_its_own_in_any_namespace(space: Space) -> None:
    guest = Space(space.service, f"{space.name}-guest")
    guest.register(node_class("A"))
    space.register(node_class("Own"))
    space.graph(guest.node("a"))
    space.trigger(store={"colour": "red"})
    state = guest.take("A").state
    runtime = {api.API_KEY_HEADER: space.service.new_key("runtime", guest.name)["key"]}
    told = guest.ok(api.GET_STATE_STORE_VALUE, state_id=state, key="colour", headers=runtime)
    assert told == {"key": "colour", "value": "red"}
    assert guest.ok(api.GET_STATE_STORE_VALUE, state_id=state, key="none", headers=runtime)["value"] is None
    # The namespace of the run has no node of that state.
    space.refused(404, api.GET_STATE_STORE_VALUE, state_id=state, key="colour")


def test_a_key_whose_record_can_not_be_read_is_refused(space: Space, caplog: pytest.LogCaptureFixture) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer"})
    with Redis.from_url(space.service.redis_url) as redis:
        redis.hset(access_key(made["id"]), "role", "emperor")
    assert status_with(space, made["key"]) == 401
    assert f"{access_key(made['id'])}" in caplog.text


def test_a_key_can_be_revoked_when_memory_is_full(space: Space) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer"})
    with space.full_memory():
        assert space.ok(api.REVOKE_KEY, key_id=made["id"])["status"] == "revoked"
        assert status_with(space, made["key"]) == 401
        assert "out of memory" in space.refused(503, api.CREATE_KEY, {"role": "viewer"})


def test_a_revocation_that_redis_lost_is_applied_again_and_a_creation_after_it_revives_nothing(space: Space) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer"})
    space.ok(api.REVOKE_KEY, key_id=made["id"])
    parts = read_key(made["key"])
    assert parts is not None
    record = access_keys.KeyRecord(made["id"], space.name, made["role"], "", "root", 1, None, None, None)

    async def lose_and_apply_again(redis: Any) -> None:
        await redis.delete(access_key(made["id"]))
        await access_keys.revoke_key(redis, made["id"])
        await access_keys.create_key(redis, record, digest_of(parts.secret))

    space.service.with_redis(lose_and_apply_again)
    assert status_with(space, made["key"]) == 401


def test_a_viewer_reads_a_run_that_an_operator_started(space: Space) -> None:
    space.chain()
    headers = {
        role: {api.API_KEY_HEADER: space.service.new_key(role, space.name)["key"]} for role in ("viewer", "operator")
    }
    run = space.ok(api.TRIGGER, {}, headers=headers["operator"])["run_id"]
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    space.wait(run)
    assert space.ok(api.GET_RUN, run_id=run, headers=headers["viewer"])["status"] == "SUCCESS"
    assert space.call(api.RERUN, {}, run_id=run, headers=headers["viewer"]).status_code == 403
