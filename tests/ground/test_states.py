"""The state machine: every status has its place, every move is between statuses that a record can hold."""

import pytest

from exosphere_core.states import DERIVED, FAILED, MOVES, PENDING, STORED, SUCCEEDED, Move, RunStatus, Status

OTHER_CLASSES = {Status.RETRY_CREATED, Status.CANCELLED}


def test_every_status_is_in_one_class() -> None:
    classes = [PENDING, SUCCEEDED, FAILED, OTHER_CLASSES]
    assert sorted(status for one in classes for status in one) == sorted(Status)


def test_queued_is_read_from_the_stream_and_never_stored() -> None:
    assert {Status.QUEUED} == DERIVED
    assert set(Status) - {Status.QUEUED} == STORED


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_a_move_leads_from_and_to_statuses_that_a_record_can_hold(move: Move) -> None:
    assert move.legal_from
    assert move.legal_from <= STORED
    assert move.to in STORED


@pytest.mark.parametrize("name", MOVES)
def test_only_a_manual_retry_leaves_from_an_end_and_only_from_a_failure(name: str) -> None:
    assert MOVES[name].legal_from <= (FAILED if name == "retry_by_hand" else PENDING)


def test_every_stored_status_that_a_state_of_a_live_run_reaches_is_reached_by_a_move() -> None:
    assert {move.to for move in MOVES.values()} == STORED


@pytest.mark.parametrize("status", sorted(PENDING - DERIVED))
def test_a_pending_status_has_a_move_that_ends_it(status: Status) -> None:
    assert any(status in move.legal_from and move.to not in PENDING for move in MOVES.values())


def test_a_move_is_named_in_the_words_of_a_file_name() -> None:
    assert all(move.script.isidentifier() and move.script.islower() for move in MOVES.values())


def test_a_run_has_one_pending_status_and_three_ends() -> None:
    assert list(RunStatus) == ["PENDING", "SUCCESS", "FAILED", "CANCELLED"]
