"""What is too large to be reported is a failure that says so, before Redis has it."""

import msgspec
import pytest

from exosphere_core.records import Failed, Kind
from exosphere_worker.outcome import Outcome, Pruned, Succeeded
from exosphere_worker.reporter import report_of


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (Succeeded([{"v": "x" * 1000}], fanned_out=False), "outputs and store writes are"),
        (Succeeded([{"v": "x" * 10}] * 100, fanned_out=True), "outputs and store writes are"),
        (Succeeded([{}], fanned_out=False, store={"key": "x" * 1000}), "outputs and store writes are"),
        (Pruned({"key": "x" * 1000}), "data of the prune signal is"),
    ],
)
def test_what_is_larger_than_the_limit_is_a_final_failure(outcome: Outcome, what: str) -> None:
    kind, body = report_of(outcome, 500)
    assert kind is Kind.FAILED
    failure = msgspec.json.decode(body, type=Failed)
    assert failure.error.startswith(f"the {what} ")
    assert "the limit is 500 (EXOSPHERE_MAX_REPORT_BYTES" in failure.error
    assert not failure.retryable


def test_what_is_within_the_limit_is_reported_as_it_is() -> None:
    outcome = Succeeded([{"v": "x" * 100}], fanned_out=False)
    assert report_of(outcome, 500) == report_of(outcome) == report_of(outcome, None)
    assert report_of(outcome)[0] is Kind.EXECUTED
