"""How many requests a second an API key may make, over all state managers."""

import asyncio
from collections.abc import Iterator
from typing import Any

import fakeredis
import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from api.service import Service, Space, path_of
from exosphere_core import api
from exosphere_core.errors import Overloaded
from exosphere_core.keys import request_rate
from exosphere_core.roles import EVERY_NAMESPACE, Role
from exosphere_core.store.access_keys import admit_request
from exosphere_orchestrator.access.callers import ROOT, Caller
from exosphere_orchestrator.access.rate import RequestRate

LIMIT = 5
CALLER = Caller("k1", EVERY_NAMESPACE, Role.VIEWER)


@pytest.fixture(scope="module")
def narrow(redis_url: str) -> Iterator[tuple[Service, Service]]:
    """Two state managers with a small limit."""
    with BlockingRedis.from_url(redis_url) as redis:
        redis.flushall()
    with (
        Service(redis_url, key_requests_per_second=LIMIT) as one,
        Service(redis_url, key_requests_per_second=LIMIT) as another,
    ):
        yield one, another


@pytest.fixture(params=["fakeredis", "redis"])
def redis_of(request: pytest.FixtureRequest) -> Any:
    url = None if request.param == "fakeredis" else request.getfixturevalue("redis_url")

    def make() -> "Redis":
        return fakeredis.FakeAsyncRedis() if url is None else Redis.from_url(url)

    return make


def play(redis_of: Any, scene: Any) -> None:
    async def act() -> None:
        redis = redis_of()
        try:
            await redis.delete(request_rate("k1"))
            await scene(redis)
        finally:
            await redis.aclose()

    asyncio.run(act())


def test_a_key_that_makes_too_many_requests_is_told_when_to_try_again(narrow: tuple[Service, Service]) -> None:
    one, another = narrow
    key = one.new_key("viewer")["key"]
    answers = [
        service.http.get(path_of(api.LIST_NAMESPACES), headers={api.API_KEY_HEADER: key})
        for service in [one, another] * LIMIT * 4
    ]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429}, "both state managers count the same"
    assert refused[0].headers["retry-after"] == "1"
    detail = refused[0].json()["detail"]
    assert detail.endswith(f"the limit is {LIMIT} a second (EXOSPHERE_KEY_REQUESTS_PER_SECOND)")
    assert key not in detail
    assert refused[0].headers[api.REQUEST_ID_HEADER]


def test_one_keys_excess_is_no_other_keys_matter_and_the_root_key_is_not_counted(
    narrow: tuple[Service, Service],
) -> None:
    one, _ = narrow
    loud, quiet = one.new_key("viewer")["key"], one.new_key("viewer")["key"]
    statuses = [
        one.http.get(path_of(api.LIST_NAMESPACES), headers={api.API_KEY_HEADER: loud}).status_code
        for _ in range(LIMIT * 8)
    ]
    assert 429 in statuses
    assert one.http.get(path_of(api.LIST_NAMESPACES), headers={api.API_KEY_HEADER: quiet}).status_code == 200
    assert {one.call(api.LIST_NAMESPACES).status_code for _ in range(LIMIT * 8)} == {200}


def test_a_stranger_who_knows_the_id_of_a_key_uses_up_nothing_of_it(narrow: tuple[Service, Service]) -> None:
    one, _ = narrow
    key = one.new_key("viewer")["key"]
    wrong = key[:-4] + ("aaaa" if not key.endswith("aaaa") else "bbbb")
    for _ in range(LIMIT * 4):
        answer = one.http.get(path_of(api.LIST_NAMESPACES), headers={api.API_KEY_HEADER: wrong})
        assert answer.status_code == 401
    assert one.http.get(path_of(api.LIST_NAMESPACES), headers={api.API_KEY_HEADER: key}).status_code == 200


def test_a_refused_request_does_nothing(narrow: tuple[Service, Service]) -> None:
    one, _ = narrow
    space = Space(one, "rated")
    key = one.new_key("author", "rated")["key"]
    body = {"runtime_name": "rt", "nodes": []}
    path = path_of(api.REGISTER_NODES, namespace="rated")
    for count in range(LIMIT * 20):
        answer = one.http.put(path, json={**body, "nodes": _nodes(count)}, headers={api.API_KEY_HEADER: key})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert f"N{count}" not in [node["name"] for node in space.ok(api.LIST_NODES)["nodes"]]


def _nodes(count: int) -> list[dict[str, Any]]:
    return [{"name": f"N{count}", "inputs_schema": {}, "outputs_schema": {}}]


def test_as_many_requests_as_a_second_has_are_admitted_at_once_and_then_one_at_a_time(redis_of: Any) -> None:
    async def scene(redis: "Redis") -> None:
        # So few a second that no time that the test takes brings another one.
        waits = [await admit_request(redis, "k1", 3) for _ in range(5)]
        assert waits[:3] == [0, 0, 0]
        assert all(0 < wait <= 334 for wait in waits[3:])
        assert 0 < await redis.pttl(request_rate("k1")) <= 1000

    play(redis_of, scene)


def test_a_clock_that_went_back_keeps_a_key_out_for_a_second_at_most(redis_of: Any) -> None:
    async def scene(redis: "Redis") -> None:
        await redis.hset(request_rate("k1"), "used_until", str(4 * 10**15))
        assert 0 < await admit_request(redis, "k1", 2) <= 500

    play(redis_of, scene)


def test_without_a_limit_and_for_the_root_key_redis_is_not_asked() -> None:
    async def scene() -> None:
        redis = Redis(unix_socket_path="/nowhere/redis.sock")
        await RequestRate(redis, 0).admit(CALLER)
        await RequestRate(redis, 1).admit(ROOT)
        await redis.aclose()

    asyncio.run(scene())


def test_the_limit_is_no_opinion_of_one_process() -> None:
    async def scene() -> None:
        server = fakeredis.FakeServer()
        rates = [RequestRate(fakeredis.FakeAsyncRedis(server=server), 2) for _ in range(2)]
        await rates[0].admit(CALLER)
        await rates[1].admit(CALLER)
        with pytest.raises(Overloaded, match="API key k1 makes too many requests; the limit is 2 a second"):
            await rates[0].admit(CALLER)

    asyncio.run(scene())


def test_a_redis_that_can_not_count_opens_nothing(service: Service) -> None:
    key = service.new_key("viewer")
    found = service.http.get(path_of(api.LIST_NAMESPACES), headers={api.API_KEY_HEADER: key["key"]})
    assert found.status_code == 200

    async def spoil(redis: "Redis") -> None:
        await redis.delete(request_rate(key["id"]))
        await redis.set(request_rate(key["id"]), "no hash")

    service.with_redis(spoil)
    answer = service.http.get(path_of(api.LIST_NAMESPACES), headers={api.API_KEY_HEADER: key["key"]})
    assert answer.status_code == 503
