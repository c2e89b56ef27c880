"""Faults that strike a run: the engine makes good of them, and a node meets what it would meet in earnest."""

from collections import Counter

import pytest

from exospherehost import GraphNodeModel
from exospherehost.testing import run_graph
from exospherehost.testing.faults import KINDS, MEANING, kind_of, meaning_of
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
