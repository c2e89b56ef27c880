"""What a node writes: what is kept of it, what the log of the worker gets, and that it never fails the node."""

import asyncio
import logging
import math
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from exosphere_core.api import LogLimits
from exosphere_core.log_lines import Level
from exosphere_worker.node import BaseNode, Execution
from exosphere_worker.outcome import Succeeded
from exospherehost.testing.notebook import LogLine, Notebook
from worker.play import Nothing, outcome_of


def written_by(
    execute: Any, limits: LogLimits | None = None, secrets: dict[str, str] | None = None, **more: Any
) -> list[LogLine]:
    """Run a node with this `execute`, which must succeed; returns what is kept of it."""
    services = Nothing()
    notebook = services.line_sink
    if limits is not None:
        notebook.limits = limits
    node = type("Writing", (BaseNode,), {"execute": execute, **more})
    run_as = Execution("run-1", "state-1", 0, "once-1", services, _secrets=secrets)
    outcome = outcome_of(node, secrets=secrets, run_as=run_as)
    assert isinstance(outcome, Succeeded), outcome
    return notebook.of("state-1")


def limits(**changes: Any) -> LogLimits:
    usual = {
        "level": Level.INFO,
        "line_bytes": 300,
        "attempt_lines": 10,
        "attempt_bytes": 10**6,
        "lines_per_second": 10,
    }
    return LogLimits(**{**usual, **changes})


def test_a_line_of_the_logger_has_its_level_its_arguments_and_its_extra_as_fields() -> None:
    async def execute(self: BaseNode) -> None:
        self.logger.debug("at %s", "first")
        self.logger.info("saw %(what)s", {"what": "it"}, extra={"rows": 5})
        self.logger.log(25, "in between")
        self.logger.critical("100 %")

    assert written_by(execute) == [
        LogLine("log", "DEBUG", "at first"),
        LogLine("log", "INFO", "saw it", {"rows": 5}),
        LogLine("log", "INFO", "in between"),
        LogLine("log", "CRITICAL", "100 %"),
    ]


def test_an_exception_is_kept_with_its_traceback() -> None:
    async def execute(self: BaseNode) -> None:
        try:
            raise KeyError("gone")
        except KeyError as gone:
            self.logger.exception("lost")
            self.logger.warning("again", exc_info=gone)
        self.logger.error("nothing", exc_info=True)

    lost, again, nothing = written_by(execute)
    for line in (lost, again):
        assert line.text.splitlines()[1] == "Traceback (most recent call last):"
        assert line.text.endswith("KeyError: 'gone'")
    assert (lost.level, again.level, nothing.text) == ("ERROR", "WARNING", "nothing")


def test_a_progress_message_has_fields_that_are_json() -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd"

    async def execute(self: BaseNode) -> None:
        self.emit("half", percent=50, rate=0.5, done=False, left=None, what="x")
        self.emit(7, odd=Odd(), huge=2**60, nan=math.nan, text="in fields, `text` is free", self="and so is this")

    first, second = written_by(execute)
    assert first == LogLine(
        "progress", "INFO", "half", {"percent": 50, "rate": 0.5, "done": False, "left": None, "what": "x"}
    )
    assert second.text == "7"
    assert second.fields == {
        "odd": "odd", "huge": str(2**60), "nan": "nan", "text": "in fields, `text` is free", "self": "and so is this",
    }  # fmt: skip


def test_whatever_a_node_writes_does_not_fail_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where the lines of all tests are collected, half a character can't be.
    monkeypatch.setattr(logging.getLogger("exosphere.node.Writing"), "propagate", False)

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    async def execute(self: BaseNode) -> None:
        self.emit(Broken())
        self.emit("field", it=Broken())
        self.logger.info("too few %s %s", "arguments")
        self.logger.info("half a character: \ud800")
        self.emit("\udcff", **{"\ud800": "\ud800"})

    lines = written_by(execute)
    assert [line.text for line in lines] == ["too few %s %s", "half a character: \\ud800", "\\udcff"]
    assert lines[-1].fields == {"\\ud800": "\\ud800"}


def test_a_node_that_is_a_plain_function_and_its_threads_write_too() -> None:
    def execute(self: BaseNode) -> None:
        self.emit("from the thread of the node")
        other = threading.Thread(target=lambda: self.logger.info("from another one"))
        other.start()
        other.join()

    assert [line.text for line in written_by(execute)] == ["from the thread of the node", "from another one"]


def test_threads_that_write_first_at_once_write_to_one_log() -> None:
    logs = []

    def execute(self: BaseNode) -> None:
        barrier = threading.Barrier(8)

        def write() -> None:
            barrier.wait()
            logs.append(self._execution.lines)

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    written_by(execute)
    assert len(logs) == 8
    assert len(set(map(id, logs))) == 1


class _Secrets(BaseModel):
    token: str
    short: str


def test_secrets_of_the_node_are_taken_out_of_texts_fields_and_names() -> None:
    secret = "sword'fish\n"

    async def execute(self: BaseNode) -> None:
        self.emit(f"with {self.secrets.token}!", header=f"Bearer {self.secrets.token}", **{self.secrets.token: 1})
        self.logger.info("as repr: %r, and short: %s", self.secrets.token, self.secrets.short)

    first, second = written_by(execute, secrets={"token": secret, "short": "abc"}, Secrets=_Secrets)
    assert first == LogLine("progress", "INFO", "with ***!", {"header": "Bearer ***", "***": 1})
    # What is as short as that is too common a word.
    assert second.text.endswith("and short: abc")
    assert "fish" not in second.text


@pytest.mark.parametrize("before", [65_530, 65_536, 70_000])
def test_no_part_of_a_secret_is_left_where_a_long_text_is_cut(before: int) -> None:
    async def execute(self: BaseNode) -> None:
        self.emit("x" * before + self.secrets.token * 3)

    (line,) = written_by(execute, secrets={"token": "swordfish", "short": ""}, Secrets=_Secrets)
    assert "sw" not in line.text
    assert len(line.text) > 65_000


def test_a_line_is_cut_to_so_many_bytes_between_two_characters() -> None:
    async def execute(self: BaseNode) -> None:
        self.emit("é" * 1000, a="é" * 1000, b="left out", **{f"f{number}": number for number in range(100)})

    (line,) = written_by(execute, limits())
    assert line.text == "é" * 148 + "…"
    assert line.fields == {"a": "é" * 148 + "…"}


def test_of_very_many_fields_the_first_are_kept() -> None:
    async def execute(self: BaseNode) -> None:
        self.emit("x", **{f"f{number}": number for number in range(100)})

    (line,) = written_by(execute, limits(line_bytes=8192))
    assert line.fields == {f"f{number}": number for number in range(32)}


def test_only_lines_as_grave_as_the_state_manager_says_are_kept_and_the_log_of_the_worker_has_its_own_level(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def execute(self: BaseNode) -> None:
        assert self.logger.isEnabledFor(logging.WARNING)
        assert not self.logger.isEnabledFor(logging.DEBUG)
        self.logger.debug("1")
        self.logger.info("2")
        self.logger.warning("3")
        self.logger.error("4")
        self.emit("5")

    with caplog.at_level(logging.ERROR, "exosphere.node"):
        lines = written_by(execute, limits(level=Level.WARNING))
    assert [line.text for line in lines] == ["3", "4"]
    assert [record.getMessage() for record in caplog.records] == ["4"]


def test_a_record_in_the_log_of_the_worker_carries_ids_extra_and_the_line_of_the_node(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def execute(self: BaseNode) -> None:
        # What `logging` itself has under a name is not overwritten, which would raise.
        self.logger.warning("mind %s", "it", extra={"rows": 5, "name": "x", "state_id": "y", "message": "z"})

    written_by(execute)
    (record,) = [record for record in caplog.records if record.name == "exosphere.node.Writing"]
    told: Any = record
    assert (told.run_id, told.state_id, told.node, told.attempt, told.rows) == ("run-1", "state-1", "Writing", 1, 5)
    assert (record.funcName, record.pathname, record.getMessage()) == ("execute", __file__, "mind it")


def test_nothing_is_made_for_a_node_that_writes_nothing() -> None:
    async def execute(self: BaseNode) -> None:
        return

    services = Nothing()
    run_as = Execution("run-1", "state-1", 0, "once-1", services)
    outcome_of(type("Silent", (BaseNode,), {"execute": execute}), run_as=run_as)
    assert run_as.written is None


def test_the_logger_of_an_execution_is_made_once() -> None:
    async def execute(self: BaseNode) -> None:
        assert self.logger is self.logger

    written_by(execute)


def test_nothing_is_kept_where_the_state_manager_keeps_no_lines() -> None:
    notebook = Notebook()
    notebook.limits = None
    services = Nothing()
    services.line_sink = notebook

    async def execute(self: BaseNode) -> None:
        self.emit("x")
        self.logger.info("y")
        await asyncio.sleep(0)

    run_as = Execution("run-1", "state-1", 0, "once-1", services)
    outcome = outcome_of(type("Unheard", (BaseNode,), {"execute": execute}), run_as=run_as)
    assert isinstance(outcome, Succeeded)
    assert notebook.of("state-1") == []
