"""The lines of a runtime on their way: together, in order, within bounds that are told, and in nobody's way."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from exosphere_core.api import LogLimits
from exosphere_core.errors import Unavailable
from exosphere_core.log_lines import Level
from exosphere_worker import line_sender
from exosphere_worker.line_sender import LineSender
from exosphere_worker.node_log import AttemptLog

PATIENCE_S = 20.0


class Receiver:
    """The state manager: notes what it is sent.

    Attributes:
        open: while it is cleared, calls wait.
        fault: raised in place of an answer.
    """

    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fault: Exception | None = None
        self.takes_all = True

    async def send(self, lines: list[dict[str, Any]]) -> int:
        self.calls.append(lines)
        await self.open.wait()
        if self.fault is not None:
            raise self.fault
        return len(lines) if self.takes_all else 0

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [line for call in self.calls for line in call]

    @property
    def texts(self) -> list[str]:
        return [line["text"] for line in self.lines if line["kind"] != "dropped"]

    @property
    def dropped(self) -> int:
        return sum(line["fields"]["count"] for line in self.lines if line["kind"] == "dropped")


def limits(**changes: Any) -> LogLimits:
    usual = {
        "level": Level.INFO, "line_bytes": 8192, "attempt_lines": 10**6, "attempt_bytes": 10**9, "lines_per_second": 10**6,
    }  # fmt: skip
    return LogLimits(**{**usual, **changes})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_sender, "_GATHER_S", 0.005)


def run(scene: Callable[[LineSender, Receiver], Awaitable[None]], **changes: Any) -> Receiver:
    """Play a scene with a sender, and let it send what is left."""

    async def play() -> Receiver:
        receiver = Receiver()
        sender = LineSender(receiver.send)
        sender.use(limits(**changes))
        await scene(sender, receiver)
        await sender.aclose()
        return receiver

    return asyncio.run(play())


def attempt(sender: LineSender, state: str = "s1", **more: Any) -> AttemptLog:
    return AttemptLog(sender, state, more.get("home", ""), more.get("attempt", 1), None)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.002)


async def asleep(sender: LineSender) -> None:
    await until(lambda: not sender._awake)


def tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


def test_lines_of_several_states_go_together_in_the_order_in_which_they_were_written() -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        first, second = attempt(sender), attempt(sender, "s2", home="other", attempt=3)
        first.emit("1", {})
        second.emit("2", {"percent": 5})
        first.log(logging.ERROR, "3", (), {})
        assert receiver.calls == []

    (call,) = run(scene).calls
    assert [line.pop("at") > 10**12 for line in call] == [True] * 3
    assert call == [
        {"state": "s1", "attempt": 1, "kind": "progress", "level": "INFO", "text": "1"},
        {"state": "s2", "attempt": 3, "kind": "progress", "level": "INFO", "text": "2", "home": "other", "fields": {"percent": 5}},
        {"state": "s1", "attempt": 1, "kind": "log", "level": "ERROR", "text": "3"},
    ]  # fmt: skip


def test_there_is_no_task_before_the_first_line_nor_after_the_last_was_sent() -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        before = tasks()
        attempt(sender).close()
        await asyncio.sleep(0)
        assert tasks() == before
        for number in range(3):
            attempt(sender).emit(str(number), {})
            await until(lambda: "exosphere-line-sender" in tasks())
            await until(lambda: tasks() == before)
            assert receiver.texts == [str(each) for each in range(number + 1)]

    assert len(run(scene).calls) == 3


def test_lines_of_many_threads_are_all_sent_each_thread_s_in_its_order() -> None:
    def write(log: AttemptLog, name: str) -> None:
        for number in range(200):
            log.emit(f"{name} {number}", {})

    async def scene(sender: LineSender, receiver: Receiver) -> None:
        threads = [threading.Thread(target=write, args=(attempt(sender, f"s{name}"), str(name))) for name in range(5)]
        for thread in threads:
            thread.start()
        await asyncio.to_thread(lambda: [thread.join() for thread in threads])
        await asleep(sender)

    texts = run(scene).texts
    assert len(texts) == 1000
    for name in range(5):
        assert [text for text in texts if text.startswith(f"{name} ")] == [f"{name} {number}" for number in range(200)]


def test_one_call_carries_a_bounded_number_of_lines_and_of_bytes() -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        log = attempt(sender)
        for number in range(1200):
            log.emit(str(number), {})
        for _ in range(100):
            log.emit("x" * 8192, {})
        await asleep(sender)

    receiver = run(scene)
    assert len(receiver.texts) == 1300
    assert max(map(len, receiver.calls)) == 500
    assert max(sum(len(line["text"]) for line in call) for call in receiver.calls) < 300_000


@pytest.mark.parametrize("bound", [{"attempt_lines": 4}, {"attempt_bytes": 4 * 210}])
def test_what_an_attempt_writes_beyond_its_bound_is_dropped_and_told_once_it_is_over(bound: dict[str, int]) -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        greedy, modest = attempt(sender), attempt(sender, "s2")
        for number in range(10):
            greedy.emit(str(number), {})
        modest.emit("mine", {})
        await until(lambda: receiver.dropped == 6)
        for number in range(5):
            greedy.emit(str(number), {})
        greedy.close()
        modest.close()
        await asleep(sender)

    receiver = run(scene, **bound)
    assert receiver.texts == ["0", "1", "2", "3", "mine"]
    assert receiver.dropped == 11
    notes = [line for line in receiver.lines if line["kind"] == "dropped"]
    assert {(note["state"], note["level"]) for note in notes} == {("s1", "WARNING")}
    assert notes[0]["text"].startswith("6 lines of this attempt were not kept")


def test_more_lines_a_second_than_agreed_are_dropped_and_told() -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        log = attempt(sender)
        for number in range(1000):
            log.emit(str(number), {})
        log.close()
        await asleep(sender)

    receiver = run(scene, lines_per_second=20)
    assert receiver.texts[:20] == [str(number) for number in range(20)]
    assert len(receiver.texts) < 100
    assert len(receiver.texts) + receiver.dropped == 1000


def test_while_the_state_manager_is_slow_a_bounded_number_of_lines_waits_and_the_node_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_sender, "_MOST_WAITING", 50)

    async def scene(sender: LineSender, receiver: Receiver) -> None:
        log = attempt(sender)
        receiver.open.clear()
        log.emit("first", {})
        await until(lambda: receiver.calls)
        for number in range(500):
            log.emit(str(number), {})
        log.close()
        receiver.open.set()
        await asleep(sender)

    receiver = run(scene)
    assert receiver.texts == ["first", *(str(number) for number in range(50))]
    assert receiver.dropped == 450


def test_lines_that_can_not_be_sent_are_told_in_the_log_of_the_worker_once_and_in_the_run_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        log = attempt(sender)
        receiver.fault = Unavailable("the state manager is away")
        for number in range(3):
            log.emit(str(number), {})
            await until(lambda count=number: len(receiver.texts) > count)
        receiver.fault = None
        log.emit("back", {})
        log.close()
        await asleep(sender)

    receiver = run(scene)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["1 lines of nodes are not kept: the state manager is away"]
    assert receiver.texts[-1] == "back"
    assert receiver.lines[-1]["kind"] == "dropped"


def test_a_state_manager_that_refuses_everything_is_not_asked_again_and_again() -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        log = attempt(sender)
        receiver.fault = Unavailable("away")
        log.emit("x", {})
        log.close()
        await asleep(sender)
        assert len(receiver.calls) <= 3

    run(scene)


def test_lines_that_are_not_taken_are_told_in_the_log_of_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        receiver.takes_all = False
        attempt(sender).emit("x", {})
        await asleep(sender)

    run(scene)
    assert "1 lines of nodes are not kept: their runs are gone, or the memory of Redis is full" in caplog.text


def test_what_waits_is_sent_before_the_runtime_ends() -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        for number in range(600):
            attempt(sender).emit(str(number), {})

    assert len(run(scene).texts) == 600


def test_a_state_manager_that_does_not_answer_does_not_keep_a_runtime_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_sender, "_LAST_S", 0.05)

    async def scene(sender: LineSender, receiver: Receiver) -> None:
        receiver.open.clear()
        attempt(sender).emit("x", {})
        await until(lambda: receiver.calls)

    assert len(run(scene).calls) == 1


def test_a_line_after_the_end_of_the_event_loop_is_dropped_in_silence() -> None:
    logs: list[AttemptLog] = []

    async def scene(sender: LineSender, receiver: Receiver) -> None:
        logs.append(attempt(sender))

    receiver = run(scene)
    logs[0].emit("too late", {})
    assert receiver.calls == []


def test_nothing_is_taken_while_no_limits_are_agreed() -> None:
    async def scene(sender: LineSender, receiver: Receiver) -> None:
        sender.use(None)
        log = attempt(sender)
        log.emit("x", {})
        assert not log.keeps(logging.CRITICAL)
        sender.use(limits())
        log.emit("y", {})
        await asleep(sender)

    assert run(scene).texts == ["y"]
