import pytest
from pydantic import BaseModel, ValidationError

from exospherehost import (
    CronTrigger,
    GraphNodeModel,
    RetryPolicyModel,
    RetryStrategyEnum,
    StoreConfigModel,
    UnitesModel,
    UnitesStrategyEnum,
)


def node(**fields: object) -> GraphNodeModel:
    return GraphNodeModel.model_validate({"node_name": "Load", "namespace": "demo", "identifier": "load", **fields})


def test_a_node_needs_three_names_and_nothing_else() -> None:
    made = node()
    assert (made.inputs, made.next_nodes, made.unites) == ({}, None, None)


def test_names_and_next_nodes_are_trimmed() -> None:
    made = node(node_name=" Load ", namespace="\tdemo\n", identifier=" load", next_nodes=[" clean "])
    assert (made.node_name, made.namespace, made.identifier) == ("Load", "demo", "load")
    assert made.next_nodes == ["clean"]


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"node_name": " "}, "node_name is empty"),
        ({"namespace": ""}, "namespace is empty"),
        ({"identifier": "\t"}, "identifier is empty"),
        ({"identifier": "store"}, "reserved"),
        ({"identifier": "a.b"}, "'a.b' is not allowed"),
        ({"next_nodes": ["a", " a"]}, "next_nodes names 'a' more than once"),
        ({"next_nodes": [""]}, "next_nodes entry is empty"),
        ({"inputs": {"count": 3}}, "inputs.count"),
        ({"unites": {"identifier": ""}}, "unites identifier is empty"),
        ({"nxt": []}, "nxt"),
    ],
)
def test_a_wrong_node_is_refused_with_the_field_at_fault(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        node(**fields)
    assert said in str(refused.value)


def test_a_unite_waits_for_success_unless_told_otherwise() -> None:
    assert UnitesModel(identifier=" fan ").identifier == "fan"
    assert UnitesModel(identifier="fan").strategy is UnitesStrategyEnum.ALL_SUCCESS
    assert [member.value for member in UnitesStrategyEnum] == ["ALL_SUCCESS", "ALL_DONE"]


def test_a_retry_policy_has_the_documented_defaults() -> None:
    policy = RetryPolicyModel()
    assert (policy.max_retries, policy.strategy, policy.backoff_factor, policy.exponent, policy.max_delay) == (
        3,
        RetryStrategyEnum.EXPONENTIAL,
        2000,
        2,
        None,
    )


@pytest.mark.parametrize(
    "field, value",
    [("max_retries", -1), ("backoff_factor", 0), ("exponent", 0), ("max_delay", 0), ("strategy", "SOMETIMES")],
)
def test_a_retry_policy_out_of_range_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        RetryPolicyModel.model_validate({field: value})


def test_there_are_nine_retry_strategies() -> None:
    assert {member.value for member in RetryStrategyEnum} == {
        family + jitter
        for family in ("EXPONENTIAL", "LINEAR", "FIXED")
        for jitter in ("", "_FULL_JITTER", "_EQUAL_JITTER")
    }


def test_store_values_become_text_and_keys_are_trimmed() -> None:
    config = StoreConfigModel.model_validate({"required_keys": [" cursor "], "default_values": {" size ": 100}})
    assert config.required_keys == ["cursor"]
    assert config.default_values == {"size": "100"}


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"required_keys": ["a", "a "]}, "more than once"),
        ({"required_keys": [" "]}, "empty"),
        ({"required_keys": ["a.b"]}, "'a.b' is not allowed"),
        ({"default_values": {"": "x"}}, "empty"),
        ({"default_values": {"a.b": "x"}}, "'a.b' is not allowed"),
        ({"default_values": {"a": "x", " a": "y"}}, "more than once"),
    ],
)
def test_a_wrong_store_key_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StoreConfigModel.model_validate(fields)


def test_a_cron_trigger_has_five_fields_and_utc() -> None:
    assert CronTrigger(expression="0 9 * * 1-5").timezone == "UTC"
    with pytest.raises(ValidationError, match="it needs five"):
        CronTrigger(expression="0 9 * *")


@pytest.mark.parametrize("model", [GraphNodeModel, UnitesModel, RetryPolicyModel, StoreConfigModel, CronTrigger])
def test_a_refused_model_is_a_value_error_as_old_code_expects(model: type[BaseModel]) -> None:
    with pytest.raises(ValueError):
        model.model_validate({"no_such_field": 1})
