"""The secret of a key, and a secret of a graph, are looked for everywhere."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from api.log_lines import formatted
from api.service import KEY, Service, Space, node_class, one
from exosphere_core import api


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    """One whose event streams end soon."""
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url, max_watch_ms=500) as service:
        yield service


def everything_in(redis_url: str) -> bytes:
    """All of a Redis as bytes: keys and values of every type, the users too."""
    found = bytearray()
    with Redis.from_url(redis_url) as redis:
        for key in redis.scan_iter():
            found += key
            kind = redis.type(key)
            read: dict[bytes, Any] = {
                b"string": redis.get, b"hash": redis.hgetall, b"set": redis.smembers,
                b"zset": lambda name: redis.zrange(name, 0, -1), b"list": lambda name: redis.lrange(name, 0, -1),
                b"stream": redis.xrange,
            }  # fmt: skip
            found += repr(read[kind](key)).encode()
        found += repr(redis.acl_list()).encode()
    return bytes(found)


def test_the_secret_of_a_key_is_found_nowhere_but_in_the_answer_that_made_it(
    space: Space, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = space.ok(api.CREATE_KEY, {"role": "runtime", "name": "canary"})
        secret = made["key"].rpartition("_")[2]
        headers = {api.API_KEY_HEADER: made["key"]}
        space.ok(
            api.REGISTER_NODES,
            {"runtime_name": "rt", "nodes": [node_class("A")], "delivery": "streams"},
            headers=headers,
        )
        answers = [
            space.call(api.LIST_KEYS), space.call(api.TRIGGER, {}, headers=headers), space.call(api.LIST_AUDIT),
            space.call(api.REVOKE_KEY, key_id=made["id"]), space.call(api.LIST_NODES, headers=headers),
            space.service.call(api.LIST_GLOBAL_AUDIT),
        ]  # fmt: skip
    assert made["id"].encode() in everything_in(space.service.redis_url), "the search finds nothing at all"
    assert secret.encode() not in everything_in(space.service.redis_url)
    assert KEY.encode() not in everything_in(space.service.redis_url)
    assert secret not in "".join(answer.text for answer in answers)
    assert secret not in "\n".join(formatted(caplog.records))


def test_a_secret_of_a_graph_is_found_nowhere_but_in_the_answer_to_its_runtime(
    space: Space, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-9d41e7"
    with caplog.at_level(logging.DEBUG):
        space.register(node_class("A", ("x",), secrets=("token",)))
        stored = space.graph(
            space.node("a", inputs={"x": "1"}),
            secrets={"token": canary},
            triggers=[{"type": "CRON", "value": {"expression": "0 0 1 1 *"}}],
        )
        run = space.trigger()
        held = space.take("A")
        assert space.ok(api.GET_SECRETS, state_id=held.state)["secrets"] == {"token": canary}
        space.report(held, one(v="1"))
        space.wait(run)
        path: dict[str, Any] = {
            "run_id": run, "state_id": held.state, "version": 1, "index": 0, "page": 1, "size": 10, "key": "k",
            "bulk_id": space.ok(api.RETRY_RUNS, {})["id"], "node_name": "A",
        }  # fmt: skip
        reads = [row for row in api.ROWS if row.method == "GET" and row is not api.GET_SECRETS]
        answers = {row.name: space.call(row, **path) for row in reads}
        answers["refused upsert"] = space.call(
            api.UPSERT_GRAPH, {"nodes": [], "secrets": {"token": canary}, "triggers": 1}
        )
        answers["graph of a bad name"] = space.call(
            api.UPSERT_GRAPH, {"nodes": [], "secrets": {f"a {canary[:2]}": canary}}, graph_name="other"
        )
    assert stored["secrets"] == {"token": True}
    assert {name for name, answer in answers.items() if answer.status_code >= 500} == set()
    assert answers["watch_run"].status_code == answers["get_run"].status_code == 200
    assert {name for name, answer in answers.items() if canary in answer.text} == set()
    everything = everything_in(space.service.redis_url)
    assert run.encode() in everything, "the search finds nothing at all"
    assert canary.encode() not in everything
    assert canary not in "\n".join(formatted(caplog.records))
