"""Rules about what a node may do inside `execute` that no other test shows by itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from exosphere_worker.node import BaseNode
from exosphere_worker.outcome import Failed, Outcome, Pruned, Requeued, Succeeded
from exosphere_worker.reporter import report_of
from exosphere_worker.signals import PruneSignal, ReQueueAfterSignal
from worker.play import outcome_of


class Writing(BaseNode):
    """Writes to the store and ends as a test says."""

    end: Callable[[], None]

    async def execute(self) -> None:
        self.store.set("cursor", "written")
        type(self).end()


def prune() -> None:
    raise PruneSignal({"why": "enough"})


def requeue() -> None:
    raise ReQueueAfterSignal(timedelta(seconds=1))


def fail() -> None:
    raise ValueError("no luck")


@pytest.mark.parametrize(("end", "kind"), [(prune, Pruned), (requeue, Requeued), (fail, Failed)])
def test_what_was_written_to_the_store_is_not_reported_with_a_signal_or_an_error(
    end: Callable[[], None], kind: type[Outcome]
) -> None:
    outcome = outcome_of(type("Writing", (Writing,), {"end": staticmethod(end)}))
    assert isinstance(outcome, kind)
    _, body = report_of(outcome)
    assert b"written" not in body


class Plain(BaseNode):
    def execute(self) -> None:
        self.store.set("cursor", "9")


def test_a_plain_execute_writes_to_the_store_too() -> None:
    assert outcome_of(Plain) == Succeeded([{}], fanned_out=False, store={"cursor": "9"})
