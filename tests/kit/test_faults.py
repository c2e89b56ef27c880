"""Faults that strike a run: the engine makes good of them, and a node meets what it would meet in earnest."""

import inspect
import logging
import sys
from collections import Counter
from datetime import timedelta
from typing import ClassVar

import pytest
from pydantic import BaseModel

from exospherehost import BaseNode, GraphNodeModel
from exospherehost.testing import run_graph
from exospherehost.testing.faults import KINDS, MEANING, kind_of, meaning_of
from exospherehost.testing.lines import places_in
from kit.nodes import ABROAD, WORDS, Flaky, Pay, Shout, Split, alone

NODES = [Split, Shout]


@pytest.mark.parametrize("graph", [WORDS, ABROAD], ids=["words", "abroad"])
def test_whatever_strikes_the_run_ends_as_without_it(graph: list[GraphNodeModel]) -> None:
    inputs = {"text": "a b"}
    clean = run_graph(graph, NODES, inputs=inputs)
    assert clean.succeeded
    kinds = Counter(map(kind_of, clean.faults))
    assert set(kinds) == KINDS - {"died-in-once", "died-after-once"}
    for fault in clean.faults:
        if kind_of(fault) == "died-at-line":
            continue  # below: not every line is executed
        struck = run_graph(graph, NODES, inputs=inputs, fault=fault)
        assert struck.summary() == clean.summary(), fault


def executions(fault: str) -> tuple[int, int, int]:
    """How often a node paid, was executed and was delivered when a fault struck it."""
    paid: list[str] = []

    def pay(key: str, token: str) -> str:
        paid.append(key)
        return "receipt"

    Pay.pays = staticmethod(pay)
    run = run_graph(alone("Pay"), [Pay], secrets={"token": "t"}, fault=fault)
    assert run.outputs("pay") == {"receipt": "receipt"}
    assert len(set(paid)) == 1, "each delivery has the same idempotency key"
    state = run.state("pay")
    return len(paid), state.executions, state.attempts


def test_a_worker_that_dies_before_the_node_has_not_executed_it() -> None:
    assert executions("pay#1:died-before") == (1, 1, 2)


class Letters(BaseNode):
    """Sends letters by a list that a test looks at; of two, the second may be missing."""

    class Outputs(BaseModel):
        sent: str

    sent: ClassVar[list[str]] = []

    async def execute(self) -> Outputs:
        for letter in ("a", "b"):
            self.sent.append(letter)
        if self.inputs == "never":
            self.sent.append("c")
        return self.Outputs(sent="ab")


class Postman(Letters):
    """The same, as a plain function."""

    def execute(self) -> Letters.Outputs:
        for letter in ("a", "b"):
            self.sent.append(letter)
        return self.Outputs(sent="ab")


@pytest.mark.parametrize("node", [Letters, Postman])
def test_a_worker_dies_before_each_line_of_a_node(node: type[Letters]) -> None:
    def sent(fault: str | None) -> str:
        Letters.sent.clear()
        run = run_graph(alone(node.__name__), [node], fault=fault)
        assert run.state(node.__name__.lower()).attempts == (1 if fault is None else 2)
        return "".join(Letters.sent)

    assert sent(None) == "ab"
    first = inspect.getsourcelines(node.execute)[1]
    name = f"{node.__name__.lower()}#1:died-at-line:"
    assert sent(f"{name}{first + 2}") == "ab", "before the first letter"
    assert sent(f"{name}{first + 2}/2") == "aab", "between the two"
    last = first + len(inspect.getsourcelines(node.execute)[0]) - 1
    assert sent(f"{name}{last}") == "abab", "before the end"


class Ladder(BaseNode):
    """Has a line outside of loops, one in a `for`, one in a `while`."""

    async def execute(self) -> None:
        rungs = 0
        for _ in range(2):
            rungs += 1
        while rungs < 9:
            rungs += 1
        await self.once("rungs", lambda: rungs)


def test_the_second_pass_of_a_line_is_one_of_a_loop() -> None:
    first = inspect.getsourcelines(Ladder.execute)[1]
    second = {int(place.removesuffix("/2")) - first for place in places_in(Ladder) if place.endswith("/2")}
    assert second >= {3, 5}
    assert second.isdisjoint({1, 6})
    assert {int(place) - first for place in places_in(Ladder) if place.isdigit()} == {2, 3, 4, 5, 6}


def test_a_line_that_is_not_executed_strikes_nobody() -> None:
    first, before = inspect.getsourcelines(Letters.execute)[1], sys.gettrace()
    with pytest.raises(AssertionError, match="did not strike"):
        run_graph(alone("Letters"), [Letters], fault=f"letters#1:died-at-line:{first + 4}")
    assert sys.gettrace() is before, "whoever follows each line goes on"


class Count(BaseNode):
    """Tells how often it was executed."""

    class Outputs(BaseModel):
        count: str

    executed = 0

    async def execute(self) -> Outputs:
        type(self).executed += 1
        return self.Outputs(count=str(self.executed))


@pytest.mark.parametrize("kind", ["twice", "late", "last"])
def test_the_report_of_the_current_attempt_counts_whenever_the_other_comes(kind: str) -> None:
    Count.executed = 0
    assert run_graph(alone("Count"), [Count], fault=f"count#1:{kind}").outputs("count") == {"count": "2"}


@pytest.mark.parametrize("kind", ["late", "last", "manager-after"])
def test_a_report_that_comes_too_late_or_again_is_refused(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "exosphere.engine"):
        run_graph(alone("Count"), [Count])
        assert "changed nothing" not in caplog.text
        run_graph(alone("Count"), [Count], fault=f"count#1:{kind}")
    assert caplog.text.count("changed nothing") == 1


@pytest.mark.parametrize("kind", ["died-before", "twice", "manager-before"])
def test_who_dies_is_missed_when_a_lease_is_over(kind: str) -> None:
    assert run_graph(alone("Count"), [Count]).elapsed == timedelta(0)
    assert run_graph(alone("Count"), [Count], fault=f"count#1:{kind}").elapsed == timedelta(seconds=30)


def test_a_worker_that_dies_before_once_has_recorded_has_the_work_done_again() -> None:
    assert executions("pay#1:died-in-once:card") == (2, 2, 2)


@pytest.mark.parametrize("kind", ["died-after-once:card", "twice", "late", "last"])
def test_what_once_has_recorded_is_not_done_again(kind: str) -> None:
    assert executions(f"pay#1:{kind}") == (1, 2, 2)


@pytest.mark.parametrize("kind", ["manager-before", "manager-after"])
def test_a_state_manager_that_dies_executes_nothing_again(kind: str) -> None:
    assert executions(f"pay#1:{kind}") == (1, 1, 1)


def test_a_retry_may_be_struck_as_well() -> None:
    policy = {"max_retries": 3, "backoff_factor": 60_000, "strategy": "FIXED"}
    clean = run_graph(alone("Flaky"), [Flaky], retry_policy=policy)
    struck = run_graph(alone("Flaky"), [Flaky], retry_policy=policy, fault="flaky#4:twice")
    assert struck.summary() == clean.summary()
    assert struck.elapsed > clean.elapsed, "a lease was waited for"


def test_a_fault_that_does_not_strike_is_told_with_those_that_may() -> None:
    with pytest.raises(
        AssertionError, match=r"'split#9:twice' did not strike; those that may are split#1:died-before, "
    ):
        run_graph(WORDS, NODES, fault="split#9:twice")


def test_every_kind_of_fault_has_a_meaning() -> None:
    assert set(MEANING) == KINDS
    assert meaning_of("2/pay#1+1:manager-before") == MEANING["manager-before"]
    assert meaning_of("node/Pay#1:died-in-once:card") == MEANING["died-in-once"]
