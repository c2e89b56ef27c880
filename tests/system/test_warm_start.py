"""A process that is forked from the warm one is as real as one that is exec'd."""

import os
import signal
import sys
from pathlib import Path

from system.stack import Stack, wait_for

_TELL = (
    "import os, sys, random; print(os.getpid(), os.getcwd(), os.environ['TOLD'], 'EXOSPHERE_STRAY' in os.environ, __name__, "
    "*sys.argv, flush=True)"
)


def _start(stack: Stack, code: str, **environ: str) -> None:
    stack.start("it", [sys.executable, "-c", code, "one", "two"], **environ)


def test_it_has_a_pid_an_environment_and_a_command_line_of_its_own(stack: Stack) -> None:
    _start(stack, _TELL, TOLD="this")
    assert stack.processes["it"].pid != os.getpid()
    pid = stack.processes["it"].pid
    assert stack.wait_end("it") == 0
    assert stack.log("it") == f"{pid} {Path.cwd()} this False __main__ -c one two\n"


def test_its_exit_status_is_what_its_code_and_its_signals_make_it(stack: Stack) -> None:
    for code, status, said in (
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit('why')", 1, "why\n"),
        ("raise ValueError('broken')", 1, "ValueError: broken"),
        ("import atexit; atexit.register(print, 'the last word')", 0, "the last word"),
    ):
        _start(stack, code)
        assert stack.wait_end("it") == status
        assert said in stack.log("it")
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
        _start(stack, "import time; print('up', flush=True); time.sleep(60)")
        wait_for("it runs", lambda: stack.log("it").endswith("up\n"))
        stack.signal("it", number)
        assert stack.wait_end("it") == -number
        _start(stack, "print()")
        stack.wait_end("it")


def test_two_draw_different_random_numbers(stack: Stack) -> None:
    for _ in range(2):
        _start(stack, "import random, secrets; print(random.random(), secrets.token_hex())")
        assert stack.wait_end("it") == 0
    first, second = (line.split() for line in stack.log("it").splitlines())
    assert not set(first) & set(second)


def test_what_the_interpreter_reads_at_its_start_is_given_by_an_exec(stack: Stack) -> None:
    _start(
        stack,
        "import sys; print(sys.flags.optimize, sys.flags.hash_randomization)",
        PYTHONOPTIMIZE="2",
        PYTHONHASHSEED="0",
    )
    assert stack.wait_end("it") == 0
    assert stack.log("it") == "2 0\n"
