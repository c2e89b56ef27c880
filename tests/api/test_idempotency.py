"""The header `Idempotency-Key` of a trigger."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.service import Space, one
from exosphere_core import api


def total(space: Space) -> int:
    count: int = space.ok(api.LIST_RUNS, page=1, size=1)["total"]
    return count


def with_key(space: Space, key: str, body: Any = None, **more: Any) -> dict[str, Any]:
    return space.ok(api.TRIGGER, body or {}, headers={"Idempotency-Key": key}, **more)


def test_the_same_key_and_body_answer_the_same_run_also_when_that_has_ended(space: Space) -> None:
    space.chain()
    body = {"inputs": {"x": "mine", "z": "1"}, "store": {"k": "v"}}
    first = with_key(space, "order-7", body)
    assert first["ignored_inputs"] == ["z"]
    assert with_key(space, "order-7", body) == first
    assert with_key(space, "order-7", {**body, "start_delay": 0}) == first
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    assert space.wait(first["run_id"])["status"] == "SUCCESS"
    assert with_key(space, "order-7", body) == first
    assert total(space) == 1


def test_another_body_with_the_same_key_is_a_conflict_that_names_the_key(space: Space) -> None:
    space.chain()
    with_key(space, "order-7", {"inputs": {"x": "1"}})
    headers = {"Idempotency-Key": "order-7"}
    detail = space.refused(409, api.TRIGGER, {"inputs": {"x": "2"}}, headers=headers)
    assert "'order-7'" in detail
    assert "'g'" in detail
    assert total(space) == 1


def test_triggers_at_once_with_the_same_key_make_one_run(space: Space) -> None:
    space.chain()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: with_key(space, "order-7"), range(16)))
    assert len({answer["run_id"] for answer in answers}) == 1
    assert total(space) == 1


def test_triggers_without_a_key_or_with_different_keys_make_runs_of_their_own(space: Space) -> None:
    space.chain()
    space.graph(space.node("first", inputs={"x": "1"}), name="h")
    found = [space.trigger(), space.trigger(), with_key(space, "1")["run_id"], with_key(space, "2")["run_id"]]
    found.append(with_key(space, "1", graph_name="h")["run_id"])
    assert len(set(found)) == 5


@pytest.mark.parametrize("key", ["", "a b", "k" * 129, '"quoted"', "a/b", "caf\xe9"])
def test_a_key_that_is_no_name_is_refused_in_one_line(space: Space, key: str) -> None:
    space.chain()
    detail = space.refused(400, api.TRIGGER, {}, headers={"Idempotency-Key": key.encode("latin-1")})
    assert detail.startswith("idempotency-key ")
    assert len(detail) < 250
    assert "\n" not in detail
    assert total(space) == 0


def test_a_refused_trigger_leaves_its_key_free(space: Space) -> None:
    headers = {"Idempotency-Key": "early"}
    space.refused(404, api.TRIGGER, {}, headers=headers)
    space.chain()
    assert with_key(space, "early", {"inputs": {"x": "1"}})["status"] == "CREATED"
