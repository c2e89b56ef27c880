"""Cancelling a run, and what all calls that steer one refuse."""

from typing import Any

import pytest

from api.service import Space, many, one
from api.steered import Waiting, counts, failed_chain, fan, listed, state, statuses
from exosphere_core import api
from exosphere_worker.outcome import Succeeded

#: A row that steers a run, and a body that it takes.
OF_A_RUN = [(api.CANCEL_RUN, None), (api.RETRY_RUN, None), (api.RERUN, {})]
each_of_a_run = pytest.mark.parametrize(("row", "body"), OF_A_RUN, ids=[row.name for row, _ in OF_A_RUN])


@each_of_a_run
def test_a_run_that_is_not_of_this_namespace_can_not_be_steered(space: Space, row: api.Row, body: Any) -> None:
    run, _ = failed_chain(space)
    other = Space(space.service, f"{space.name}-other")
    assert other.refused(404, row, body, run_id=run) == f"namespace '{other.name}' has no run '{run}'"
    assert space.refused(404, row, body, run_id="nonsense") == f"namespace '{space.name}' has no run 'nonsense'"
    assert space.call(row, body, run_id=f"{run[:-4]}0abc").status_code == 404
    assert space.ok(api.GET_RUN, run_id=run)["status"] == "FAILED"


def test_a_state_that_is_not_of_this_namespace_can_not_be_retried(space: Space) -> None:
    _, held = failed_chain(space)
    body = {"fanout_id": "again"}
    other = Space(space.service, f"{space.name}-other")
    gone = f"namespace '{other.name}' has no state '{held.state}'"
    assert other.refused(404, api.MANUAL_RETRY, body, state_id=held.state) == gone
    gone = f"namespace '{space.name}' has no state 'nonsense'"
    assert space.refused(404, api.MANUAL_RETRY, body, state_id="nonsense") == gone
    assert space.call(api.MANUAL_RETRY, body, state_id=f"{held.state[:-4]}0abc").status_code == 404


def test_a_cancelled_run_answers_as_its_details_do(space: Space) -> None:
    fan(space)
    run = space.trigger(store={"k": "v"})
    space.do("Spread", many("1", "2", "3"))
    space.do("Work", one(v="done"))
    space.take("Work")
    answer = space.ok(api.CANCEL_RUN, run_id=run)
    assert answer == space.ok(api.GET_RUN, run_id=run) == space.wait(run)
    assert (answer["run_id"], answer["status"], answer["store"]) == (run, "CANCELLED", {"k": "v"})
    assert answer["ended_at"] >= answer["created_at"]
    # A report that came just before was applied just before.
    assert counts(answer) == counts(listed(space, run)) == {"success": 4, "cancelled": 2, "total": 6}
    assert answer["nodes"] == [
        {"identifier": "spread", "total": 3, "pending": 0, "success": 3, "errored": 0, "retried": 0, "cancelled": 0},
        {"identifier": "work", "total": 3, "pending": 0, "success": 1, "errored": 0, "retried": 0, "cancelled": 2},
    ]
    assert listed(space, run)["status"] == "CANCELLED"
    assert statuses(space, run) == {"spread": ["SUCCESS"] * 3, "work": ["CANCELLED", "CANCELLED", "SUCCESS"]}
    structure = space.ok(api.GET_STRUCTURE, run_id=run)
    assert structure["execution_summary"] == {"SUCCESS": 4, "CANCELLED": 2}


def test_a_report_that_comes_after_the_cancellation_changes_nothing(space: Space) -> None:
    space.chain()
    run = space.trigger()
    held = space.take("First")
    cancelled = space.ok(api.CANCEL_RUN, run_id=run)
    space.report(held, Succeeded([{"v": "late"}], fanned_out=False, store={"k": "late"}))
    space.run_chain()  # its reports come later on the same stream
    assert space.ok(api.GET_RUN, run_id=run) == cancelled
    late = state(space, run, held.state)
    assert (late["status"], late["outputs"], late["error"]) == ("CANCELLED", {}, None)


def test_a_state_that_waits_for_its_time_is_cancelled_and_never_delivered(space: Space) -> None:
    space.chain()
    run = space.trigger(start_delay=3_600_000)
    assert counts(space.ok(api.CANCEL_RUN, run_id=run)) == {"cancelled": 1, "total": 1}
    assert statuses(space, run) == {"first": ["CANCELLED"]}
    assert space.run_chain() != run


def test_whoever_waits_for_a_run_is_told_of_its_cancellation(space: Space) -> None:
    space.chain()
    run = space.trigger()
    waiting = Waiting(space, run)
    space.take("First")
    assert waiting.waits()
    answer = space.ok(api.CANCEL_RUN, run_id=run)
    assert waiting.answer() == answer


def test_a_second_cancellation_answers_the_same_and_changes_nothing(space: Space) -> None:
    space.chain()
    run = space.trigger()
    assert space.ok(api.CANCEL_RUN, run_id=run) == space.ok(api.CANCEL_RUN, run_id=run)


def test_a_run_that_has_ended_can_not_be_cancelled(space: Space) -> None:
    space.chain()
    run = space.run_chain()
    detail = space.refused(409, api.CANCEL_RUN, run_id=run)
    assert detail == f"run {run} has ended with SUCCESS; there is nothing to cancel"
    run, _ = failed_chain(space)
    assert "has ended with FAILED" in space.refused(409, api.CANCEL_RUN, run_id=run)
