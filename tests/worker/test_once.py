"""Work that a node does once: what is given back, what is recorded, what is refused."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel

from exosphere_core.errors import Conflict
from exosphere_worker.node import BaseNode
from exosphere_worker.once import Once, json_fault
from exosphere_worker.outcome import Failed, Succeeded
from worker.play import execution, outcome_of


class Chain:
    """What an attempt chain recorded, on the other side; each `once` of it is another delivery."""

    def __init__(self, **known: Any) -> None:
        self.known: dict[str, Any] = dict(known)
        self.asked: list[str] = []

    async def recorded(self, key: str) -> tuple[bool, Any]:
        self.asked.append(key)
        await asyncio.sleep(0)
        return key in self.known, self.known.get(key)

    async def record(self, key: str, result: Any) -> Any:
        await asyncio.sleep(0)
        return self.known.setdefault(key, result)

    def delivery(self) -> Once:
        return Once(self.recorded, self.record)


class Work:
    """Counts how often it is done."""

    def __init__(self, *results: Any) -> None:
        self.results = list(results)
        self.done = 0

    def __call__(self) -> Any:
        self.done += 1
        result = self.results[min(self.done, len(self.results)) - 1]
        if isinstance(result, BaseException):
            raise result
        return result


def scene(play: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(play())


def test_a_later_delivery_is_given_the_first_result_and_does_not_do_the_work() -> None:
    async def play() -> None:
        chain, work = Chain(), Work("receipt 1", "receipt 2")
        assert await chain.delivery().get("charge", work) == "receipt 1"
        assert await chain.delivery().get("charge", work) == "receipt 1"
        assert work.done == 1
        assert await chain.delivery().get("refund", work) == "receipt 2"

    scene(play)


def test_two_deliveries_at_once_both_give_what_was_recorded_first() -> None:
    async def play() -> None:
        chain, one, other = Chain(), Work("one"), Work("other")
        given = await asyncio.gather(chain.delivery().get("k", one), chain.delivery().get("k", other))
        assert (one.done, other.done) == (1, 1)
        assert given == ["one", "one"]

    scene(play)


def test_calls_of_one_key_at_once_within_an_execution_do_the_work_once() -> None:
    async def play() -> None:
        chain, work = Chain(), Work("first", "second")
        delivery = chain.delivery()
        assert await asyncio.gather(*(delivery.get("k", work) for _ in range(5))) == ["first"] * 5
        assert work.done == 1

    scene(play)


def test_calls_of_several_keys_do_not_wait_for_each_other() -> None:
    async def play() -> None:
        delivery = Chain().delivery()
        met = asyncio.Event()

        async def wait() -> str:
            await met.wait()
            return "waited"

        waiting = asyncio.create_task(delivery.get("slow", wait))
        assert await delivery.get("quick", lambda: met.set() or "done") == "done"
        assert await waiting == "waited"

    scene(play)


@pytest.mark.parametrize("kind", ["plain", "coroutine function", "returns a future"])
def test_the_work_may_be_plain_or_be_awaited(kind: str) -> None:
    async def later() -> list[int]:
        await asyncio.sleep(0)
        return [1, 2]

    def in_a_thread() -> list[int]:
        assert threading.current_thread() is not threading.main_thread()
        return [1, 2]

    works: dict[str, Callable[[], Any]] = {
        "plain": lambda: [1, 2],
        "coroutine function": later,
        "returns a future": lambda: asyncio.to_thread(in_a_thread),
    }

    async def play() -> None:
        chain = Chain()
        assert await chain.delivery().get("k", works[kind]) == [1, 2]
        assert chain.known == {"k": [1, 2]}

    scene(play)


def test_what_the_work_raises_is_not_recorded_and_the_next_call_tries_again() -> None:
    async def play() -> None:
        chain, work = Chain(), Work(OSError("no line"), "receipt")
        delivery = chain.delivery()
        with pytest.raises(OSError, match="no line"):
            await delivery.get("charge", work)
        assert chain.known == {}
        assert await delivery.get("charge", work) == "receipt"

    scene(play)


@pytest.mark.parametrize("result", [None, False, 0, "", [], {}])
def test_a_result_that_is_nothing_is_a_result(result: Any) -> None:
    async def play() -> None:
        chain, work = Chain(), Work(result)
        assert await chain.delivery().get("k", work) == result
        assert await chain.delivery().get("k", work) == result
        assert work.done == 1

    scene(play)


class Colour(StrEnum):
    RED = "red"


class Model(BaseModel):
    name: str = "x"


ITSELF: list[Any] = []
ITSELF.append(ITSELF)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 10**40, 1.5, 1e300, -0.0, "", "é☃😀\x00", [], {}, [[1], {"a": [None]}], {"": ""},
        OrderedDict(a=1), Colour.RED,
    ],
)  # fmt: skip
def test_every_json_value_can_be_recorded(value: Any) -> None:
    assert json_fault(value) is None


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (datetime.now(UTC), "is a datetime"),
        (b"x", "is a bytes"),
        ((1, 2), "is a tuple"),
        ({1, 2}, "is a set"),
        (Model(), "is a Model"),
        (float("nan"), "is the number nan"),
        (float("-inf"), "is the number -inf"),
        ("\ud800", "is text with half a character (a lone surrogate)"),
        ({"a": [1, {"b": b"x"}]}, "holds at ['a'][1]['b'] a bytes"),
        ({"a": (1,)}, "holds at ['a'] a tuple"),
        ([1.0, float("inf")], "holds at [1] the number inf"),
        ({1: "x"}, "has the key 1 of type int"),
        ({"a": {None: 1}}, "holds at ['a'] the key None of type NoneType"),
        (ITSELF, "holds itself"),
        (DEEP, "is nested too deeply"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isprintable() else "value",
)  # fmt: skip
def test_a_result_that_is_no_json_is_told_with_place_and_type(value: Any, fault: str) -> None:
    assert json_fault(value) == fault


def test_a_result_that_is_no_json_is_refused_with_its_key_and_not_recorded() -> None:
    async def play() -> None:
        chain = Chain()
        with pytest.raises(TypeError, match="once key 'k': the result is a datetime; it must be JSON"):
            await chain.delivery().get("k", Work(datetime.now(UTC)))
        assert chain.known == {}

    scene(play)


@pytest.mark.parametrize("key", ["", " ", "a.b", "a/b", "-a", "x" * 129, 5])
def test_a_key_that_is_not_allowed_is_refused_before_anything_is_done(key: Any) -> None:
    async def play() -> None:
        chain, work = Chain(), Work("x")
        with pytest.raises(ValueError, match="once key"):
            await chain.delivery().get(key, work)
        assert (chain.asked, work.done) == ([], 0)

    scene(play)


def test_a_call_in_place_of_a_function_is_refused() -> None:
    async def work() -> str:
        return "x"

    async def play() -> None:
        given: Any = work()
        with pytest.raises(TypeError, match="once key 'k': give a function that does the work, not coroutine"):
            await Chain().delivery().get("k", given)

    scene(play)


class Charging(BaseNode):
    class Outputs(BaseModel):
        receipt: str

    async def execute(self) -> Outputs:
        return self.Outputs(receipt=await self.once("charge", lambda: "receipt 1"))


class ChargingInThread(BaseNode):
    def execute(self) -> None:
        asyncio.run(self.once("charge", lambda: "receipt 1"))


def test_a_node_does_work_once_by_its_own_name_for_it() -> None:
    chain = Chain()
    assert outcome_of(Charging, run_as=execution(chain.delivery())) == Succeeded([{"receipt": "receipt 1"}], False)
    assert chain.known == {"charge": "receipt 1"}
    chain.known["charge"] = "receipt 0"
    assert outcome_of(Charging, run_as=execution(chain.delivery())) == Succeeded([{"receipt": "receipt 0"}], False)


def test_a_plain_execute_is_told_that_nothing_can_be_awaited_in_its_thread() -> None:
    outcome = outcome_of(ChargingInThread)
    assert isinstance(outcome, Failed)
    first = outcome.error.splitlines()[0]
    assert first.startswith("RuntimeError: once key 'charge': ChargingInThread.execute is a plain function")
    assert "async def" in first


def test_a_refusal_of_the_state_manager_fails_the_node_with_its_words() -> None:
    async def refuse(key: str) -> tuple[bool, Any]:
        raise Conflict("run r has ended CANCELLED")

    outcome = outcome_of(Charging, run_as=execution(Once(refuse, Chain().record)))
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("Conflict: run r has ended CANCELLED")
