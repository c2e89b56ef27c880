"""A supervisor's children end with it."""

import signal
import subprocess
from collections.abc import Callable

Start = Callable[..., subprocess.Popen[str]]

SUPERVISOR = """
import os, subprocess, sys
from exosphere_core.lifeline import Lifeline
lifeline = Lifeline()
child = subprocess.Popen(
    [sys.executable, "-u", "-c", sys.argv[1]], pass_fds=[lifeline.fd], env={**os.environ, **lifeline.environment},
    start_new_session=True,
)
print("supervisor", child.pid)
child.wait()
"""

CHILD = """
import threading
from exosphere_core.lifeline import watch_lifeline
print("watching", watch_lifeline())
threading.Event().wait()
"""

DEAF_CHILD = """
import signal, threading
from exosphere_core.lifeline import watch_lifeline
signal.signal(signal.SIGTERM, lambda *_: print("asked to end"))
print("watching", watch_lifeline(grace_s=0.2))
while True:
    threading.Event().wait()
"""


def started(process: subprocess.Popen[str]) -> int:
    """Wait until supervisor and child run; returns the child's id."""
    assert process.stdout is not None
    lines = sorted(process.stdout.readline().split() for _ in range(2))
    assert lines[1] == ["watching", "True"]
    return int(lines[0][1])


def test_a_child_ends_when_its_supervisor_is_killed(
    start_python: Start, eventually: Callable[..., None], is_alive: Callable[[int], bool]
) -> None:
    supervisor = start_python(SUPERVISOR, CHILD)
    child_id = started(supervisor)
    assert is_alive(child_id)
    supervisor.kill()
    eventually(lambda: not is_alive(child_id), "the child's end")


def test_a_child_that_ignores_the_signal_ends_after_the_grace_time(
    start_python: Start, eventually: Callable[..., None], is_alive: Callable[[int], bool]
) -> None:
    supervisor = start_python(SUPERVISOR, DEAF_CHILD)
    child_id = started(supervisor)
    supervisor.kill()
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "asked to end\n"
    eventually(lambda: not is_alive(child_id), "the child's end")


def test_a_child_outlives_a_supervisor_that_only_sees_a_signal(
    start_python: Start, is_alive: Callable[[int], bool]
) -> None:
    supervisor = start_python("import signal; signal.signal(signal.SIGUSR1, lambda *_: None)\n" + SUPERVISOR, CHILD)
    child_id = started(supervisor)
    supervisor.send_signal(signal.SIGUSR1)
    assert supervisor.poll() is None
    assert is_alive(child_id)


def test_without_a_supervisor_nothing_is_watched(start_python: Start) -> None:
    process = start_python("from exosphere_core.lifeline import watch_lifeline; print(watch_lifeline())")
    assert process.communicate(timeout=30) == ("False\n", "")


def test_a_variable_that_names_no_pipe_is_refused_by_name(start_python: Start) -> None:
    code = """
from exosphere_core.errors import ConfigurationError
from exosphere_core.lifeline import watch_lifeline
try:
    watch_lifeline()
except ConfigurationError as error:
    print(error)
"""
    for wrong in ("77", "x", "-1", "99999999999999999999"):
        process = start_python(code, environment={"EXOSPHERE_LIFELINE_FD": wrong})
        output, _ = process.communicate(timeout=30)
        assert output.startswith(f"EXOSPHERE_LIFELINE_FD={wrong!r} is no open pipe;")


def test_a_grandchild_does_not_take_some_other_file_for_its_lifeline(start_python: Start) -> None:
    child = """
import os, subprocess, sys
from exosphere_core.lifeline import watch_lifeline
watch_lifeline()
print("watching", True)
print(subprocess.run([sys.executable, "-c", "import os; print(os.environ.get('EXOSPHERE_LIFELINE_FD'))"],
      capture_output=True, text=True).stdout.strip())
"""
    supervisor = start_python(SUPERVISOR, child)
    started(supervisor)
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "None\n"
