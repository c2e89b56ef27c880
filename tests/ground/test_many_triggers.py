"""Any number of runs, triggered in calls of bounded size that may be repeated."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exosphere_core.errors import BadRequest, Conflict, ExosphereError, Overloaded, Unavailable
from exosphere_core.many_triggers import MOST_BYTES_IN_CALL, MOST_IN_CALL, TriggeredMany, fault_of, trigger_many


class StateManager:
    """Answers each call with an id for each run: its `day`. It may refuse the call that has a day."""

    def __init__(self, refused: str = "", error: ExosphereError | None = None) -> None:
        self.calls: dict[str, list[dict[str, Any]]] = {}
        self.under_way = self.most_under_way = 0
        self._refused = refused
        self._error = error

    async def ask(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        # The later a call is, the sooner it is answered.
        for _ in range(20 - 5 * (len(self.calls) % 4)):
            await asyncio.sleep(0)
        self.under_way -= 1
        found = [run.get("inputs", {}).get("day", "") for run in body["runs"]]
        if self._error and self._refused in found:
            raise self._error
        assert self.calls.setdefault(key, body["runs"]) == body["runs"]
        return {"status": "CREATED", "run_ids": found, "ignored_inputs": ["day", "x"]}


def days(count: int) -> Iterator[dict[str, Any]]:
    return ({"inputs": {"day": str(day)}} for day in range(count))


def triggered(manager: StateManager, runs: Any, key: str = "k", **more: Any) -> TriggeredMany:
    return asyncio.run(trigger_many(manager.ask, runs, key, **more))


def test_ids_come_in_the_order_of_the_runs_however_the_calls_are_answered() -> None:
    manager = StateManager()
    count = 6 * MOST_IN_CALL + 7
    found = triggered(manager, days(count))
    assert found == TriggeredMany([str(day) for day in range(count)], ["day", "x"])
    assert {len(runs) for runs in manager.calls.values()} == {MOST_IN_CALL, 7}
    assert sorted(manager.calls) == [f"k.{number}" for number in range(7)]
    assert 1 < manager.most_under_way <= 4


def test_no_runs_are_no_call() -> None:
    manager = StateManager()
    assert triggered(manager, []) == TriggeredMany([], [])
    assert manager.calls == {}


def test_large_runs_are_parted_by_their_size_and_one_that_is_larger_goes_alone() -> None:
    manager = StateManager()
    large = "x" * (MOST_BYTES_IN_CALL // 3)
    runs = [{"store": {"k": large}}] * 5 + [{"store": {"k": large * 4}}, {}]
    triggered(manager, runs)
    assert [len(manager.calls[f"k.{number}"]) for number in range(5)] == [2, 2, 1, 1, 1]
    assert all(len(json.dumps(sent)) < 1.1 * MOST_BYTES_IN_CALL for key, sent in manager.calls.items() if key != "k.3")


def test_the_same_key_cuts_the_same_runs_in_the_same_way() -> None:
    manager = StateManager()
    first = triggered(manager, days(2500))
    assert triggered(manager, list(days(2500))) == first
    assert len(manager.calls) == 3


def test_progress_is_told_as_it_comes_about() -> None:
    told: list[int] = []
    triggered(StateManager(), days(2500), show=told.append)
    assert told == sorted(told)
    assert told[-1] == 2500
    assert len(told) == 3


def test_a_refused_run_is_named_by_its_place_among_all_and_what_was_started_is_told_with_the_key() -> None:
    manager = StateManager("2500", BadRequest("runs.500: store key 'a.b' is not allowed"))
    with pytest.raises(BadRequest) as refused:
        triggered(manager, days(100_000), "back-fill")
    assert refused.value.detail.startswith("runs.2500: store key 'a.b' is not allowed; ")
    assert str(refused.value) == refused.value.detail
    started = sum(map(len, manager.calls.values()))
    assert f"{started} runs are known to be started" in refused.value.detail
    assert "idempotency key 'back-fill'" in refused.value.detail
    # No call is begun after it.
    assert len(manager.calls) < 10


@pytest.mark.parametrize(
    ("error", "tells"),
    [
        (BadRequest("runs.0: store: graph 'g' needs 'day'"), False),
        (Conflict("graph 'g' is paused"), False),
        (Overloaded("too much", 5.0), False),
        (Unavailable("the answer was lost"), True),
    ],
)
def test_when_nothing_was_started_the_error_is_as_it_came_but_for_an_answer_that_was_lost(
    error: ExosphereError, tells: bool
) -> None:
    before = error.detail
    with pytest.raises(type(error)) as refused:
        triggered(StateManager("0", error), days(3))
    assert (refused.value.detail == before) is not tells
    assert ("0 runs are known to be started" in refused.value.detail) is tells


@pytest.mark.parametrize("key", ["", "a b", "é", "k" * 101])
def test_a_key_that_is_no_name_or_too_long_is_refused_before_anything_is_sent(key: str) -> None:
    manager = StateManager()
    with pytest.raises(BadRequest, match="idempotency key"):
        triggered(manager, days(1), key)
    assert manager.calls == {}


@pytest.mark.parametrize(
    ("run", "fault"),
    [
        ([], ": must be an object with inputs, store and start_delay, as far as it has them"),
        ("x", ": must be an object"),
        ({"inputs": None}, ".inputs: must be an object of text"),
        ({"inputs": {"x": 5}}, ".inputs.x: must be text, and is 5"),
        ({"store": {5: "x"}}, ".store.5: must be text"),
        ({"start_delay": True}, ".start_delay: must be a whole number of ms from 0 to "),
        ({"start_delay": -1}, ".start_delay: must be a whole number"),
        ({"start_delay": 1.5}, ".start_delay: must be a whole number"),
        ({"input": {}}, ".input: a run has no such field; there are inputs, store and start_delay"),
    ],
)
def test_a_run_that_is_not_well_formed_is_named_by_place_and_field(run: Any, fault: str) -> None:
    assert fault_of(run).startswith(fault)
    with pytest.raises(BadRequest) as refused:
        triggered(StateManager(), [{}, run])
    assert refused.value.detail.startswith(f"runs.1{fault}")


def test_a_run_that_is_well_formed_has_no_fault() -> None:
    for run in ({}, {"inputs": {"x": ""}, "store": {}, "start_delay": 5}):
        assert fault_of(run) == ""


def broken(fault: Callable[[], Exception]) -> Iterator[dict[str, Any]]:
    yield from days(MOST_IN_CALL + 1)
    raise fault()


def test_what_the_runs_themselves_raise_comes_through() -> None:
    manager = StateManager()
    with pytest.raises(ZeroDivisionError):
        triggered(manager, broken(ZeroDivisionError))
