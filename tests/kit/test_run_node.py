"""One node, with nothing around it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from exosphere_core.errors import BadRequest
from exospherehost import BaseNode, PruneSignal, ReQueueAfterSignal
from exospherehost.testing import NodeOutcome, run_node, run_node_async
from kit.nodes import Pay, Shout, Split


class Steered(BaseNode):
    """Ends as its input says."""

    class Inputs(BaseModel):
        way: str

    class Outputs(BaseModel):
        seen: str

    async def execute(self) -> Outputs | None:
        if self.inputs.way == "fail":
            raise ValueError("no such way")
        if self.inputs.way == "prune":
            raise PruneSignal({"why": "enough"})
        if self.inputs.way == "requeue":
            raise ReQueueAfterSignal(timedelta(minutes=5))
        if self.inputs.way == "nothing":
            return None
        self.store.set("mark", "set")
        return self.Outputs(seen=f"{await self.store.get('cursor')} {self.retry_count}")


def steered(way: str, **more: Any) -> NodeOutcome:
    return run_node(Steered, {"way": way}, **more)


def test_the_outputs_of_a_node_are_given_by_name() -> None:
    outcome = steered("on", store={"cursor": "7"}, retry_count=2)
    assert outcome.succeeded
    assert outcome.outputs == {"seen": "7 2"}
    assert outcome.store == {"cursor": "7", "mark": "set"}
    assert outcome.executions == 1
    assert steered("nothing").outputs == {}


def test_a_list_is_given_as_branches() -> None:
    outcome = run_node(Split, {"text": "a b"})
    assert outcome.branches == [{"word": "a"}, {"word": "b"}]
    with pytest.raises(AssertionError, match="Split returned a list of 2: look at `branches`"):
        _ = outcome.outputs


def test_a_plain_function_runs_as_well() -> None:
    assert run_node(Shout, {"word": "a"}).outputs == {"word": "A"}


def test_every_way_to_end_is_told() -> None:
    failed, pruned, requeued = steered("fail"), steered("prune"), steered("requeue")
    assert failed.status == "failed"
    assert failed.retryable
    assert failed.error is not None
    assert failed.error.startswith("ValueError: no such way")
    assert (pruned.status, pruned.data) == ("pruned", {"why": "enough"})
    assert (requeued.status, requeued.delay) == ("requeued", timedelta(minutes=5))
    with pytest.raises(
        AssertionError, match=r"Steered has no outputs, it failed \(to be retried\): ValueError: no such way"
    ):
        _ = failed.outputs
    assert repr(pruned) == "<Steered was pruned: {'why': 'enough'}>"
    assert repr(requeued) == "<Steered asked to be run again after 0:05:00>"


def test_what_was_recorded_once_is_not_done_again() -> None:
    paid: list[str] = []

    def pay(key: str, token: str) -> str:
        paid.append(token)
        return f"receipt of {token}"

    Pay.pays = staticmethod(pay)
    first = run_node(Pay, secrets={"token": "t"})
    assert first.outputs == {"receipt": "receipt of t"}
    assert first.recorded == {"card": "receipt of t"}
    assert run_node(Pay, secrets={"token": "t"}, recorded={"card": "known"}).outputs == {"receipt": "known"}
    assert paid == ["t"]


def test_a_secret_is_not_in_the_text_of_an_error() -> None:
    def pay(key: str, token: str) -> str:
        raise ValueError(f"refused: {token}")

    Pay.pays = staticmethod(pay)
    outcome = run_node(Pay, secrets={"token": "hidden-token"})
    assert outcome.status == "failed"
    assert "hidden-token" not in repr(outcome)


def test_what_a_node_does_not_declare_is_refused() -> None:
    with pytest.raises(BadRequest, match="node 'Split' has no input 'txt'; it has 'text'"):
        run_node(Split, {"txt": "a"})
    with pytest.raises(BadRequest, match="node 'Split' has no secret 'k'; it has none"):
        run_node(Split, {"text": "a"}, secrets={"k": "v"})
    given: Any = {"text": 3}
    no_node: Any = BaseModel
    with pytest.raises(BadRequest, match="input 'text' of node 'Split' is int; it must be str"):
        run_node(Split, given)
    with pytest.raises(BadRequest, match="is not a node: it must be a subclass of BaseNode"):
        run_node(no_node)


def test_an_input_that_is_missing_fails_the_node_as_it_does_in_a_run() -> None:
    outcome = run_node(Split)
    assert outcome.status == "failed"
    assert "Inputs.text: Field required" in (outcome.error or "")


def test_in_an_event_loop_the_async_twin_is_awaited() -> None:
    async def scene() -> NodeOutcome:
        with pytest.raises(RuntimeError, match=r"await run_node_async\(…\)"):
            run_node(Split, {"text": "a"})
        return await run_node_async(Split, {"text": "a"})

    assert asyncio.run(scene()).branches == [{"word": "a"}]
