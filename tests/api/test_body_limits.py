"""Bodies that are meant to harm: nested without end, or sent by drops."""

import socket
from collections.abc import Iterator

import pytest

from api.service import KEY, Service, path_of
from exosphere_core import api

TRIGGER = path_of(api.TRIGGER, namespace="ns", graph_name="g")
REGISTRATION = path_of(api.REGISTER_NODES, namespace="ns")
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def strict(redis_url: str) -> Iterator[Service]:
    with Service(redis_url, max_json_depth=10, body_timeout_ms=300) as service:
        yield service


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_body_nested_deeper_than_the_limit_is_refused_and_one_at_the_limit_is_read(
    strict: Service, opening: bytes, closing: bytes
) -> None:
    inner = b"1" if opening != b"[" else b""
    told = {
        depth: strict.http.put(
            REGISTRATION, content=b'{"runtime_name":' + opening * (depth - 1) + inner + closing * (depth - 1) + b"}",
            headers=JSON,
        ).json()["detail"]
        for depth in (10, 11, 5000)
    }  # fmt: skip
    assert told[10].startswith("runtime_name: ")
    for depth in (11, 5000):
        assert told[depth] == (
            "the body is not JSON: it is nested too deeply; the limit is 10 (EXOSPHERE_MAX_JSON_DEPTH)"
        )


def test_a_body_that_comes_by_drops_is_refused_when_its_time_is_over(strict: Service) -> None:
    address = strict.http.base_url.host, strict.http.base_url.port or 80
    with socket.create_connection(address, timeout=30) as caller:
        caller.sendall(
            f"POST {TRIGGER} HTTP/1.1\r\nhost: x\r\n{api.API_KEY_HEADER}: {KEY}\r\n"
            "content-type: application/json\r\ncontent-length: 1000\r\n\r\n{".encode()
        )
        answer = b""
        while more := caller.recv(65_536):
            answer += more
            if b"EXOSPHERE_BODY_TIMEOUT_MS" in answer:
                break
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not come whole within 300 ms (EXOSPHERE_BODY_TIMEOUT_MS)" in answer


def test_a_call_that_takes_longer_than_a_body_may_is_not_refused(strict: Service) -> None:
    strict.http.put(REGISTRATION, json={"runtime_name": "rt", "nodes": [{
        "name": "A", "inputs_schema": {"type": "object", "properties": {}},
        "outputs_schema": {"type": "object", "properties": {}}, "secrets": [],
    }]})  # fmt: skip
    graph = path_of(api.UPSERT_GRAPH, namespace="ns", graph_name="g")
    node = {"node_name": "A", "namespace": "ns", "identifier": "a", "inputs": {}, "next_nodes": []}
    assert strict.http.put(graph, json={"nodes": [node], "secrets": {}}).status_code == 201
    run = strict.http.post(TRIGGER, json={}).json()["run_id"]
    wait = path_of(api.WAIT_RUN, namespace="ns", run_id=run)
    answer = strict.http.get(wait, params={"timeout_ms": 900})
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
