"""`exosphere run logs`: what nodes wrote, at once and as it comes in, harmless to a terminal; with a real worker, too."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.service import KEY, eventually, node_class, one
from cli_shell import Shell
from exosphere_core import api
from exosphere_worker.held import Held

NODES = """
import threading
from pathlib import Path

from pydantic import BaseModel
from exospherehost import BaseNode, Runtime


class Load(BaseNode):
    class Inputs(BaseModel):
        until: str

    class Secrets(BaseModel):
        token: str

    async def execute(self) -> None:
        import asyncio
        self.logger.info("loading with %s", self.secrets.token)
        self.emit("half", percent=50)
        while not Path(self.inputs.until).exists():
            await asyncio.sleep(0.02)
        self.logger.warning("the end is near", extra={"rows": 7})


class Count(BaseNode):
    def execute(self) -> None:
        for number in range(1100):
            self.emit("counting", number=number)


runtime = Runtime(namespace="NAMESPACE", name="worker", nodes=[Load, Count])
"""


def begun(shell: Shell) -> tuple[str, Held]:
    space = shell.space
    space.register(node_class("A"))
    space.graph(space.node("a"))
    run = space.trigger()
    return run, space.take("A")


def write(shell: Shell, held: Held, *lines: dict[str, Any]) -> None:
    body = {"lines": [{"state": held.state, "at": 1_700_000_000_123, **line} for line in lines]}
    assert shell.space.ok(api.ADD_LINES, body)["taken"] == len(lines)


def test_a_line_tells_when_how_grave_where_and_what(shell: Shell) -> None:
    run, held = begun(shell)
    write(
        shell, held, {"text": "loading", "fields": {"percent": 40, "file": "a b", "empty": "", "ok": True}},
        {"text": "first\nsecond", "level": "ERROR", "attempt": 2},
    )  # fmt: skip
    assert shell.ok("run", "logs", run) == (
        f'2023-11-14T22:13:20.123Z INFO     a {held.state[:8]} loading  percent=40  file="a b"  empty=""  ok=true\n'
        f"2023-11-14T22:13:20.123Z ERROR    a {held.state[:8]}#2 first\n    second\n"
    )


def test_all_fields_are_told_as_json_one_line_each(shell: Shell) -> None:
    run, held = begun(shell)
    write(shell, held, {"text": "one\ntwo\u2028", "kind": "progress"}, {"text": "x"})
    told = [json.loads(line) for line in shell.ok("run", "logs", run, "-o", "jsonl").splitlines()]
    assert told == shell.space.ok(api.LIST_LINES, run_id=run)["lines"]


def test_lines_are_chosen_by_node_state_level_kind_and_place(shell: Shell) -> None:
    run, held = begun(shell)
    write(shell, held, {"text": "1"}, {"text": "2", "level": "ERROR"}, {"text": "3", "kind": "progress"})

    def chosen(*options: str) -> list[str]:
        return [line.split()[4] for line in shell.ok("run", "logs", run, *options).splitlines()]

    assert chosen("--node", "a") == chosen("--state", held.state[:6]) == ["1", "2", "3"]
    assert chosen("--node", "b") == []
    assert chosen("--level", "warning") == ["2"]
    assert chosen("--kind", "progress", "--kind", "dropped") == ["3"]
    assert chosen("--after", "1") == ["2", "3"]


def test_no_text_of_a_node_steers_the_terminal_or_looks_like_a_line_of_its_own(shell: Shell) -> None:
    run, held = begun(shell)
    evil = "\x1b]0;owned\x07\x1b[2J\r2023-11-14T22:13:20.123Z INFO fake\n2023-11-14T22:13:20.123Z INFO fake\x9b1m\u202e\u2028"
    write(shell, held, {"text": evil, "fields": {evil[:40]: evil}})
    output = shell.ok("run", "logs", run)
    assert all(letter.isprintable() or letter == "\n" for letter in output)
    first, *others = output.splitlines()
    assert f"a {held.state[:8]} �]0;owned��[2J�2023" in first
    assert all(line.startswith("    ") for line in others)
    assert len(others) == 1


def test_a_run_that_has_ended_is_followed_to_its_end(shell: Shell) -> None:
    run, held = begun(shell)
    write(shell, held, {"text": "all there is"})
    shell.space.report(held, one(v="1"))
    assert "all there is" in shell.ok("run", "logs", run, "-f")


def test_a_run_that_nobody_has_is_an_error(shell: Shell) -> None:
    begun(shell)
    for options in ((), ("-f",)):
        code, output, errors = shell("run", "logs", "0" * 32, *options)
        assert (code, output) == (1, "")
        assert errors.startswith("error: namespace ")
    assert shell("run", "logs", "x", "--after", "y")[0] == 1
    assert shell("run", "logs", "x", "--level", "LOUD")[0] == 2


def test_what_a_node_of_a_worker_writes_is_followed_while_it_runs(
    shell: Shell, start_exosphere: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    space, until = shell.space, tmp_path / "until"
    (tmp_path / "telling.py").write_text(NODES.replace("NAMESPACE", space.name))
    environment = {"EXOSPHERE_STATE_MANAGER_URI": str(space.service.http.base_url), "EXOSPHERE_API_KEY": KEY}
    worker_log = tmp_path / "worker.log"
    with worker_log.open("w") as log:
        start_exosphere("worker", "telling:runtime", cwd=tmp_path, environment=environment, stdout=log, stderr=log)
        space.graph(
            {"node_name": "Load", "namespace": space.name, "identifier": "load", "inputs": {"until": str(until)}, "next_nodes": ["count"]},
            {"node_name": "Count", "namespace": space.name, "identifier": "count", "inputs": {}, "next_nodes": []},
            secrets={"token": "swordfish"},
        )  # fmt: skip
        eventually("the nodes are registered", lambda: space.ok(api.GET_GRAPH)["validation_status"] == "VALID")
        run = space.trigger()
        following = start_exosphere("run", "logs", run, "-f", "-n", space.name, environment=environment)
        lines: list[str] = []
        assert following.stdout is not None
        for text in following.stdout:
            lines.append(text)
            if "half" in text:
                until.touch()
        assert following.wait(60) == 0
    assert space.wait(run)["status"] == "SUCCESS"
    told = [line.split(maxsplit=4)[4].strip() for line in lines]
    assert told[:3] == ["loading with ***", "half  percent=50", "the end is near  rows=7"]
    # Of too much the first is kept, and how much is missing.
    assert told[3] == "counting  number=0"
    kept = [line for line in told[3:] if line.startswith("counting")]
    notes = [json.loads(line) for line in shell.ok("run", "logs", run, "--kind", "dropped", "-o", "jsonl").splitlines()]
    assert len(kept) + sum(note["fields"]["count"] for note in notes) == 1100
    assert notes
    assert "the end is near" in worker_log.read_text()
    state = next(line for line in shell.ok("run", "logs", run, "-o", "jsonl").splitlines() if '"load"' in line)
    assert json.loads(state)["worker"]
