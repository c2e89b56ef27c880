"""Results that an attempt chain records once, over HTTP."""

import asyncio
import json
from typing import Any

import pytest

from api.service import KEY, Service, Space, node_class, one, path_of
from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_core.keys import ShardKeys
from exosphere_core.store import once
from exosphere_worker.held import Held
from exosphere_worker.outcome import Failed, Requeued


def single(space: Space, **more: Any) -> str:
    """Store a graph of one node and start a run of it."""
    space.register(node_class("A"))
    space.graph(space.node("a"), **more)
    return space.trigger()


def record(space: Space, held: Held, value: Any, key: str = "charge") -> Any:
    answer = space.ok(api.RECORD_ONCE, {"value": value}, state_id=held.state, key=key)
    assert answer["key"] == key
    return answer["value"]


def recorded(space: Space, held: Held, key: str = "charge") -> tuple[bool, Any]:
    answer = space.ok(api.GET_ONCE, state_id=held.state, key=key)
    assert answer["key"] == key
    return answer["recorded"], answer["value"]


def test_the_first_result_is_recorded_and_a_later_one_is_answered_with_it(space: Space) -> None:
    single(space)
    held = space.take("A")
    assert recorded(space, held) == (False, None)
    assert record(space, held, {"receipt": 1}) == {"receipt": 1}
    assert record(space, held, "another") == {"receipt": 1}
    assert recorded(space, held) == (True, {"receipt": 1})
    assert recorded(space, held, "refund") == (False, None)


def test_null_is_a_result(space: Space) -> None:
    single(space)
    held = space.take("A")
    assert record(space, held, None) is None
    assert recorded(space, held) == (True, None)
    assert record(space, held, 5) is None


@pytest.mark.parametrize(
    "value", [True, 0, 10**40, 0.1, 1e300, "", "é☃😀\x00 </script>", [], {}, {"a": [1, None, {"b": ["c"]}]}]
)
def test_any_json_comes_back_as_it_was(space: Space, value: Any) -> None:
    single(space)
    held = space.take("A")
    assert record(space, held, value) == value
    assert recorded(space, held) == (True, value)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + "0" * 400 + ".5"])
def test_a_number_that_would_be_infinite_is_refused_and_not_recorded(space: Space, number: str) -> None:
    single(space)
    held = space.take("A")
    answer = space.service.http.put(
        path_of(api.RECORD_ONCE, namespace=space.name, state_id=held.state, key="charge"),
        content=f'{{"value":[{number}]}}', headers={"content-type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 422
    told = answer.json()["detail"]
    assert told == f"the body is not JSON: the number {number[:40]} is too large: a JSON number goes up to 1.8e308"
    assert recorded(space, held) == (False, None)


def test_of_many_records_at_once_all_are_answered_with_the_first(space: Space) -> None:
    single(space)
    state = space.take("A").state

    async def record_all() -> list[Any]:
        client = ApiClient(str(space.service.http.base_url), KEY)
        try:
            answers = await asyncio.gather(
                *(
                    client.call(
                        api.RECORD_ONCE, body={"value": number}, namespace=space.name, state_id=state, key="k"
                    )
                    for number in range(20)
                )
            )  # fmt: skip
        finally:
            await client.aclose()
        return [answer["value"] for answer in answers]

    values = asyncio.run(record_all())
    assert len(set(values)) == 1


def test_a_retry_and_a_later_delivery_are_given_what_the_first_attempt_recorded(space: Space) -> None:
    single(space, retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1})
    first = space.take("A")
    record(space, first, "receipt")
    space.report(first, Requeued(1))
    again = space.take("A")
    assert (again.state, again.attempt) == (first.state, "2")
    assert recorded(space, again) == (True, "receipt")
    space.report(again, Failed("boom"))
    retry = space.take("A")
    assert retry.state != first.state
    assert recorded(space, retry) == (True, "receipt")
    assert record(space, retry, "another") == "receipt"


def test_a_manual_retry_is_given_what_was_recorded_and_a_rerun_begins_anew(space: Space) -> None:
    run = single(space)
    held = space.take("A")
    record(space, held, "receipt")
    space.report(held, Failed("boom", retryable=False))
    assert space.wait(run)["status"] == "FAILED"
    space.ok(api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=held.state)
    again = space.take("A")
    assert again.state != held.state
    assert recorded(space, again) == (True, "receipt")
    space.ok(api.RERUN, {}, run_id=run)
    assert recorded(space, space.take("A")) == (False, None)


def test_states_that_are_no_retries_of_each_other_share_nothing(space: Space) -> None:
    run = single(space)
    another = space.trigger()
    held, other = space.take("A"), space.take("A")
    assert {held.task.run, other.task.run} == {run, another}
    record(space, held, 1)
    assert recorded(space, other) == (False, None)


def test_a_run_that_has_ended_records_and_tells_nothing_more(space: Space) -> None:
    run = single(space)
    held = space.take("A")
    record(space, held, 1)
    space.report(held, one(v="1"))
    space.wait(run)
    for row, body in ((api.GET_ONCE, None), (api.RECORD_ONCE, {"value": 2})):
        detail = space.refused(409, row, body, state_id=held.state, key="charge")
        assert detail == f"run {run} has ended SUCCESS; results are recorded only while it is pending"


def test_a_run_that_is_gone_is_not_found(space: Space) -> None:
    run = single(space)
    held = space.take("A")
    space.service.with_redis(lambda redis: redis.delete(ShardKeys(space.name).run(run)))
    for row, body in ((api.GET_ONCE, None), (api.RECORD_ONCE, {"value": 2})):
        assert run in space.refused(404, row, body, state_id=held.state, key="charge")


def test_results_are_recorded_in_the_namespace_of_the_node_not_of_the_run(service: Service, space: Space) -> None:
    nodes = Space(service, f"{space.name}-nodes")
    nodes.register(node_class("A"))
    space.graph({**space.node("a"), "namespace": nodes.name})
    space.trigger()
    held = nodes.take("A")
    assert record(nodes, held, "receipt") == "receipt"
    assert recorded(nodes, held) == (True, "receipt")
    for row, body in ((api.GET_ONCE, None), (api.RECORD_ONCE, {"value": 1})):
        assert held.state in space.refused(404, row, body, state_id=held.state, key="charge")
        nodes.refused(404, row, body, state_id="nonsense", key="charge")


@pytest.mark.parametrize("key", ["a.b", "-a", "a:b", "x" * 129])
def test_a_key_that_is_not_allowed_is_refused_by_name(space: Space, key: str) -> None:
    single(space)
    state = space.take("A").state
    assert space.refused(400, api.GET_ONCE, state_id=state, key=key).startswith("once key ")
    assert space.refused(400, api.RECORD_ONCE, {"value": 1}, state_id=state, key=key).startswith("once key ")


@pytest.mark.parametrize("body", [{}, {"result": 1}, {"value": 1, "more": 2}])
def test_a_body_of_another_form_is_refused_with_the_field(space: Space, body: dict[str, Any]) -> None:
    single(space)
    detail = space.refused(422, api.RECORD_ONCE, body, state_id=space.take("A").state, key="k")
    assert detail.startswith(("value: ", "result: ", "more: "))


def test_a_value_beyond_the_limit_is_refused_with_limit_and_size_and_not_recorded(redis_url: str) -> None:
    with Service(redis_url, max_value_bytes=1024) as service:
        space = Space(service, "bounded-once")
        single(space)
        held = space.take("A")
        detail = space.refused(413, api.RECORD_ONCE, {"value": "x" * 1024}, state_id=held.state, key="k")
        assert detail == (
            "once key 'k': the value has 1026 bytes as JSON; the limit is 1024 (EXOSPHERE_MAX_VALUE_BYTES)"
        )
        assert recorded(space, held, "k") == (False, None)
        assert record(space, held, "x" * 1022, "k") == "x" * 1022


def test_a_chain_has_a_limited_number_of_keys_and_still_tells_those_it_has(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "MOST_KEYS", 3)
    single(space)
    space.trigger()
    held, other = space.take("A"), space.take("A")
    for number in range(3):
        record(space, held, number, f"k{number}")
    detail = space.refused(400, api.RECORD_ONCE, {"value": 3}, state_id=held.state, key="k3")
    assert detail.startswith("once key 'k3': 3 keys are recorded")
    assert record(space, held, 9, "k1") == 1
    assert record(space, other, 9, "k3") == 9


def test_a_deeply_nested_value_is_refused_or_kept_and_never_a_failure_of_the_server(space: Space) -> None:
    single(space)
    held = space.take("A")
    for depth in (200, 900, 5_000, 100_000):
        text = '{"value":' + "[" * depth + "]" * depth + "}"
        path = f"/v0/namespace/{space.name}/state/{held.state}/once/deep{depth}"
        answer = space.service.http.put(path, content=text, headers={"content-type": "application/json"})
        assert answer.status_code in (200, 400, 422), answer.text[:200]
        if answer.status_code == 200:
            told = space.service.http.get(path).text
            assert told == json.dumps({"key": f"deep{depth}", "recorded": True}, separators=(",", ":"))[:-1] + (
                ',"value":' + "[" * depth + "]" * depth + "}"
            )
