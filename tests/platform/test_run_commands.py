"""`exosphere run wait|watch|tree|cancel|retry|rerun|list`, against a real state manager."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Callable
from typing import Any

from api.service import KEY, eventually, many, node_class, one
from cli_shell import Shell
from exosphere_orchestrator.background.bulk import BulkRetries
from exosphere_orchestrator.background.context import Jobs
from exosphere_worker.outcome import Failed

WRONG = Failed("KeyError: 'x'\nmore of it")


def fragile_chain(shell: Shell) -> None:
    """The chain, whose nodes are not retried."""
    shell.space.chain()
    node = shell.space.node
    first, second = node("first", "second", inputs={"x": ""}), node("second", inputs={"y": "${{ first.outputs.v }}"})
    shell.space.graph(first, second, retry_policy={"max_retries": 0})


def failed_run(shell: Shell) -> str:
    """A run of the chain whose second node failed."""
    fragile_chain(shell)
    run = shell.space.trigger()
    shell.space.do("First", one(v="1"))
    shell.space.do("Second", WRONG)
    assert shell.space.wait(run)["status"] == "FAILED"
    return run


def test_waiting_for_a_run_that_succeeds_exits_with_0_and_shows_it(shell: Shell) -> None:
    shell.space.chain()
    run = shell.space.run_chain()
    code, output, errors = shell("run", "wait", run)
    assert (code, errors) == (0, "2 of 2 states ended\n")
    assert output.startswith(f"run      {run}\nstatus   SUCCESS\n")
    assert shell.data("run", "wait", run)["status"] == "SUCCESS"
    assert shell.data("run", "show", run)["run_id"] == run


def test_waiting_for_a_run_that_fails_exits_with_3_and_shows_the_error(shell: Shell) -> None:
    run = failed_run(shell)
    code, output, _ = shell("run", "wait", run)
    assert code == 3
    assert "  KeyError: 'x'\n  more of it\n" in output
    code, output, _ = shell("run", "wait", run, "-o", "json")
    assert (code, json.loads(output)["status"]) == (3, "FAILED")


def test_a_run_that_does_not_end_in_time_exits_with_5(shell: Shell) -> None:
    shell.space.chain()
    run = shell.space.trigger()
    for verb in ("wait", "watch"):
        code, _, errors = shell("run", verb, run, "--timeout", "0.05")
        assert code == 5
        told = f"error: run {run} of graph 'g' has not ended in time: 1 of 1 states are pending; it goes on"
        assert errors.splitlines()[-1] == told


def test_watching_without_a_terminal_prints_a_line_whenever_more_states_have_ended(shell: Shell) -> None:
    run = failed_run(shell)
    code, output, _ = shell("run", "watch", run)
    assert code == 3
    assert output.startswith("2 of 2 states ended, 1 failed\n")
    assert "KeyError: 'x'" in output
    assert "\x1b" not in output


def test_in_a_terminal_the_watched_tree_follows_the_run(
    shell: Shell, start_exosphere: Callable[..., subprocess.Popen[str]]
) -> None:
    shell.space.chain()
    run = shell.space.trigger()
    driver, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    uri = str(shell.space.service.http.base_url)
    process = start_exosphere(
        "run", "watch", run, "-n", shell.space.name, stdout=terminal, stderr=terminal,
        environment={"TERM": "xterm-256color", "EXOSPHERE_STATE_MANAGER_URI": uri, "EXOSPHERE_API_KEY": KEY},
    )  # fmt: skip
    os.close(terminal)
    shown: list[bytes] = []

    def read() -> None:
        try:
            while block := os.read(driver, 65536):
                shown.append(block)
        except OSError:
            pass  # the terminal's other end is closed: this is how its end of file looks

    reader = threading.Thread(target=read)
    reader.start()
    eventually("the first picture", lambda: "1 pending" in b"".join(shown).decode(errors="ignore"))
    shell.space.do("First", one(v="1"))
    shell.space.do("Second", one(v="2"))
    assert process.wait(60) == 0
    reader.join(60)
    os.close(driver)
    text = b"".join(shown).decode()
    last = text[text.rindex("PENDING") :]
    assert last.index("first") < last.index("second")
    assert last.count("1 succeeded") >= 2
    assert "SUCCESS" in last


def test_the_states_of_a_run_are_a_tree_each_below_the_one_that_made_it(shell: Shell) -> None:
    fragile_chain(shell)
    run = shell.space.trigger()
    shell.space.do("First", many("1", "2", "3"))
    shell.space.do("Second", WRONG)
    shell.space.do("Second", one(v="1"))
    shell.space.do("Second", one(v="1"))
    shell.space.wait(run)
    output = shell.ok("run", "tree", run)
    lines = output.splitlines()
    assert lines[0] == f"g, run {run}, 6 states"
    depth = {name: {line.index(name) for line in lines[1:] if f" {name} " in line} for name in ("first", "second")}
    assert len(depth["first"]) == len(depth["second"]) == 1
    assert max(depth["first"]) < min(depth["second"])
    assert sum("second ERRORED" in line and "KeyError: 'x'" in line for line in lines) == 1
    assert shell.data("run", "tree", run)["node_count"] == 6


def test_of_many_states_those_that_failed_are_shown_and_the_others_are_counted(shell: Shell) -> None:
    shell.space.register(node_class("First", ("x",)))
    shell.space.graph(shell.space.node("first", inputs={"x": ""}))
    run = shell.space.trigger()
    shell.space.do("First", many(*map(str, range(12))))
    shell.space.wait(run)
    output = shell.ok("run", "tree", run, "--width", "2")
    assert "… 10 more of first: 10 SUCCESS" in output
    assert output.count("\n") == 4


def test_a_run_is_cancelled_once_and_again_without_harm(shell: Shell) -> None:
    shell.space.chain()
    run = shell.space.trigger()
    assert shell.ok("run", "cancel", run) == f"run {run} is CANCELLED\n"
    assert shell.data("run", "cancel", run)["status"] == "CANCELLED"
    assert shell("run", "wait", run)[0] == 3


def test_what_failed_is_retried_and_waited_for(shell: Shell) -> None:
    run = failed_run(shell)
    assert shell.ok("run", "retry", run) == "1 state is retried\n"
    shell.space.do("Second", WRONG)
    shell.space.wait(run)
    worker = threading.Thread(target=lambda: shell.space.do("Second", one(v="2")))
    worker.start()
    code, output, _ = shell("run", "retry", run, "--wait", "-o", "json")
    worker.join(60)
    assert (code, json.loads(output)["status"]) == (0, "SUCCESS")
    code, _, errors = shell("run", "retry", run)
    assert code == 1
    assert errors.count("\n") == 1


def background(shell: Shell) -> None:
    """The background jobs go on with what is to be retried, until there is something."""
    nobody: Any = None

    async def kick(redis: Any) -> int:
        settings = shell.space.service.settings
        return await BulkRetries(settings, redis).go_on_with_bulk_retries(Jobs(settings, redis, nobody))

    eventually("there was something to retry", lambda: shell.space.service.with_redis(kick))


def test_what_failed_in_many_runs_is_retried_and_each_run_is_told_of(shell: Shell) -> None:
    runs = {failed_run(shell) for _ in range(3)}
    for arguments in (["--graph", "g", "--after", "1h"], ["--all"]):
        jobs = threading.Thread(target=background, args=(shell,))
        jobs.start()
        code, output, errors = shell("run", "retry", *arguments, *(["-o", "json"] if "--all" not in arguments else []))
        jobs.join(60)
        assert (code, errors) == (0, "")
        if "--all" in arguments:
            assert output == "3 states of 3 runs are retried, 0 stay as they are\n"
        else:
            found = json.loads(output)
            assert (found["status"], found["count"], found["retried_count"]) == ("FINISHED", 3, 3)
            assert {one["run_id"] for one in found["runs"]} == runs
            for _ in runs:
                shell.space.do("Second", WRONG)
            assert {shell.space.wait(run)["status"] for run in runs} == {"FAILED"}


def test_what_is_to_be_retried_must_be_said(shell: Shell) -> None:
    for arguments in ([], ["some-run", "--graph", "g"], ["some-run", "--all"], ["--all", "--wait"]):
        code, output, errors = shell("run", "retry", *arguments)
        assert (code, output) == (2, ""), arguments
        assert errors.count("\n") == 1


def test_a_run_is_made_again_from_a_node_with_other_inputs(shell: Shell) -> None:
    shell.space.chain()
    run = shell.space.run_chain()
    worker = threading.Thread(target=lambda: shell.space.do("Second", one(v="3")))
    worker.start()
    code, output, _ = shell("run", "rerun", run, "--from", "second", "-i", "y=new", "--wait")
    worker.join(60)
    assert code == 0
    made = output.splitlines()[0]
    assert made != run
    assert shell.data("run", "show", made)["rerun_of"] == run
    again = json.loads(shell.ok("run", "rerun", run, "-o", "json"))
    assert (again["rerun_of"], again["status"]) == (run, "CREATED")
    code, _, errors = shell("run", "rerun", run, "--from", "nobody")
    assert code == 1
    assert "nobody" in errors
    assert shell("run", "rerun", run, "--from", "second", "--from-state", "x")[0] == 2


def test_runs_are_found_by_graph_status_and_time(shell: Shell) -> None:
    failed = failed_run(shell)
    whole = shell.space.run_chain()
    rows = shell.rows("run", "list")
    assert [row[0] for row in rows] == [whole, failed]
    assert [row[0] for row in shell.rows("run", "list", "--status", "FAILED")] == [failed]
    found = shell.data("run", "list", "--graph", "g", "--after", "1h", "--size", "1")
    assert [one["run_id"] for one in found] == [whole]
    assert shell.data("run", "list", "--before", "2020-01-01T00:00:00Z") == []
    code, output, errors = shell("run", "list", "--graph", "other")
    assert (code, output) == (0, "")
    assert errors == f"no such runs in namespace {shell.space.name!r}\n"
    for wrong in ("yesterday", "2026-01-01", "2026-01-01T00:00:00"):
        code, _, errors = shell("run", "list", "--after", wrong)
        assert code == 2
        assert "is no point in time; write it as 2026-01-31T09:00:00Z" in errors


def test_a_started_run_and_many_of_a_file_are_printed_as_data(shell: Shell) -> None:
    shell.space.chain()
    started: Any = json.loads(shell.ok("run", "start", "g", "-i", "sauce=1", "-o", "json"))
    assert (started["status"], started["ignored_inputs"]) == ("CREATED", ["sauce"])
    path = shell.file("runs.jsonl", "{}\n{}\n")
    assert len(json.loads(shell.ok("run", "start", "g", "--from", path, "-o", "json"))["run_ids"]) == 2


def test_the_same_start_with_the_same_name_starts_one_run(shell: Shell) -> None:
    shell.space.chain()
    named = ["run", "start", "g", "-i", "x=1", "--idempotency-key", "order-4711"]
    assert shell.ok(*named) == shell.ok(*named)
    assert len(shell.rows("run", "list")) == 1
    code, _, errors = shell("run", "start", "g", "-i", "x=2", "--idempotency-key", "order-4711")
    assert code == 1
    assert "order-4711" in errors
    assert shell.ok("run", "start", "g") != shell.ok("run", "start", "g")


def test_a_run_that_does_not_exist_is_one_line_and_1(shell: Shell) -> None:
    shell.space.chain()
    for verb in ("show", "wait", "watch", "tree", "cancel", "retry", "rerun"):
        code, output, errors = shell("run", verb, "0f8fad5b-d9cb-469f-a165-708677280000")
        assert (code, output) == (1, ""), verb
        assert errors.startswith("error: ")
        assert errors.count("\n") == 1
