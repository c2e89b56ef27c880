"""The model itself, on examples worked out by hand from the contract."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from semantics.happenings import Executed, Failed, Outcome, Pruned, Released, Requeued
from semantics.model import Conflict, Model

OK = Executed([{"v": "ok"}])
BOOM = Failed("boom")
PRUNE = Pruned({})
NO_RETRY = {"retry_policy": {"max_retries": 0}}


def node(identifier: str, next_nodes: Sequence[str] = (), unites: tuple[str, str] | None = None, **inputs: str) -> Any:
    declared: dict[str, Any] = {"identifier": identifier, "next_nodes": list(next_nodes), "inputs": inputs}
    if unites:
        declared["unites"] = {"identifier": unites[0], "strategy": unites[1]}
    return declared


def started(*nodes: dict[str, Any], **more: Any) -> Model:
    model = Model({"nodes": list(nodes), **NO_RETRY, **more})
    model.trigger({}, {}, 0)
    return model


def report(model: Model, label: str, outcome: Outcome) -> None:
    """The current delivery of a state is reported."""
    model.report(label, model.states[label].attempt, outcome)


def values(*texts: str) -> Executed:
    return Executed([{"v": text} for text in texts], fanned_out=True)


def joined(strategy: str) -> Model:
    """`a` leads to b, and u unites the branches of `a`."""
    return started(
        node("a", ["b"]),
        node("b", ["u"], x="${{ a.outputs.v }}"),
        node("u", unites=("a", strategy), bs="${{ b.outputs.v }}", list="${{ a.outputs.v }}"),
    )


#: What the branches come to, in the order in which they end; what becomes of u in either strategy, and of the run.
TABLE = [
    ([], "CREATED", "CREATED"),
    ([OK, OK], "CREATED", "CREATED"),
    ([OK, PRUNE], "CREATED", "CREATED"),
    ([PRUNE, OK], "CREATED", "CREATED"),
    ([PRUNE, PRUNE], "PRUNED", "PRUNED"),
    ([OK, BOOM], None, "CREATED"),
    ([BOOM, OK], None, "CREATED"),
    ([PRUNE, BOOM], None, "CREATED"),
    ([BOOM, BOOM], None, "CREATED"),
]


@pytest.mark.parametrize("branches, all_success, all_done", TABLE)
@pytest.mark.parametrize("strategy", ["ALL_SUCCESS", "ALL_DONE"])
def test_a_unite_follows_the_table(
    branches: list[Outcome], all_success: str | None, all_done: str | None, strategy: str
) -> None:
    model = joined(strategy)
    report(model, "a", values(*(str(n) for n in range(len(branches)))))
    for label, outcome in zip(["a>b", "a#1>b"], branches, strict=False):
        assert "a^u" not in model.states
        report(model, label, outcome)
    expected = all_success if strategy == "ALL_SUCCESS" else all_done
    assert (model.states["a^u"].status if "a^u" in model.states else None) == expected
    if expected == "CREATED":
        assert model.status == "PENDING"
        assert json.loads(model.states["a^u"].inputs["bs"]) == ["ok"] * branches.count(OK)
        report(model, "a^u", OK)
    assert model.status == ("FAILED" if expected is None else "SUCCESS")


def test_values_come_in_branch_order_whatever_the_order_of_the_reports() -> None:
    model = joined("ALL_SUCCESS")
    report(model, "a", values("x", "y", "z"))
    for label in ("a#2>b", "a>b", "a#1>b"):
        report(model, label, Executed([{"v": label}]))
    assert model.states["a^u"].inputs == {"bs": '["a>b","a#1>b","a#2>b"]', "list": '["x","y","z"]'}


def test_a_lone_output_of_the_united_node_is_a_plain_value() -> None:
    model = joined("ALL_SUCCESS")
    report(model, "a", Executed([{"v": "x"}]))
    report(model, "a>b", OK)
    assert model.states["a^u"].inputs == {"bs": '["ok"]', "list": "x"}


def test_nothing_is_united_when_the_united_node_fails_or_is_pruned() -> None:
    for outcome, status in ((BOOM, "FAILED"), (PRUNE, "SUCCESS")):
        model = joined("ALL_DONE")
        report(model, "a", outcome)
        assert (model.status, model.unites) == (status, [])


def nested(inner: str, outer: str) -> Model:
    return started(
        node("a", ["b"]),
        node("b", ["c"]),
        node("c", ["v"]),
        node("v", ["u"], ("b", inner), cs="${{ c.outputs.v }}"),
        node("u", [], ("a", outer), vs="${{ v.outputs.v }}", cs="${{ c.outputs.v }}"),
    )


def test_an_inner_unite_is_one_branch_of_the_outer_one() -> None:
    model = nested("ALL_SUCCESS", "ALL_SUCCESS")
    report(model, "a", values("0", "1"))
    report(model, "a>b", values("0", "1"))
    report(model, "a#1>b", values())
    assert model.states["a#1>b^v"].inputs == {"cs": "[]"}
    report(model, "a#1>b^v", Executed([{"v": "second"}]))
    report(model, "a>b#1>c", Executed([{"v": "c1"}]))
    assert "a^u" not in model.states
    report(model, "a>b>c", Executed([{"v": "c0"}]))
    assert "a^u" not in model.states
    report(model, "a>b^v", Executed([{"v": "first"}]))
    assert model.states["a^u"].inputs == {"vs": '["first","second"]', "cs": '["c0","c1"]'}


def test_an_inner_all_done_answers_for_its_errors_to_the_unites_around_it() -> None:
    model = nested("ALL_DONE", "ALL_SUCCESS")
    for label, outcome in (("a", OK), ("a>b", OK), ("a>b>c", BOOM), ("a>b^v", OK)):
        report(model, label, outcome)
    assert model.states["a^u"].inputs == {"vs": '["ok"]', "cs": "[]"}
    report(model, "a^u", OK)
    assert model.status == "SUCCESS"


def test_an_outer_all_done_fires_over_an_inner_unite_that_waits() -> None:
    model = nested("ALL_SUCCESS", "ALL_DONE")
    for label, outcome in (("a", OK), ("a>b", OK), ("a>b>c", BOOM), ("a^u", OK)):
        report(model, label, outcome)
    assert model.status == "SUCCESS"
    assert model.retry("a>b>c", "once").label == "a>b>c~1"
    assert model.status == "PENDING"
    report(model, "a>b>c~1", OK)
    report(model, "a>b^v", OK)
    assert (model.status, model.made["u"]) == ("SUCCESS", 1)


def test_a_manual_retry_lets_a_waiting_unite_fire() -> None:
    model = joined("ALL_SUCCESS")
    report(model, "a", values("0", "1"))
    report(model, "a>b", BOOM)
    report(model, "a#1>b", OK)
    assert model.status == "FAILED"
    model.retry("a>b", "once")
    with pytest.raises(Conflict):
        model.retry("a>b", "once")
    assert (model.status, "a^u" in model.states) == ("PENDING", False)
    report(model, "a>b~1", BOOM)
    assert model.status == "FAILED"
    with pytest.raises(Conflict):
        model.retry("a>b~1", "once")
    model.retry("a>b~1", "again")
    report(model, "a>b~2", OK)
    assert json.loads(model.states["a^u"].inputs["bs"]) == ["ok", "ok"]


def test_a_retry_waits_as_long_as_the_policy_says_and_goes_on_with_the_branch() -> None:
    model = joined("ALL_SUCCESS")
    model.graph.nodes["b"].policy.update(
        max_retries=2, strategy="LINEAR_EQUAL_JITTER", backoff_factor=100, max_delay=150
    )
    report(model, "a", OK)
    report(model, "a>b", BOOM)
    assert (model.states["a>b"].status, model.states["a>b~1"].wait_ms) == ("RETRY_CREATED", (50, 100))
    report(model, "a>b~1", BOOM)
    assert model.states["a>b~2"].wait_ms == (100, 150)
    report(model, "a>b~2", OK)
    assert model.states["a^u"].inputs["bs"] == '["ok"]'


def test_a_report_of_a_delivery_that_is_not_current_changes_nothing() -> None:
    model = joined("ALL_SUCCESS")
    model.report("a", 1, Requeued(1000))
    assert (model.states["a"].attempt, model.states["a"].wait_ms) == (2, (1000, 1000))
    model.report("a", 1, OK)
    model.report("a", 2, Released())
    model.report("a", 3, OK)
    model.report("a", 3, BOOM)
    assert (model.states["a"].status, model.states["a"].error, model.stale) == ("SUCCESS", None, 2)


def test_children_that_cannot_be_made_are_an_error_of_their_parent() -> None:
    model = joined("ALL_SUCCESS")
    report(model, "a", Executed([{"v": "0"}, {}], fanned_out=True, store={"k": "v"}))
    state = model.states["a"]
    assert (state.status, state.reasons, state.outputs) == ("NEXT_CREATED_ERROR", ("a.outputs.v",), {"v": "0"})
    assert (list(model.states), model.unites, model.store, model.status) == (["a"], [], {}, "FAILED")


def test_after_a_cancel_nothing_changes_any_more() -> None:
    model = joined("ALL_DONE")
    report(model, "a", values("0", "1"))
    report(model, "a>b", BOOM)
    model.cancel()
    report(model, "a#1>b", OK)
    assert (model.states["a#1>b"].status, "a^u" in model.states, model.status) == ("CANCELLED", False, "CANCELLED")
    with pytest.raises(Conflict):
        model.retry("a>b", "once")
