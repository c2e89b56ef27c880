"""What somebody tries who has no key, the wrong one, or somebody else's namespace in mind. docs/security.md names each test."""

import hmac
import json
import logging
from typing import Any

import httpx
import pytest

from api.log_lines import formatted
from api.service import KEY, Service, Space, eventually, many, node_class, one
from exosphere_core import api
from exosphere_core.key_text import digest_of, read_key
from exosphere_orchestrator.access import callers
from exosphere_worker.outcome import Failed

INVALID = {"detail": "Invalid API key"}


def ask(
    service: Service, headers: dict[str, Any] | list[tuple[str, str]], path: str = "/v0/namespaces"
) -> httpx.Response:
    request = service.http.build_request("GET", path)
    del request.headers[api.API_KEY_HEADER]
    request.headers.update(headers)
    return service.http.send(request)


def assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()) == (401, INVALID)


def test_a_missing_key_is_refused(service: Service) -> None:
    assert_refused(ask(service, {}))


def wrong_keys() -> list[str]:
    secret = "0123456789abcdef" * 4
    return [
        "", KEY[:-1], KEY + "x", KEY.upper(), "exo__", f"exo_{'0' * 16}_{secret}", f"exo_{'0' * 16}_{secret[:-1]}",
        f"exo_{'0' * 15}*_{secret}", f"EXO_{'0' * 16}_{secret}", f"exo_{'0' * 16}_{secret}_", f"exo_*_{secret}", "root", "*",
    ]  # fmt: skip


@pytest.mark.parametrize("key", wrong_keys())
def test_a_wrong_key_is_refused(service: Service, key: str) -> None:
    assert_refused(ask(service, {api.API_KEY_HEADER: key}))


def test_the_id_of_a_key_with_another_ones_secret_is_refused(service: Service) -> None:
    mine, theirs = service.new_key("viewer"), service.new_key("admin")
    secret = mine["key"].rpartition("_")[2]
    assert_refused(ask(service, {api.API_KEY_HEADER: f"exo_{theirs['id']}_{secret}"}))


def test_the_stored_digest_is_no_key(service: Service) -> None:
    made = service.new_key("admin")
    parts = read_key(made["key"])
    assert parts is not None
    assert_refused(ask(service, {api.API_KEY_HEADER: f"exo_{parts.id}_{digest_of(parts.secret)}"}))


def test_a_revoked_key_is_refused(service: Service) -> None:
    made = service.new_key("viewer")
    assert ask(service, {api.API_KEY_HEADER: made["key"]}).status_code == 200
    assert service.call(api.REVOKE_GLOBAL_KEY, key_id=made["id"]).status_code == 200
    assert_refused(ask(service, {api.API_KEY_HEADER: made["key"]}))


def test_an_expired_key_is_refused(service: Service) -> None:
    made = service.new_key("viewer", expires_in_ms=1)
    eventually("it expires", lambda: ask(service, {api.API_KEY_HEADER: made["key"]}).status_code == 401)
    assert_refused(ask(service, {api.API_KEY_HEADER: made["key"]}))


@pytest.fixture(scope="module")
def foreign(service: Service) -> dict[str, str]:
    """What another namespace has."""
    theirs = Space(service, "theirs")
    theirs.register(node_class("A", secrets=("token",)))
    theirs.graph(theirs.node("a"), secrets={"token": "swordfish"})
    theirs.trigger()
    state = theirs.take("A").state
    run = theirs.trigger()
    bulk = theirs.ok(api.RETRY_RUNS, {"graph_name": "g"})["id"]
    return {"run_id": run, "state_id": state, "key_id": service.new_key("viewer", "theirs")["id"], "bulk_id": bulk}


def rows_about_ids() -> list[api.Row]:
    ids = ("{run_id}", "{state_id}", "{key_id}", "{bulk_id}")
    return [row for row in api.ROWS if "{namespace}" in row.path and any(one_id in row.path for one_id in ids)]


@pytest.mark.parametrize("row", rows_about_ids(), ids=[row.name for row in rows_about_ids()])
def test_an_id_of_another_namespace_is_answered_like_one_that_nobody_has(
    service: Service, foreign: dict[str, str], row: api.Row
) -> None:
    bodies: dict[str, dict[str, object]] = {
        "rerun": {},
        "manual_retry": {"fanout_id": "1"},
        "record_once": {"value": 1},
        "state_executed": {"outputs": []},
        "state_errored": {"error": "broken"},
        "prune_state": {"data": {}},
        "re_enqueue_state": {"enqueue_after": 1},
    }
    key = {api.API_KEY_HEADER: service.new_key("admin", "mine")["key"]}

    def call(ids: dict[str, str]) -> httpx.Response:
        return service.call(
            row, bodies.get(row.name), headers=key, **{"namespace": "mine", "graph_name": "g", "key": "k", **ids}
        )

    # Ids name their shard at their end: what nobody has ends alike.
    nobodys = {
        name: ("0" * 12 + some_id[12:] if "-" not in some_id else "00000000" + some_id[8:])
        for name, some_id in foreign.items()
    }
    theirs, unknown = call(foreign), call(nobodys)
    assert theirs.status_code == unknown.status_code == 404

    def without_ids(answer: httpx.Response, ids: dict[str, str]) -> str:
        text = answer.text
        for name, some_id in ids.items():
            text = text.replace(some_id, name)
        return text

    assert without_ids(theirs, foreign) == without_ids(unknown, nobodys)


@pytest.mark.parametrize("namespace", ["theirs", "nobodys"])
def test_a_namespace_that_is_not_the_keys_is_refused_whether_it_exists_or_not(
    service: Service, foreign: dict[str, str], namespace: str
) -> None:
    key = {api.API_KEY_HEADER: service.new_key("admin", "mine")["key"]}
    answer = service.call(api.LIST_RUNS, headers=key, namespace=namespace, page=1, size=10)
    assert answer.status_code == 403
    assert (
        answer.json()["detail"]
        == f"this API key is for namespace 'mine'; list_runs needs one for namespace '{namespace}'"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v0/namespace/mine%2F..%2Ftheirs/graphs/", "/v0/namespace/mine/../theirs/graphs/", "/v0/namespace/%2e%2e/theirs/graphs/",
        "/v0/namespace//theirs/graphs/", "/v0/namespace/mine%00theirs/graphs/", "/v0/namespace/theirs%20/graphs/",
        "/v0/namespace/*/graphs/", "/v0//namespace/theirs/graphs/", "/V0/namespace/theirs/graphs/",
        "/v0/namespace/mine%0d%0atheirs/graphs/", "/v0/namespace/theirs;mine/graphs/",
    ],
)  # fmt: skip
def test_tricks_with_paths_lead_into_no_other_namespace(service: Service, foreign: dict[str, str], path: str) -> None:
    key = service.new_key("admin", "mine")["key"]
    answer = ask(service, {api.API_KEY_HEADER: key}, path)
    assert answer.status_code in (403, 404), answer.text
    assert "templates" not in answer.text


def test_keys_are_compared_in_constant_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one way of comparing: `hmac.compare_digest`. Without it no key is known, with one that says yes, each is."""
    made = service.new_key("viewer")
    compared: list[tuple[Any, Any]] = []

    class Watched:
        @staticmethod
        def compare_digest(left: Any, right: Any) -> bool:
            compared.append((left, right))
            return False

    monkeypatch.setattr(callers, "hmac", Watched)
    for key in (KEY, made["key"]):
        assert_refused(ask(service, {api.API_KEY_HEADER: key}))
    assert (KEY.encode(), KEY.encode()) in compared
    digest = digest_of(made["key"].rpartition("_")[2])
    assert compared[-1] == (digest, digest)
    compared.clear()
    # A key that does not exist costs the same comparisons.
    assert_refused(ask(service, {api.API_KEY_HEADER: f"exo_{'0' * 16}_{'1' * 64}"}))
    assert len(compared) == 2
    monkeypatch.setattr(callers, "hmac", hmac)
    assert ask(service, {api.API_KEY_HEADER: made["key"]}).status_code == 200


def test_line_breaks_in_names_and_headers_reach_no_log_line_and_no_header(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    forged = "\x1b[2J\r\nWARNING forged: all is well"

    async def fail(*arguments: object) -> None:
        raise RuntimeError(f"can't find {forged}")

    monkeypatch.setattr("exosphere_core.store.catalog.read_namespaces", fail)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("exosphere.http").warning("no graph %s", forged)
        hostile = service.call(api.GET_GRAPH, namespace="mine", graph_name=f"g{forged}")
        failed = service.http.get("/v0/namespaces", headers={"x-other": "a", api.REQUEST_ID_HEADER: "x\ty"})
    assert hostile.status_code == 400
    assert "\n" not in hostile.text
    assert failed.status_code == 500
    assert len(failed.headers[api.REQUEST_ID_HEADER]) == 32
    lines = list(formatted(caplog.records))
    assert any("forged" in line for line in lines)
    assert not [line for line in lines if line.startswith("WARNING forged") or "\x1b" in line or "\r" in line]


def test_line_breaks_in_names_are_told_by_the_audit_log_as_text(space: Space) -> None:
    viewer = {api.API_KEY_HEADER: space.service.new_key("viewer", space.name)["key"]}
    assert space.call(api.DELETE_GRAPH, graph_name="g\r\nforged: 1", headers=viewer).status_code == 403
    answer = space.call(api.LIST_AUDIT)
    assert answer.json()["entries"][0]["things"] == {"graph_name": "g\r\nforged: 1"}
    assert "\r" not in answer.text


def test_a_report_for_the_state_of_another_namespace_changes_nothing(service: Service, foreign: dict[str, str]) -> None:
    """A runtime key of one namespace hands over a report that ends the state of another."""
    mine, theirs = Space(service, "mine"), Space(service, "theirs")
    runtime = {api.API_KEY_HEADER: service.new_key("runtime", "mine")["key"]}
    mine.register(node_class("A"))
    report = {
        "shard": 0, "node": "A", "entry": "1-1", "kind": "executed", "home": "theirs", "state": foreign["state_id"],
        "attempt": "1", "body": json.dumps({"outputs": [{"v": "forged"}]}),
    }  # fmt: skip
    before = service.call(api.LIST_REJECTED, namespace="mine").json()["total"]
    mine.ok(api.HAND_OVER_REPORTS, {"reports": [report]}, headers=runtime)
    eventually("it is put aside", lambda: service.call(api.LIST_REJECTED, namespace="mine").json()["total"] > before)
    # Still running: its secrets are given to its own runtimes.
    assert theirs.ok(api.GET_SECRETS, state_id=foreign["state_id"]) == {"secrets": {"token": "swordfish"}}


def test_a_report_that_is_sent_again_with_another_outcome_changes_nothing(space: Space) -> None:
    space.chain()
    run = space.trigger()
    held = space.do("First", one(v="1"))
    second = space.take("Second")
    before = space.ok(api.GET_STATE, run_id=run, state_id=held.state)
    for replayed in (one(v="forged"), many("1", "2", "3"), Failed("forged")):
        space.report(held, replayed)
    space.report(second, one(v="2"))
    assert space.wait(run)["status"] == "SUCCESS"
    assert space.ok(api.GET_STATE, run_id=run, state_id=held.state) == before
    assert space.ok(api.GET_STRUCTURE, run_id=run)["node_count"] == 2


def test_a_runtime_key_of_another_namespace_gets_no_secrets(service: Service, foreign: dict[str, str]) -> None:
    stranger = {api.API_KEY_HEADER: service.new_key("runtime", "mine")["key"]}
    for namespace, status in (("theirs", 403), ("mine", 404)):
        answer = service.call(api.GET_SECRETS, namespace=namespace, state_id=foreign["state_id"], headers=stranger)
        assert answer.status_code == status
        assert "swordfish" not in answer.text


def test_a_graph_can_not_put_the_runtimes_of_another_namespace_to_work(
    service: Service, foreign: dict[str, str]
) -> None:
    author = {api.API_KEY_HEADER: service.new_key("author", "mine")["key"]}
    node = {"node_name": "A", "namespace": " theirs ", "identifier": "a"}
    answer = service.call(api.UPSERT_GRAPH, {"nodes": [node]}, namespace="mine", graph_name="g", headers=author)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "node 'a' is of namespace 'theirs'; this API key is for namespace 'mine'"
    everyones = {api.API_KEY_HEADER: service.new_key("author")["key"]}
    answer = service.call(api.UPSERT_GRAPH, {"nodes": [node]}, namespace="mine", graph_name="g", headers=everyones)
    assert answer.status_code == 201


def test_values_that_look_like_placeholders_stay_text(space: Space) -> None:
    space.register(node_class("First", ("x",)), node_class("Second", ("y",), secrets=("token",)))
    space.graph(
        space.node("first", "second", inputs={"x": "default"}),
        space.node("second", inputs={"y": "${{ first.outputs.v }}"}),
        secrets={"token": "swordfish"},
    )
    forged = "${{ store.hidden }} ${{ secrets.token }} ${{ first.outputs.v }}"
    space.trigger(inputs={"x": forged}, store={"hidden": "treasure"})
    first = space.take("First")
    assert json.loads(first.inputs) == {"x": forged}
    space.report(first, one(v=forged))
    assert json.loads(space.take("Second").inputs) == {"y": forged}
