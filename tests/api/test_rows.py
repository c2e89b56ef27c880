"""Every row of the API: it answers as it declares, wants a key, and says 503 when Redis is away."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from api.polled import enqueue_one
from api.service import Service, Space, eventually, node_class, one, path_of
from conftest import die_with_driver, redis_server_binary
from exosphere_core import api
from exosphere_worker.outcome import Failed

every_row = pytest.mark.parametrize("row", api.ROWS, ids=[row.name for row in api.ROWS])
KEYED = [row for row in api.ROWS if row.keyed]
every_keyed_row = pytest.mark.parametrize("row", KEYED, ids=[row.name for row in KEYED])


class Scene:
    """A namespace with a graph, an ended run and a running state."""

    def __init__(self, space: Space) -> None:
        self.space = space
        space.register(node_class("A", secrets=("token",)), node_class("B"))
        space.graph(space.node("a"), secrets={"token": "swordfish"})
        space.graph(space.node("a"), name="doomed")
        yearly = {"type": "CRON", "value": {"expression": "0 0 1 1 *"}}
        space.graph(space.node("a"), name="timed", secrets={"token": "swordfish"}, triggers=[yearly])
        self.run = space.trigger(store={"key": "value"})
        self.state = space.do("A", one(v="1")).state
        space.wait(self.run)
        self.failed_run, _ = self.failed()
        _, self.failed_state = self.failed()
        space.trigger()
        self.running = space.take("A").state
        space.register(node_class("Polled"))
        space.graph(space.node("polled"), name="polled")
        self.polled = [self.take_polled() for _ in range(4)]
        space.trigger("polled")
        self.pending_run = space.trigger()
        self.key = space.ok(api.CREATE_KEY, {"role": "viewer"})["id"]
        self.global_key = space.ok(api.CREATE_GLOBAL_KEY, {"role": "viewer"})["id"]
        self.logging_run = space.trigger()
        logging = space.take("A").state
        lines = [
            {"state": logging, "at": 1, "text": "half", "kind": "progress", "fields": {"percent": 50, "left": None}}
        ]
        assert space.ok(api.ADD_LINES, {"worker": "rt-1", "lines": lines})["taken"] == 1
        self.bulk = space.ok(api.RETRY_RUNS, {"graph_name": "nothing"})["id"]

    def take_polled(self) -> str:
        """A state that a client has taken over HTTP."""
        self.space.trigger("polled")
        state: str = enqueue_one(self.space, "Polled")["state_id"]
        return state

    def failed(self) -> tuple[str, str]:
        """A run that failed, and the state where it did."""
        run = self.space.trigger()
        state = self.space.do("A", Failed("boom", retryable=False)).state
        self.space.wait(run)
        return run, state

    def example(self, row: api.Row) -> tuple[Any, dict[str, Any]]:
        """A body and the path that make a call of a row succeed."""
        run = {"run_id": self.run}
        examples: dict[str, tuple[Any, dict[str, Any]]] = {
            "health": (None, {}),
            "ready": (None, {}),
            "whoami": (None, {}),
            "list_namespaces": (None, {}),
            "register_nodes": ({"runtime_name": "rt", "nodes": [node_class("B")]}, {}),
            "list_nodes": (None, {}),
            "upsert_graph": ({"nodes": [self.space.node("a")]}, {"graph_name": "new"}),
            "get_graph": (None, {}),
            "list_graphs": (None, {}),
            "trigger": ({}, {}),
            "trigger_many": ({"runs": [{}, {"inputs": {"more": "1"}}]}, {"headers": {"Idempotency-Key": "rows"}}),
            "list_runs": (None, {"page": 1, "size": 10}),
            "get_run": (None, run),
            "wait_run": (None, run),
            "cancel_run": (None, {"run_id": self.pending_run}),
            "retry_run": (None, {"run_id": self.failed_run}),
            "rerun": ({}, run),
            "manual_retry": ({"fanout_id": "again"}, {"state_id": self.failed_state}),
            "get_structure": (None, run),
            "get_state": (None, {**run, "state_id": self.state}),
            "get_secrets": (None, {"state_id": self.running}),
            "get_store_value": (None, {**run, "key": "key"}),
            "get_state_store_value": (None, {"state_id": self.running, "key": "key"}),
            "pause_graph": (None, {"graph_name": "timed"}),
            "resume_graph": (None, {"graph_name": "timed"}),
            "pause_queue": (None, {"node_name": "B"}),
            "resume_queue": (None, {"node_name": "B"}),
            "create_key": ({"role": "viewer"}, {}),
            "list_keys": (None, {}),
            "revoke_key": (None, {"key_id": self.key}),
            "create_global_key": ({"role": "viewer"}, {}),
            "list_global_keys": (None, {}),
            "revoke_global_key": (None, {"key_id": self.global_key}),
            "list_audit": (None, {}),
            "list_global_audit": (None, {}),
            "get_once": (None, {"state_id": self.running, "key": "key"}),
            "record_once": ({"value": [1]}, {"state_id": self.running, "key": "key"}),
            "hand_over_reports": (
                {
                    "reports": [
                        {
                            "shard": 0,
                            "node": "A",
                            "entry": "1-1",
                            "kind": "released",
                            "home": "rows",
                            "state": self.running,
                            "attempt": "99",
                            "body": "{}",
                        },
                    ]
                },
                {},
            ),
            "enqueue_states": ({"nodes": ["Polled"], "batch_size": 1}, {}),
            "state_executed": ({"outputs": [{"v": "1"}]}, {"state_id": self.polled[0]}),
            "state_errored": ({"error": "boom"}, {"state_id": self.polled[1]}),
            "prune_state": ({"data": {}}, {"state_id": self.polled[2]}),
            "re_enqueue_state": ({"enqueue_after": 60_000}, {"state_id": self.polled[3]}),
            "list_versions": (None, {}),
            "get_version": (None, {"version": 1}),
            "delete_graph": (None, {"graph_name": "doomed"}),
            "list_schedules": (None, {}),
            "list_firings": (None, {}),
            "list_rejected": (None, {}),
            "retry_runs": ({"graph_name": "nothing"}, {}),
            "get_bulk_retry": (None, {"bulk_id": self.bulk}),
            "list_states": (None, run),
            "watch_run": (None, run),
            "list_queues": (None, {}),
            "list_runtimes": (None, {}),
            "withdraw_runtime": (None, {"runtime_id": "nobody"}),
            "find_runs": (None, {}),
            "validate_graph": ({"nodes": [self.space.node("a")]}, {"graph_name": "new"}),
            "list_settings": (None, {}),
            "get_figures": (None, {}),
            "watch_namespace": (None, {}),
            "add_lines": ({"worker": "rt-1", "lines": [{"state": self.running, "at": 1, "text": "x"}]}, {}),
            "list_lines": (None, run),
            "follow_lines": (None, {"run_id": self.logging_run}),
            **{f"{verb}_schedule": (None, {"graph_name": "timed", "index": 0}) for verb in ("pause", "resume", "run")},
        }
        assert examples.keys() == {known.name for known in api.ROWS}
        return examples[row.name]


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    """One whose event streams end soon."""
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url, max_watch_ms=500) as service:
        yield service


@pytest.fixture(scope="module")
def scene(service: Service) -> Scene:
    return Scene(Space(service, "rows"))


def url_with_nothing_behind(row: api.Row) -> str:
    names = re.findall(r"\{(\w+)\}", row.path)
    known = {"page": 1, "size": 10, "version": 1, "index": 0, "namespace": f"empty-{row.name}"}
    return path_of(row, **{name: known.get(name, "none") for name in names})


@every_row
def test_a_row_answers_with_the_status_and_just_the_fields_that_it_declares(scene: Scene, row: api.Row) -> None:
    body, path = scene.example(row)
    answer = scene.space.call(row, body, **path)
    assert answer.status_code == row.status
    if row.streams:
        for data in re.findall(r"^data: (.*)$", answer.text, re.MULTILINE):
            assert json.loads(data).keys() <= row.response.model_fields.keys()
            row.response.model_validate_json(data, strict=True)
        return
    assert answer.json().keys() == row.response.model_fields.keys()
    row.response.model_validate_json(answer.content, strict=True)


@every_keyed_row
@pytest.mark.parametrize("headers", [{}, {api.API_KEY_HEADER: "wrong"}], ids=["missing", "wrong"])
def test_a_row_is_refused_without_the_key_and_before_its_body_is_looked_at(
    service: Service, row: api.Row, headers: dict[str, str]
) -> None:
    request = service.http.build_request(
        row.method, url_with_nothing_behind(row), content=b"{", headers={"content-type": "application/json"}
    )
    del request.headers[api.API_KEY_HEADER]
    request.headers.update(headers)
    answer = service.http.send(request)
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Invalid API key"}


@every_keyed_row
def test_a_row_refuses_a_namespace_that_is_no_name(scene: Scene, row: api.Row) -> None:
    body, path = scene.example(row)
    answer = scene.space.call(row, body, **path, namespace="a{b")
    if "{namespace}" in row.path:
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("namespace 'a{b' is not allowed")
    else:
        assert answer.status_code == row.status


@every_keyed_row
def test_what_does_not_exist_is_404_where_the_row_says_so_and_nowhere_else(scene: Scene, row: api.Row) -> None:
    body, more = scene.example(row)
    headers = more.get("headers")
    answer = scene.space.service.http.request(row.method, url_with_nothing_behind(row), json=body, headers=headers)
    assert (answer.status_code == 404) == (404 in row.errors), answer.text


@pytest.fixture(scope="module")
def without_redis() -> Iterator[Service]:
    """A state manager whose Redis went away after it had started."""
    folder = Path(tempfile.mkdtemp(prefix="exo-gone-"))
    address = folder / "redis.sock"
    server = subprocess.Popen(
        [redis_server_binary(), "--port", "0", "--unixsocket", str(address), "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL, preexec_fn=die_with_driver,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while not address.exists():
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.01)
        with Service(f"unix://{address}") as service:
            assert service.http.get("/readyz").status_code == 200
            server.kill()
            server.wait()
            yield service
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@every_row
def test_a_row_says_that_redis_is_away(scene: Scene, without_redis: Service, row: api.Row) -> None:
    body, path = scene.example(row)
    answer = without_redis.call(row, body, **{"namespace": "rows", "graph_name": "g", **path})
    if row in (api.HEALTH, api.LIST_SETTINGS):
        # Nothing of them is in Redis, nor is the root key.
        assert answer.status_code == 200
    else:
        assert answer.status_code == 503
        assert "Redis can't be reached" in answer.json()["detail"]
        assert "unix" not in answer.text
        assert answer.headers[api.REQUEST_ID_HEADER]


def test_a_redis_without_memory_is_told_as_such_and_nothing_is_stored(service: Service) -> None:
    space = Space(service, "memory")
    space.chain()

    def limit(size: str) -> Callable[[Redis], Any]:
        return lambda redis: redis.config_set("maxmemory", size)

    try:
        service.with_redis(limit("1"))
        answer = space.call(api.TRIGGER, {})
        graph = space.refused(503, api.UPSERT_GRAPH, {"nodes": [space.node("first")]}, graph_name="h")
    finally:
        service.with_redis(limit("0"))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    # The look once a second may have told the budget before.
    assert "out of memory" in answer.text or "EXOSPHERE_MAX_MEMORY_PERCENT" in answer.text
    assert "out of memory" in graph
    eventually("triggers are let in again", lambda: space.call(api.TRIGGER, {}).status_code == 200)
    assert space.ok(api.LIST_RUNS, page=1, size=10)["total"] == 1


def test_a_redis_that_takes_no_writes_for_a_reason_of_its_own_is_told_as_one_to_try_again_with(
    service: Service,
) -> None:
    space = Space(service, "unable")
    space.chain()
    try:
        service.with_redis(lambda redis: redis.config_set("min-replicas-to-write", 1))
        told = [
            space.refused(503, api.TRIGGER, {}),
            space.refused(503, api.UPSERT_GRAPH, {"nodes": [space.node("first")]}, graph_name="h"),
            space.refused(503, api.REGISTER_NODES, {"runtime_name": "rt", "nodes": [node_class("New")]}),
        ]
    finally:
        service.with_redis(lambda redis: redis.config_set("min-replicas-to-write", 0))
    said = "Redis takes no writes now: too few replicas are connected (NOREPLICAS); try again later"
    assert told == [said] * 3
    assert space.ok(api.TRIGGER, {})["run_id"]
