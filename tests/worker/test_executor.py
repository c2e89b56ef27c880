"""What comes of an execution: what a node returns, raises or is given that does not fit."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from exosphere_worker.executor import NodeRunner
from exosphere_worker.node import BaseNode
from exosphere_worker.outcome import Failed, Pruned, Requeued, Succeeded
from exosphere_worker.signals import PruneSignal, ReQueueAfterSignal
from worker.play import execution, outcome_of, play


class Returning(BaseNode):
    """Returns what a test chose."""

    class Outputs(BaseModel):
        a: str
        b: str = "default"

    result: Callable[[], Any]

    async def execute(self) -> Any:
        return type(self).result()


class Other(BaseModel):
    a: str


def returning(result: Callable[[], Any]) -> type[BaseNode]:
    return type("Returning", (Returning,), {"result": staticmethod(result)})


def failure(node: type[BaseNode], **more: Any) -> Failed:
    outcome = outcome_of(node, **more)
    assert isinstance(outcome, Failed), outcome
    return outcome


Out = Returning.Outputs


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (lambda: Out(a="1"), Succeeded([{"a": "1", "b": "default"}], fanned_out=False)),
        (
            lambda: [Out(a="1"), Out(a="2", b="x")],
            Succeeded([{"a": "1", "b": "default"}, {"a": "2", "b": "x"}], fanned_out=True),
        ),
        (lambda: [Out(a="1")], Succeeded([{"a": "1", "b": "default"}], fanned_out=True)),
        (list, Succeeded([], fanned_out=True)),
        (lambda: None, Succeeded([{}], fanned_out=False)),
        (lambda: Out(a="é☃\x00"), Succeeded([{"a": "é☃\x00", "b": "default"}], fanned_out=False)),
    ],
)
def test_what_a_node_returns_becomes_its_outputs(result: Callable[[], Any], outcome: Succeeded) -> None:
    assert outcome_of(returning(result)) == outcome


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (lambda: "text", "what Returning returned is str; it must be Returning.Outputs, a list of it, or None"),
        (lambda: {"a": "1"}, "what Returning returned is dict; it must be Returning.Outputs, a list of it, or None"),
        (lambda: Other(a="1"), "what Returning returned is Other; it must be"),
        (lambda: (Out(a="1"),), "what Returning returned is tuple; it must be"),
        (lambda: ["x", Out(a="1")], "element 0 of what Returning returned is str; it must be"),
        (lambda: [Out(a="1"), None], "element 1 of what Returning returned is NoneType; it must be"),
        (lambda: [Out(a="1"), [Out(a="1")]], "element 1 of what Returning returned is list; it must be"),
        (lambda: Out.model_construct(a=1, b=""), "what Returning returned: Outputs.a is int; it must be str"),
        (
            lambda: [Out(a="1"), Out(a="1"), Out.model_construct(a="1", b=None)],
            "element 2 of what Returning returned: Outputs.b is NoneType; it must be str",
        ),
        (lambda: Out(a="half \ud800"), "what Returning returned: Outputs.a holds half a character"),
        (lambda: Out.model_validate({}), "ValidationError: 1 validation error for Outputs\na\n  Field required"),
    ],
)
def test_a_wrong_return_fails_with_what_is_wrong_and_where(result: Callable[[], Any], error: str) -> None:
    assert failure(returning(result)).error.startswith(error)


def test_an_output_that_was_built_without_a_field_fails_and_names_it() -> None:
    error = failure(returning(lambda: Out.model_construct(b="1"))).error
    assert error == "what Returning returned: Outputs.a is NoneType; it must be str"


class Reading(BaseNode):
    class Inputs(BaseModel):
        name: str
        greeting: str = "hello"

    class Outputs(BaseModel):
        text: str

    async def execute(self) -> Outputs:
        return self.Outputs(text=f"{self.inputs.greeting} {self.inputs.name}")


def test_an_input_that_is_left_out_has_its_default() -> None:
    assert outcome_of(Reading, b'{"name":"you"}') == Succeeded([{"text": "hello you"}], False)
    assert outcome_of(Reading, b'{"name":"you","greeting":"hi"}') == Succeeded([{"text": "hi you"}], False)


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        (b"{}", "the inputs or secrets of Reading do not fit its models: Inputs.name: Field required"),
        (
            b'{"name":1,"greeting":null}',
            "the inputs or secrets of Reading do not fit its models: Inputs.name: Input should be a valid string; "
            "Inputs.greeting: Input should be a valid string",
        ),
        (b"nonsense", "the inputs or secrets of Reading do not fit its models: Inputs.: Invalid JSON"),
    ],
)
def test_inputs_that_do_not_fit_fail_the_state(inputs: bytes, error: str) -> None:
    assert failure(Reading, inputs=inputs).error.startswith(error)


class Pruning(BaseNode):
    data: Any = None

    async def execute(self) -> None:
        raise PruneSignal(type(self).data)


def pruning(data: Any) -> type[BaseNode]:
    return type("Pruning", (Pruning,), {"data": data})


def endless() -> dict[str, Any]:
    data: dict[str, Any] = {}
    data["again"] = data
    return data


def test_a_prune_signal_ends_the_branch_and_keeps_its_data() -> None:
    assert outcome_of(pruning(None)) == Pruned({})
    assert outcome_of(pruning({"why": ["empty", 3, None]})) == Pruned({"why": ["empty", 3, None]})


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"x": object()}, "the data of the prune signal of Pruning can't be spelled as JSON: "),
        ({(1, 2): "x"}, "the data of the prune signal of Pruning can't be spelled as JSON: "),
        ({"x": "\ud800"}, "the data of the prune signal of Pruning can't be spelled as JSON: "),
        (endless(), "the data of the prune signal of Pruning can't be spelled as JSON: "),
        ([1], "the data of the prune signal of Pruning is list; it must be a dict"),
    ],
)
def test_prune_data_that_json_can_not_spell_fails_the_state(data: Any, error: str) -> None:
    assert failure(pruning(data)).error.startswith(error)


class Polling(BaseNode):
    delay = timedelta(seconds=1.5)

    def execute(self) -> None:
        raise ReQueueAfterSignal(type(self).delay)


def test_a_requeue_signal_carries_its_delay_in_ms() -> None:
    assert outcome_of(Polling) == Requeued(1500)
    assert outcome_of(type("Polling", (Polling,), {"delay": timedelta(microseconds=1)})) == Requeued(1)


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(seconds=-1)])
def test_a_requeue_delay_that_is_not_more_than_zero_fails_the_state(delay: timedelta) -> None:
    error = failure(type("Polling", (Polling,), {"delay": delay})).error
    assert error.startswith("ValueError: the delay must be more than zero")


class Sleeping(BaseNode):
    async def execute(self) -> None:
        await asyncio.Event().wait()


class Blocking(BaseNode):
    let_go = threading.Event()

    def execute(self) -> None:
        self.let_go.wait(timeout=30)


def test_an_async_node_that_runs_too_long_fails_with_its_limit() -> None:
    assert outcome_of(Sleeping, timeout_ms=20) == Failed("timed out: Sleeping ran longer than its timeout_ms of 20")


def test_a_node_in_a_thread_that_runs_too_long_fails_while_the_thread_still_runs() -> None:
    async def scene() -> None:
        with ThreadPoolExecutor(1) as threads:
            try:
                outcome = await NodeRunner(Blocking, threads).execute(b"{}", None, execution(), 20)
            finally:
                Blocking.let_go.set()
        assert outcome == Failed("timed out: Blocking ran longer than its timeout_ms of 20")

    asyncio.run(scene())


class OwnTimeout(BaseNode):
    async def execute(self) -> None:
        raise TimeoutError("the service did not answer")


def test_a_timeout_error_of_the_node_itself_keeps_its_own_text() -> None:
    assert failure(OwnTimeout, timeout_ms=60_000).error.startswith("TimeoutError: the service did not answer")
    assert failure(OwnTimeout).error.startswith("TimeoutError: the service did not answer")


def test_a_cancelled_execution_is_cancelled_and_gives_no_outcome() -> None:
    async def scene() -> None:
        running = asyncio.create_task(play(Sleeping))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(scene())


_flavour: contextvars.ContextVar[str] = contextvars.ContextVar("flavour", default="none")


class Threaded(BaseNode):
    class Outputs(BaseModel):
        thread: str
        flavour: str

    def execute(self) -> Outputs:
        return self.Outputs(thread=threading.current_thread().name, flavour=_flavour.get())


def test_a_plain_execute_runs_in_a_thread_with_the_context_of_its_task() -> None:
    async def scene() -> None:
        _flavour.set("vanilla")
        outcome = await play(Threaded)
        assert isinstance(outcome, Succeeded)
        assert outcome.outputs[0]["flavour"] == "vanilla"
        assert outcome.outputs[0]["thread"] != threading.current_thread().name

    asyncio.run(scene())


class Curious(BaseNode):
    class Outputs(BaseModel):
        ids: str

    async def execute(self) -> Outputs:
        self.store.set("cursor", "9")
        ids = (self.run_id, self.state_id, self.retry_count, self.idempotency_key, self.logger.extra)
        return self.Outputs(ids=repr(ids))


def test_a_node_sees_its_ids_and_its_store_writes_go_with_the_outcome() -> None:
    outcome = outcome_of(Curious, run_as=execution())
    assert isinstance(outcome, Succeeded)
    logged = {"run_id": "run-1", "state_id": "state-1", "node": "Curious", "attempt": 1}
    assert outcome.outputs == [{"ids": repr(("run-1", "state-1", 2, "once-1", logged))}]
    assert outcome.store == {"cursor": "9"}
