"""What Prometheus is told, and who may read it."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.service import KEY, Service, Space, eventually, many, node_class
from exosphere_core import api
from exosphere_worker.outcome import Failed

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(service: Service, **headers: str) -> Samples:
    answer = service.http.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def queue_figure(samples: Samples, what: str, space: Space, node: str) -> float:
    return samples[f"exosphere_queue_{what}", frozenset({("namespace", space.name), ("node", node)})]


def test_queues_of_every_namespace_are_told_by_node(space: Space) -> None:
    space.register(node_class("Root"), node_class("Leaf", ("x",)))
    space.graph(space.node("root", "leaf"), space.node("leaf", inputs={"x": "${{ root.outputs.v }}"}))
    space.trigger()
    space.do("Root", many("1", "2", "3"))
    space.take("Leaf")
    space.ok(api.PAUSE_QUEUE, node_name="Leaf")
    samples = scraped(space.service)
    assert [queue_figure(samples, what, space, "Leaf") for what in ("depth", "running", "paused")] == [2, 1, 1]
    assert queue_figure(samples, "oldest_seconds", space, "Leaf") > 0
    assert [queue_figure(samples, what, space, "Root") for what in ("depth", "oldest_seconds", "paused")] == [0, 0, 0]


def test_calls_are_counted_by_row_and_status_whatever_their_path(space: Space) -> None:
    def count(call: str, status: int) -> float:
        key = ("exosphere_http_requests_total", frozenset({("call", call), ("status", str(status))}))
        return scraped(space.service).get(key, 0)

    before = count("get_graph", 404), count("other", 401), count("other", 404)
    space.refused(404, api.GET_GRAPH, graph_name="nothing")
    space.service.http.get("/v0/namespaces", headers={api.API_KEY_HEADER: "wrong"})
    for number in range(3):
        space.service.http.get(f"/of/no/use/{number}")
    assert (count("get_graph", 404), count("other", 401), count("other", 404)) == (
        before[0] + 1,
        before[1] + 1,
        before[2] + 3,
    )
    seconds = ("exosphere_http_request_seconds_count", frozenset({("call", "get_graph")}))
    assert scraped(space.service)[seconds] >= 1


def test_it_needs_a_key_for_all_namespaces_which_may_come_as_a_bearer_token(service: Service) -> None:
    viewer = service.new_key("viewer")["key"]
    assert scraped(service, authorization=f"Bearer {viewer}", **{api.API_KEY_HEADER: viewer})
    with_token: dict[str, Any] = {"authorization": f"bearer {viewer}"}
    del service.http.headers[api.API_KEY_HEADER]
    try:
        assert scraped(service, **with_token)
        for headers, status in (
            ({}, 401),
            ({"authorization": "Bearer wrong"}, 401),
            ({"authorization": f"Basic {viewer}"}, 401),
            ({"authorization": f"Bearer {service_key(service, 'runtime', None)}"}, 403),
            ({"authorization": f"Bearer {service_key(service, 'viewer', 'one')}"}, 403),
        ):
            answer = service.http.get("/metrics", headers=headers)
            assert answer.status_code == status, answer.text
            assert "exosphere_" not in answer.text
    finally:
        service.http.headers[api.API_KEY_HEADER] = KEY


def service_key(service: Service, role: str, namespace: str | None) -> str:
    row = api.CREATE_GLOBAL_KEY if namespace is None else api.CREATE_KEY
    made: str = service.call(row, {"role": role}, headers={api.API_KEY_HEADER: KEY}, namespace=namespace).json()["key"]
    return made


@pytest.mark.parametrize("method", ["post", "delete"])
def test_it_can_only_be_read(service: Service, method: str) -> None:
    assert getattr(service.http, method)("/metrics").status_code == 405


def counted(space: Space, name: str, **labels: str) -> float:
    return scraped(space.service).get((name, frozenset(labels.items())), 0)


def test_ends_of_attempts_are_told_by_namespace_node_and_how_and_the_scripts_that_applied_them(space: Space) -> None:
    space.register(node_class("Root"))
    space.graph(space.node("root"), retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1})
    of_root = {"namespace": space.name, "node": "Root"}
    before = [counted(space, f"exosphere_engine_{name}") for name in ("reports_total", "scripts_seconds_count")]
    space.trigger()
    space.do("Root", Failed("no"))
    space.do("Root", Failed("no"))
    eventually(
        "both are counted",
        lambda: (
            [counted(space, "exosphere_attempts_total", **of_root, ended=how) for how in ("retried", "errored")]
            == [1, 1]
        ),
    )
    # Told from the start, so that a rate sees the first one.
    assert ("exosphere_attempts_total", frozenset({**of_root, "ended": "succeeded"}.items())) in scraped(space.service)
    assert counted(space, "exosphere_engine_reports_total") >= before[0] + 2
    assert counted(space, "exosphere_engine_scripts_seconds_count") > before[1]
    assert counted(space, "exosphere_engine_scripts_seconds_bucket", le="+Inf") >= before[1] + 1


def test_redis_tells_how_often_and_how_long_it_worked_at_which_command(space: Space) -> None:
    def of(name: str, command: str) -> float:
        samples = scraped(space.service)
        (value,) = [
            value for (told, labels), value in samples.items() if told == name and ("command", command) in labels
        ]
        return value

    space.chain()
    space.trigger()
    calls, seconds = (
        of("exosphere_redis_commands_total", "evalsha"),
        of("exosphere_redis_command_seconds_total", "evalsha"),
    )
    space.trigger()
    assert of("exosphere_redis_commands_total", "evalsha") > calls
    assert of("exosphere_redis_command_seconds_total", "evalsha") > seconds
