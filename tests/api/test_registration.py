"""Registering and listing nodes, and the namespaces that this makes."""

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from api.service import Service, Space, node_class, schema
from exosphere_core import api


def test_registered_nodes_are_answered_and_listed_with_their_runtime_and_times(space: Space) -> None:
    nodes = [node_class("Load", ("source",), secrets=("token",)), node_class("Clean")]
    answer = space.ok(api.REGISTER_NODES, {"runtime_name": "Loader", "nodes": nodes})
    assert answer == {"runtime_name": "Loader", "registered_nodes": nodes, "delivery": None}
    listed = space.ok(api.LIST_NODES)
    assert (listed["namespace"], listed["count"]) == (space.name, 2)
    assert [node["name"] for node in listed["nodes"]] == ["Clean", "Load"]
    load = listed["nodes"][1]
    assert {field: load[field] for field in nodes[0]} == nodes[0]
    assert load["runtime_name"] == "Loader"
    assert load["created_at"].endswith("Z")
    assert load["created_at"] <= load["updated_at"]


def test_a_second_registration_replaces_the_node_and_keeps_its_first_time(space: Space) -> None:
    space.register(node_class("Load"))
    before = space.ok(api.LIST_NODES)["nodes"][0]
    space.register(node_class("Load", ("source",)), runtime_name="another")
    (after,) = space.ok(api.LIST_NODES)["nodes"]
    assert after["runtime_name"] == "another"
    assert after["inputs_schema"] == schema("source")
    assert after["created_at"] == before["created_at"]


def test_extra_keys_are_ignored_and_secrets_may_be_left_out(space: Space) -> None:
    node = {"name": "Load", "inputs_schema": {}, "outputs_schema": {}, "colour": "red"}
    answer = space.register(node, runtime_namespace="old", status="REGISTERED")
    assert answer["registered_nodes"] == [{"name": "Load", "inputs_schema": {}, "outputs_schema": {}, "secrets": []}]


def test_all_bad_names_are_refused_at_once_and_nothing_is_registered(space: Space) -> None:
    nodes = [node_class("Fine"), node_class("a:b"), node_class("Needs", secrets=("two words",))]
    detail = space.refused(400, api.REGISTER_NODES, {"runtime_name": "r{t", "nodes": nodes})
    for named in ("runtime_name 'r{t'", "node name 'a:b'", "node 'Needs': secret 'two words'"):
        assert named in detail
    assert space.ok(api.LIST_NODES)["count"] == 0
    assert space.name not in space.service.call(api.LIST_NAMESPACES).json()["namespaces"]


@pytest.mark.parametrize("name", ["a{b", "a:b", "-a", "a b", "ä", "a" * 129, "a\n", "a\0"])
def test_a_namespace_that_could_disturb_a_key_is_refused_by_name(service: Service, name: str) -> None:
    answer = service.call(api.REGISTER_NODES, {"runtime_name": "rt", "nodes": []}, namespace=name)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("namespace '")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"nodes": []}, "runtime_name"),
        ({"runtime_name": "rt"}, "nodes"),
        ({"runtime_name": 5, "nodes": []}, "runtime_name"),
        ({"runtime_name": "rt", "nodes": [{"name": "A", "outputs_schema": {}}]}, "nodes.0.inputs_schema"),
        ({"runtime_name": "rt", "nodes": [], "delivery": "pigeons"}, "delivery"),
    ],
)
def test_a_registration_of_another_form_is_refused_with_the_field(
    space: Space, body: dict[str, object], place: str
) -> None:
    assert space.refused(422, api.REGISTER_NODES, body).startswith(f"{place}: ")


def test_a_schema_with_a_number_of_any_size_can_be_read_again(space: Space) -> None:
    wide = {"type": "object", "properties": {}, "maxProperties": 10**400}
    space.register({**node_class("Wide"), "inputs_schema": wide})
    assert space.call(api.LIST_NODES).status_code == 200


def test_delivery_is_told_only_to_a_runtime_that_asks_for_it(space: Space) -> None:
    assert space.register(node_class("A"))["delivery"] is None
    assert space.register(node_class("A"), delivery="none")["delivery"] is None
    told = space.register(node_class("A"), delivery="streams")["delivery"]
    settings = space.service.settings
    assert told["shards"] == settings.shards
    assert told["lease_ms"] == settings.lease_ms
    assert told["protocol"] == api.STREAM_PROTOCOL


def test_a_runtime_of_another_stream_protocol_is_refused_and_registers_nothing(space: Space) -> None:
    ours = api.STREAM_PROTOCOL
    assert space.register(node_class("A"), delivery="streams", protocol=ours)["delivery"] is not None
    other = {"runtime_name": "r", "nodes": [node_class("B")], "delivery": "streams", "protocol": ours + 1}
    refused = space.call(api.REGISTER_NODES, body=other)
    assert refused.status_code == 400
    assert refused.json()["detail"] == (
        f"this state manager speaks stream protocol {ours}, the runtime {ours + 1}: "
        "install the same version of exosphere-redis on both"
    )
    assert [node["name"] for node in space.call(api.LIST_NODES).json()["nodes"]] == ["A"]


def test_the_url_of_a_delivery_is_good_for_the_queues_and_not_for_the_records(space: Space) -> None:
    space.chain()
    run = space.trigger()
    url = space.register(node_class("First", ("x",)), delivery="streams")["delivery"]["redis_url"]
    with Redis.from_url(url) as redis:
        queue = f"exo:{{{space.name}:0}}:ready:First"
        assert redis.xreadgroup("runtimes", "w", {queue: ">"}, count=1)
        with pytest.raises(NoPermissionError):
            redis.hgetall(f"exo:{{{space.name}:0}}:run:{run}")


def test_the_address_of_redis_as_the_runtimes_see_it_is_given_with_the_namespaces_user(redis_url: str) -> None:
    with Service(redis_url, worker_redis_url="rediss://boss:pw@redis.test:7000/0?timeout=3") as service:
        told = Space(service, "elsewhere").register(node_class("A"), delivery="streams")["delivery"]
    assert told["redis_url"].startswith("rediss://exo-runtime-elsewhere:")
    assert told["redis_url"].endswith("@redis.test:7000/0?timeout=3")
    assert "boss" not in told["redis_url"]


def test_namespaces_are_listed_in_order_once_something_is_stored_under_them(service: Service) -> None:
    for name in ("order-b", "order-a"):
        Space(service, name).register(node_class("A"))
    Space(service, "order-c").graph({"node_name": "A", "namespace": "order-a", "identifier": "a"})
    answer = service.call(api.LIST_NAMESPACES).json()
    assert [name for name in answer["namespaces"] if name.startswith("order-")] == ["order-a", "order-b", "order-c"]
    assert answer["count"] == len(answer["namespaces"])
