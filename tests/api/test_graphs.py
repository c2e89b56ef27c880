"""Upserting, reading and listing graphs."""

import asyncio
from typing import Any

import pytest

from api.service import Service, Space, node_class, schema
from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_core.keys import CatalogKeys
from exosphere_core.store import catalog
from exosphere_orchestrator.catalog import graphs, nodes
from exosphere_orchestrator.vault import Vault, new_key

SECRET = "swordfish-and-chips"


def test_an_upsert_answers_every_field(space: Space) -> None:
    space.register(node_class("Load", ("source",), secrets=("token",)), node_class("Clean", ("data",)))
    answer = space.graph(
        space.node(
            "load", "clean", inputs={"source": "${{ store.cursor }}"}, timeout_ms=5000,
            retry_policy={"max_retries": 0},
        ),
        space.node("clean", inputs={"data": "${{ load.outputs.v }}"}, next_nodes=None),
        name="etl",
        secrets={"token": SECRET},
        retry_policy={"max_retries": 5, "strategy": "LINEAR", "backoff_factor": 10, "exponent": 3, "max_delay": 900},
        store_config={"required_keys": ["cursor"], "default_values": {"size": "100"}},
        triggers=[{"type": "CRON", "value": {"expression": "0 9 * * 1-5", "timezone": "Europe/Paris"}}],
    )  # fmt: skip
    times = [answer.pop("created_at"), answer.pop("updated_at")]
    assert all(moment.endswith("Z") for moment in times)
    assert answer == {
        "name": "etl",
        "namespace": space.name,
        "version": 1,
        "nodes": [
            {
                "node_name": "Load", "namespace": space.name, "identifier": "load",
                "inputs": {"source": "${{ store.cursor }}"}, "next_nodes": ["clean"], "unites": None,
                "retry_policy": {
                    "max_retries": 0, "strategy": "EXPONENTIAL", "backoff_factor": 2000, "exponent": 2, "max_delay": None,
                },
                "timeout_ms": 5000,
            },
            {
                "node_name": "Clean", "namespace": space.name, "identifier": "clean",
                "inputs": {"data": "${{ load.outputs.v }}"}, "next_nodes": None, "unites": None,
                "retry_policy": None, "timeout_ms": None,
            },
        ],
        "secrets": {"token": True},
        "retry_policy": {
            "max_retries": 5, "strategy": "LINEAR", "backoff_factor": 10, "exponent": 3, "max_delay": 900,
        },
        "store_config": {"required_keys": ["cursor"], "default_values": {"size": "100"}},
        "triggers": [{"type": "CRON", "value": {"expression": "0 9 * * 1-5", "timezone": "Europe/Paris"}}],
        "validation_status": "VALID",
        "validation_errors": [],
        "paused": False,
        "paused_at": None,
    }  # fmt: skip


def test_a_graph_that_says_only_its_nodes_gets_the_documented_defaults(space: Space) -> None:
    answer = space.graph({"node_name": " A ", "namespace": space.name, "identifier": " a "})
    assert answer["nodes"][0]["identifier"] == "a"
    assert answer["nodes"][0]["node_name"] == "A"
    assert answer["secrets"] == {}
    assert answer["store_config"] == {"required_keys": [], "default_values": {}}
    assert answer["triggers"] == []
    assert answer["retry_policy"] == {
        "max_retries": 3, "strategy": "EXPONENTIAL", "backoff_factor": 2000, "exponent": 2, "max_delay": None,
    }  # fmt: skip


def test_get_and_list_answer_the_same_as_the_upsert(space: Space) -> None:
    space.register(node_class("A"))
    second = space.graph(space.node("a"), name="two", secrets={"token": SECRET})
    first = space.graph(space.node("a"), name="one")
    assert space.ok(api.GET_GRAPH, graph_name="two") == second
    listed = space.ok(api.LIST_GRAPHS)
    assert listed == {"namespace": space.name, "count": 2, "templates": [first, second]}


def test_an_unknown_graph_is_not_found_and_named(space: Space) -> None:
    assert space.refused(404, api.GET_GRAPH, graph_name="nope") == f"namespace '{space.name}' has no graph 'nope'"
    assert space.ok(api.LIST_GRAPHS) == {"namespace": space.name, "count": 0, "templates": []}


def test_the_version_moves_when_the_template_or_a_secret_changes_and_only_then(space: Space) -> None:
    space.register(node_class("A", ("x",)))
    node = space.node("a", inputs={"x": "1"})
    first = space.graph(node, secrets={"token": SECRET})
    same = space.graph(node, secrets={"token": SECRET})
    assert {**same, "updated_at": ""} == {**first, "updated_at": ""}
    changed = space.graph({**node, "inputs": {"x": "2"}}, secrets={"token": SECRET})
    assert changed["version"] == 2
    assert changed["created_at"] == first["created_at"]
    assert space.graph({**node, "inputs": {"x": "2"}}, secrets={"token": "another"})["version"] == 3
    assert space.graph({**node, "inputs": {"x": "2"}})["version"] == 4


def test_secrets_are_named_never_shown_and_encrypted_at_rest(space: Space) -> None:
    answers = [
        space.call(api.UPSERT_GRAPH, {"nodes": [space.node("a")], "secrets": {"token": SECRET}}),
        space.call(api.GET_GRAPH),
        space.call(api.LIST_GRAPHS),
        space.call(api.UPSERT_GRAPH, {"nodes": [], "secrets": {"token": SECRET, "two words": SECRET}}),
        space.call(api.UPSERT_GRAPH, {"nodes": 5, "secrets": {"token": SECRET}}),
        space.call(api.UPSERT_GRAPH, {"nodes": [], "secrets": {"token": [SECRET]}}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 400, 422, 422]
    assert all(SECRET not in answer.text for answer in answers)
    assert answers[1].json()["secrets"] == {"token": True}
    key = CatalogKeys(space.name).version("g", 1)
    stored = space.service.with_redis(lambda redis: redis.hgetall(key))
    assert stored
    assert all(SECRET.encode() not in value for value in stored.values())


def structural_faults(space: Space) -> list[tuple[dict[str, Any], str]]:
    a = space.node("a")
    return [
        ({"nodes": []}, "nodes"),
        ({"nodes": [a, a]}, "'a'"),
        ({"nodes": [space.node("a", "b")]}, "'b'"),
        ({"nodes": [space.node("a"), space.node("b")]}, "root"),
        ({"nodes": [space.node("a", "b"), space.node("b", "a")]}, "cycle"),
        ({"nodes": [{**a, "identifier": "store"}]}, "store"),
        ({"nodes": [{**a, "identifier": ""}]}, "identifier"),
        ({"nodes": [{**a, "inputs": {"x": 5}}]}, "x"),
        ({"nodes": [{**a, "inputs": {"x": "${{ nonsense }}"}}]}, "x"),
        ({"nodes": [{**a, "inputs": {"x": "${{ store.cursor }}"}}]}, "cursor"),
        ({"nodes": [{**a, "unites": {"identifier": "a"}}]}, "unites"),
        ({"nodes": [{**a, "colour": "red"}]}, "colour"),
        ({"nodes": [a], "retry_policy": {"strategy": "HOPE"}}, "retry_policy"),
        ({"nodes": [a], "store_config": {"required_keys": ["a.b"]}}, "a.b"),
        ({"nodes": [a], "secrets": {"two words": SECRET}}, "two words"),
        ({"nodes": [a], "triggers": [{"type": "CRON", "value": {"expression": "never"}}]}, "never"),
        (
            {"nodes": [a], "triggers": [{"type": "CRON", "value": {"expression": "* * * * *", "timezone": "Moon/Sea"}}]},
            "Moon/Sea",
        ),
    ]  # fmt: skip


def test_a_structural_error_is_refused_and_the_version_before_stays_in_force(space: Space) -> None:
    space.register(node_class("A"))
    before = space.graph(space.node("a"))
    for body, named in structural_faults(space):
        answer = space.call(api.UPSERT_GRAPH, body)
        assert answer.status_code == 400, body
        assert answer.json()["errors"], body
        assert any(named in error for error in answer.json()["errors"]), answer.text
        assert all(error in answer.json()["detail"] for error in answer.json()["errors"])
    assert space.ok(api.GET_GRAPH) == before
    assert space.ok(api.UPSERT_GRAPH, {"nodes": [space.node("a")]})["version"] == 1
    space.trigger()


def test_a_graph_whose_first_upsert_is_refused_does_not_exist(space: Space) -> None:
    space.refused(400, api.UPSERT_GRAPH, {"nodes": []})
    space.refused(404, api.GET_GRAPH)
    assert space.name not in space.service.call(api.LIST_NAMESPACES).json()["namespaces"]


def test_all_structural_errors_come_at_once(space: Space) -> None:
    body = {
        "nodes": [
            space.node("a", "gone", inputs={"x": "${{ broken"}),
            space.node("b", inputs={"y": 5}),
        ],
        "secrets": {"two words": SECRET},
    }
    errors = " | ".join(space.call(api.UPSERT_GRAPH, body).json()["errors"])
    for named in ("'gone'", "inputs.x", "inputs.y", "two words"):
        assert named in errors


def test_a_graph_with_more_nodes_than_the_limit_is_refused_with_limit_and_size(redis_url: str) -> None:
    with Service(redis_url, max_nodes=2) as service:
        space = Space(service, "small")
        nodes = [space.node("a", "b"), space.node("b", "c"), space.node("c")]
        detail = space.refused(400, api.UPSERT_GRAPH, {"nodes": nodes})
    assert "the graph has 3 nodes; the limit is 2 (EXOSPHERE_MAX_NODES)" in detail


def test_what_the_registry_does_not_allow_is_stored_as_invalid_with_all_errors(space: Space) -> None:
    space.register(
        node_class("Load", ("source",), secrets=("token",)),
        {**node_class("Count"), "inputs_schema": schema("n", kind="integer")},
    )
    stored = space.graph(
        space.node("load", "count", inputs={"surce": "s"}),
        space.node("count", "gone", inputs={"n": "${{ load.outputs.w }}"}),
        space.node("gone"),
    )
    assert stored["validation_status"] == "INVALID"
    assert stored["version"] == 1
    errors = stored["validation_errors"]
    for node, named in [
        ("load", "'Load' has no such input; did you mean 'source'?"),
        ("load", "inputs.source: required by 'Load' and missing"),
        ("load", "secret 'token' is needed by 'Load'"),
        ("count", "input 'n' of 'Count' is not a string"),
        ("count", "reads an output that 'Load' does not have"),
        ("gone", f"'Gone' is not registered in namespace '{space.name}'"),
    ]:
        assert any(error.startswith(f"node '{node}'") and named in error for error in errors), (named, errors)
    assert space.ok(api.GET_GRAPH) == stored


def test_an_invalid_graph_becomes_valid_by_itself_when_its_nodes_register_in_whichever_namespace(
    service: Service, space: Space
) -> None:
    other = Space(service, f"{space.name}-other")
    stored = space.graph(space.node("a", "b"), {**space.node("b"), "namespace": other.name})
    assert len(stored["validation_errors"]) == 2
    space.register(node_class("A"))
    half = space.ok(api.GET_GRAPH)
    assert half["validation_status"] == "INVALID"
    assert len(half["validation_errors"]) == 1
    other.register(node_class("B"))
    whole = space.ok(api.GET_GRAPH)
    assert (whole["validation_status"], whole["validation_errors"], whole["version"]) == ("VALID", [], 1)
    space.trigger()


def test_a_node_that_registers_while_the_graph_is_being_stored_makes_it_valid(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving, registered = asyncio.Event(), asyncio.Event()
    save = catalog.save_version

    async def save_late(*arguments: Any, **more: Any) -> bool:
        saving.set()
        await registered.wait()
        return await save(*arguments, **more)

    monkeypatch.setattr(catalog, "save_version", save_late)
    settings = space.service.settings

    async def race(redis: Any) -> str:
        vault = Vault(settings.encryption_key.get_secret_value())
        body = {"nodes": [space.node("a")]}
        upserting = asyncio.create_task(graphs.upsert(redis, vault, space.name, "g", body, {}, 10))
        await saving.wait()
        await nodes.register(redis, space.name, "rt", [api.NodeBody(**node_class("A"))], 1)
        await graphs.judge_again(redis, space.name)
        registered.set()
        return (await upserting).head.validation_status

    assert space.service.with_redis(race) == "VALID"


def test_a_graph_whose_secrets_no_key_opens_any_more_can_be_stored_anew(redis_url: str) -> None:
    with Service(redis_url) as service:
        Space(service, "rekeyed").graph(Space(service, "rekeyed").node("a"), secrets={"token": SECRET})
    with Service(redis_url, encryption_key=new_key()) as service:
        space = Space(service, "rekeyed")
        assert space.graph(space.node("a"), secrets={"token": SECRET})["version"] == 2


def test_many_upserts_at_once_give_each_change_its_own_version(space: Space) -> None:
    space.register(node_class("A", ("x",)))

    async def upsert_all() -> list[int]:
        client = ApiClient(str(space.service.http.base_url), space.service.settings.api_key.get_secret_value())
        try:
            answers = await asyncio.gather(
                *(
                    client.call(
                        api.UPSERT_GRAPH, namespace=space.name, graph_name="g",
                        body={"nodes": [space.node("a", inputs={"x": str(number)})]},
                    )
                    for number in range(5)
                )
            )  # fmt: skip
        finally:
            await client.aclose()
        return [answer["version"] for answer in answers]

    assert max(asyncio.run(upsert_all())) == 5
    assert space.ok(api.GET_GRAPH)["version"] == 5


def test_white_space_around_names_is_cut_off_in_urls_secrets_and_the_store(space: Space) -> None:
    space.register(node_class("Load", ("source",), secrets=("token",)))
    declared = {**space.node("load", inputs={"source": "${{ store.cursor }}"})}
    body = {"nodes": [declared], "secrets": {" token ": SECRET}, "store_config": {"required_keys": ["cursor"]}}
    stored = space.service.call(api.UPSERT_GRAPH, body, namespace=f" {space.name} ", graph_name=" etl ")
    assert stored.status_code == 201, stored.text
    assert (stored.json()["name"], stored.json()["secrets"]) == ("etl", {"token": True})
    assert stored.json()["validation_status"] == "VALID"
    run = space.service.call(api.TRIGGER, {"store": {" cursor": "7"}}, namespace=space.name, graph_name="etl")
    found = space.service.call(api.GET_RUN, namespace=space.name, run_id=run.json()["run_id"])
    assert found.json()["store"] == {"cursor": "7"}


def test_a_name_that_is_given_twice_but_for_white_space_is_refused(space: Space) -> None:
    body = {"nodes": [], "secrets": {"token": "1", " token ": "2"}}
    refused = space.service.call(api.UPSERT_GRAPH, body, namespace=space.name, graph_name="etl")
    assert refused.status_code == 400
    assert refused.json()["detail"] == "secrets: 'token' is given more than once"
