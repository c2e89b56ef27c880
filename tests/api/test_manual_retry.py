"""Retrying by hand, one state or all that failed in a run."""

import json
from typing import Any

import pytest

from api.service import Space, many, node_class, one
from api.steered import BOOM, Waiting, counts, failed_chain, fan, half_failed, listed, state
from exosphere_core import api
from exosphere_worker.outcome import Outcome


def test_a_retried_state_has_a_successor_and_its_run_goes_on(space: Space) -> None:
    run, held = failed_chain(space)
    failed = space.ok(api.GET_RUN, run_id=run)
    assert counts(failed) == {"success": 1, "errored": 1, "total": 2}
    answer = space.ok(api.MANUAL_RETRY, {"fanout_id": "5c6b9b5e-7f0c-4a51-9c1f-0f0e3c1b2a4d"}, state_id=held.state)
    assert answer == {"id": answer["id"], "status": "CREATED"}
    old, new = state(space, run, held.state), state(space, run, answer["id"])
    assert (old["status"], old["error"], old["retried_by"]) == ("RETRY_CREATED", "boom", new["id"])
    assert (new["status"], new["error"], new["retried_by"]) == ("CREATED", None, None)
    assert (new["retry_count"], new["attempt"]) == (0, 1)
    for same in ("identifier", "node_name", "inputs", "parents"):
        assert new[same] == old[same]
    pending = space.ok(api.GET_RUN, run_id=run)
    assert (pending["status"], pending["ended_at"]) == ("PENDING", None)
    assert counts(pending) == counts(listed(space, run)) == {"success": 1, "pending": 1, "retried": 1, "total": 3}
    again = space.do("Second", one(v="2"))
    assert (again.state, again.task.chain) == (new["id"], old["id"])
    ended = space.wait(run)
    assert ended["status"] == "SUCCESS"
    assert ended["ended_at"] >= failed["ended_at"]
    assert counts(ended) == counts(listed(space, run)) == {"success": 2, "retried": 1, "total": 3}


def test_a_wait_for_a_run_that_was_retried_ends_at_its_second_end(space: Space) -> None:
    run, held = failed_chain(space)
    space.ok(api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=held.state)
    assert space.wait(run, timeout_ms=0)["status"] == "PENDING"
    assert space.wait(run, timeout_ms=20)["status"] == "PENDING"
    waiting = Waiting(space, run)
    again = space.take("Second")
    assert waiting.waits()
    space.report(again, BOOM)
    assert waiting.answer()["status"] == "FAILED"
    space.ok(api.MANUAL_RETRY, {"fanout_id": "second"}, state_id=again.state)
    space.do("Second", one(v="2"))
    assert space.wait(run)["status"] == "SUCCESS"


def test_a_state_whose_children_could_not_be_made_is_executed_again(space: Space) -> None:
    space.chain()
    run = space.trigger()
    held = space.do("First", one(other="1"))
    assert space.wait(run)["status"] == "FAILED"
    assert state(space, run, held.state)["status"] == "NEXT_CREATED_ERROR"
    new = space.ok(api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=held.state)["id"]
    assert space.do("First", one(v="1")).state == new
    space.do("Second", one(v="2"))
    ended = space.wait(run)
    assert (ended["status"], counts(ended)) == ("SUCCESS", {"success": 2, "retried": 1, "total": 3})


def test_a_retried_branch_lets_its_waiting_unite_fire(space: Space) -> None:
    fan(space)
    run = space.trigger()
    space.do("Spread", many("1", "2"))
    broken = space.do("Work", BOOM)
    space.do("Work", one(v="b"))
    assert space.wait(run)["status"] == "FAILED"
    space.ok(api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=broken.state)
    space.do("Work", one(v="a"))
    united = space.do("All", one(v="all"))
    assert json.loads(united.inputs) == {"ys": '["a","b"]'}
    assert space.wait(run)["status"] == "SUCCESS"


def test_each_retry_of_a_chain_is_made_once(space: Space) -> None:
    _, held = failed_chain(space)
    body = {"fanout_id": "first"}
    new = space.ok(api.MANUAL_RETRY, body, state_id=held.state)["id"]
    again = f"state {held.state}: the retry with fanout_id 'first' was made before"
    assert space.refused(409, api.MANUAL_RETRY, body, state_id=held.state) == again
    space.do("Second", BOOM)
    space.wait(held.task.run)
    assert "'first' was made before" in space.refused(409, api.MANUAL_RETRY, body, state_id=new)
    third = space.ok(api.MANUAL_RETRY, {"fanout_id": "second"}, state_id=new)["id"]
    assert len({held.state, new, third}) == 3


def test_a_state_that_has_not_failed_can_not_be_retried(space: Space) -> None:
    run, held = failed_chain(space)

    def refusal(state_id: str) -> str:
        return space.refused(409, api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=state_id)

    (first,) = state(space, run, held.state)["parents"].values()
    assert refusal(first) == f"state {first} is SUCCESS; only a state that failed can be retried"
    new = space.ok(api.MANUAL_RETRY, {"fanout_id": "one"}, state_id=held.state)["id"]
    assert refusal(new) == f"state {new} is CREATED; only a state that failed can be retried"
    assert refusal(held.state) == f"state {held.state} is RETRY_CREATED; only a state that failed can be retried"
    space.ok(api.CANCEL_RUN, run_id=run)
    assert refusal(new) == f"state {new} is CANCELLED; only a state that failed can be retried"


@pytest.mark.parametrize("fanout_id", ["", " ", "a/b", "{a}", "é", "x" * 129])
def test_a_fanout_id_that_is_no_name_is_refused_by_name(space: Space, fanout_id: str) -> None:
    _, held = failed_chain(space)
    detail = space.refused(400, api.MANUAL_RETRY, {"fanout_id": fanout_id}, state_id=held.state)
    assert detail.startswith("fanout_id ")
    assert state(space, held.task.run, held.state)["status"] == "ERRORED"


@pytest.mark.parametrize(
    ("body", "begins"),
    [
        (None, "the body must be a JSON object"), ([], "the body must be a JSON object"),
        ({}, "fanout_id: "), ({"fanout_id": None}, "fanout_id: "), ({"fanout_id": 5}, "fanout_id: "),
        ({"fanout_id": "a", "state": "b"}, "state: "),
    ],
)  # fmt: skip
def test_a_retry_of_another_form_is_refused_with_the_field(space: Space, body: Any, begins: str) -> None:
    assert space.refused(422, api.MANUAL_RETRY, body, state_id="any").startswith(begins)


def test_all_that_failed_in_a_run_is_retried_by_one_call(space: Space) -> None:
    run, broken = half_failed(space)
    answer = space.ok(api.RETRY_RUN, run_id=run)
    assert answer == {"run_id": run, "count": 2, "retried": answer["retried"], "refused": {}}
    assert answer["retried"].keys() == {held.state for held in broken}
    for old, new in answer["retried"].items():
        assert state(space, run, old)["retried_by"] == new
    pending = space.ok(api.GET_RUN, run_id=run)
    assert (pending["status"], pending["pending_count"], pending["retried_count"]) == ("PENDING", 2, 2)
    for name in "bd":
        space.do("Work", one(v=name))
    assert json.loads(space.do("All", one(v="all")).inputs) == {"ys": '["a","b","c","d"]'}
    ended = space.wait(run)
    assert (ended["status"], counts(ended)) == ("SUCCESS", {"success": 9, "retried": 2, "total": 11})


def test_what_fails_again_is_retried_again(space: Space) -> None:
    run, _ = failed_chain(space)
    seen = set()
    for _ in range(3):
        ((old, _),) = space.ok(api.RETRY_RUN, run_id=run)["retried"].items()
        seen.add(old)
        space.do("Second", BOOM)
        assert space.wait(run)["status"] == "FAILED"
    assert len(seen) == 3


def test_a_run_without_a_failed_state_has_nothing_to_retry(space: Space) -> None:
    space.chain()
    ended, pending = space.run_chain(), space.trigger()
    for run in (ended, pending):
        assert space.refused(409, api.RETRY_RUN, run_id=run) == f"run {run} has no state that failed"


def test_what_failed_in_a_cancelled_run_is_not_retried(space: Space) -> None:
    space.register(node_class("A"), node_class("B"))
    space.graph(space.node("a", "b"), space.node("b"))
    run = space.trigger()
    space.do("A", many("1", "2"))
    broken = space.do("B", BOOM)
    cancelled = space.ok(api.CANCEL_RUN, run_id=run)
    assert counts(cancelled) == {"success": 2, "errored": 1, "cancelled": 1, "total": 4}
    detail = space.refused(409, api.RETRY_RUN, run_id=run)
    assert detail == f"run {run} was cancelled; what failed in it can't be retried, rerun it instead"
    detail = space.refused(409, api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=broken.state)
    assert detail == f"run {run} was cancelled; state {broken.state} can't be retried, rerun it instead"
    assert space.ok(api.GET_RUN, run_id=run) == cancelled


def test_a_state_that_can_not_be_retried_is_told_and_does_not_keep_the_others_from_it(space: Space) -> None:
    space.register(node_class("Root"), node_class("Spread"), node_class("Work"), node_class("All", ("ys",)))
    space.graph(
        space.node("root", "spread", "side"),
        space.node("spread", "work"),
        space.node("work", "all"),
        space.node("all", inputs={"ys": "${{ work.outputs.v }}"}, unites={"identifier": "spread"}),
        space.node("side", node_name="Work"),
    )
    run = space.trigger()
    space.do("Root", one(v="1"))
    space.do("Spread", one(v="1"))
    outcomes: dict[str, Outcome] = {"work": one(other="1"), "side": BOOM}
    for _ in range(2):
        held = space.take("Work")
        space.report(held, outcomes[held.task.identifier])
    assert space.wait(run)["status"] == "FAILED"
    failed = {node["identifier"]: node["id"] for node in space.ok(api.GET_STRUCTURE, run_id=run)["nodes"]}
    reason = space.refused(409, api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=failed["all"])
    assert reason.startswith(f"state {failed['all']} can't be retried: ")
    assert "has no value" in reason
    answer = space.ok(api.RETRY_RUN, run_id=run)
    assert (answer["count"], answer["retried"].keys()) == (1, {failed["side"]})
    assert answer["refused"] == {failed["all"]: reason}
    space.do("Work", one(v="1"))
    assert space.wait(run)["status"] == "FAILED"
    assert space.refused(409, api.RETRY_RUN, run_id=run) == reason
