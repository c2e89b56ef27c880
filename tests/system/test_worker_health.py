"""`exosphere worker --processes N` and `--health-port P`, with real processes that are killed and stopped."""

import http.client
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import redis_server_binary
from ports import free_port
from system.stack import Stack, wait_for

TESTS = Path(__file__).resolve().parents[1]
APP = """
from exospherehost import Runtime
from system.nodes import NODES

runtime = Runtime(namespace="test", name="pool", nodes=NODES)
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stack]:
    """A stack with a Redis of its own, which may be stopped."""
    stack = Stack(f"unix://{tmp_path / 'redis.sock'}", tmp_path)
    start_redis(stack)
    yield stack
    stack.close()


def start_redis(stack: Stack) -> None:
    socket = stack.folder / "redis.sock"
    socket.unlink(missing_ok=True)
    stack.start("redis", [
        redis_server_binary(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(stack.folder),
    ])  # fmt: skip
    wait_for("Redis listens", socket.exists)


def start_worker(stack: Stack, *options: str, **environ: str) -> int:
    """Start the command and return the port of its health."""
    (stack.folder / "app.py").write_text(APP)
    port = free_port()
    command = [sys.executable, "-P", "-m", "exosphere_cli.main", "worker", "app:runtime", "--health-port", str(port)]
    path = os.pathsep.join(filter(None, [str(stack.folder), str(TESTS), os.environ.get("PYTHONPATH")]))
    stack.start("pool", [*command, *options], PYTHONPATH=path, **environ)
    return port


def health(port: int) -> tuple[int, dict[str, Any]]:
    """Status and body of GET /health; (0, {}) while nobody answers."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        client.request("GET", "/health")
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())
    except OSError:
        return 0, {}
    finally:
        client.close()


def wait_health(port: int, status: int) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def is_there() -> bool:
        now, body = health(port)
        found.update(body)
        return now == status

    wait_for(f"the health is {status}", is_there)
    return found


def runs(process_id: int) -> bool:
    """Whether a process runs; one that ended and was not waited for yet does not."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not status.parent.parent.is_dir()


def long_run(stack: Stack) -> tuple[str, Path]:
    """Trigger a run whose node began, and return its id and the file that ends it."""
    until = stack.folder / "until"
    stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    run = stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    return run, until


def who_began(stack: Stack) -> int:
    return int(stack.ledger_lines()[-1].split()[1])


def test_a_killed_process_is_named_by_the_health_and_replaced_and_its_run_ends(stack: Stack) -> None:
    stack.state_manager()
    port = start_worker(stack, "--processes", "1")
    run, until = long_run(stack)
    assert wait_health(port, 200)["processes"][0]["running"] == 1
    first = who_began(stack)
    os.kill(first, signal.SIGKILL)
    assert wait_health(port, 503)["detail"] == "worker 1: it is not running"
    until.touch()
    assert stack.wait_run(run)["status"] == "SUCCESS"
    assert who_began(stack) != first, "the run ended, but not in the process that took the place"
    assert wait_health(port, 200)["alive"] is True
    assert "worker 1 was ended by signal 9; starting it again in 0.5 s" in stack.log("pool")
    stack.signal("pool", signal.SIGTERM)
    assert stack.wait_end("pool") == 0


def test_a_stop_reaches_all_processes_which_end_their_work_first(stack: Stack) -> None:
    stack.state_manager()
    port = start_worker(stack, "--processes", "2")
    assert [each["process"] for each in wait_health(port, 200)["processes"]] == [1, 2]
    run, until = long_run(stack)
    stack.signal("pool", signal.SIGINT)
    wait_for("both heard it", lambda: stack.log("pool").count("stopping: no new states") == 2)
    until.touch()
    assert stack.wait_end("pool") == 0
    (state,) = stack.states(run)
    assert (state["status"], state["attempt"]) == ("SUCCESS", 1)


def test_a_second_signal_ends_all_processes_at_once(stack: Stack) -> None:
    stack.state_manager()
    start_worker(stack, "--processes", "1", EXOSPHERE_SHUTDOWN_GRACE_MS="600000")
    long_run(stack)
    stack.signal("pool", signal.SIGTERM)
    wait_for("it heard the signal", lambda: "stopping: no new states" in stack.log("pool"))
    stack.signal("pool", signal.SIGTERM)
    assert stack.wait_end("pool") == 130
    assert not runs(who_began(stack))


def test_no_process_outlives_a_command_that_is_killed_and_none_leaves_files_behind(stack: Stack) -> None:
    stack.state_manager()
    # Not below the test's own folder: the path of a Unix socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="exo-") as folder:
        port = start_worker(stack, "--processes", "2", TMPDIR=folder, EXOSPHERE_SHUTDOWN_GRACE_MS="100")
        long_run(stack)
        wait_health(port, 200)
        stack.kill("pool")
        wait_for("the process ended", lambda: not runs(who_began(stack)))
        wait_for("the folder is empty", lambda: not list(Path(folder).iterdir()))


def test_a_stopped_redis_makes_a_worker_unhealthy_and_its_return_healthy_again(own: Stack) -> None:
    own.state_manager()
    port = start_worker(own, EXOSPHERE_HEALTH_AGE_MS="5500")
    wait_health(port, 200)
    own.signal("redis", signal.SIGSTOP)
    body = wait_health(port, 503)
    assert body["detail"].startswith("Redis was not reached for 5.5 s: last heartbeat never, last read ")
    own.signal("redis", signal.SIGCONT)
    assert wait_health(port, 200)["alive"] is True
    assert own.processes["pool"].poll() is None


def figure(port: int, metric: str) -> float:
    """A figure of GET /metrics, with its labels; -1 while it is not there."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        client.request("GET", "/metrics")
        lines = client.getresponse().read().decode().splitlines()
    except OSError:
        return -1
    finally:
        client.close()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{metric} ")), -1)


def test_a_pool_tells_prometheus_what_it_took_what_came_of_it_and_that_it_reached_redis_again(own: Stack) -> None:
    own.state_manager()
    port = start_worker(own, "--processes", "1")
    wait_health(port, 200)
    own.graph("g", {"node_name": "Work", "identifier": "w", "inputs": {"value": "v"}})
    assert own.wait_run(own.trigger("g"))["status"] == "SUCCESS"
    assert figure(port, 'exosphere_worker_taken_total{process="1"}') == 1
    assert figure(port, 'exosphere_worker_outcomes_total{process="1",node="Work",outcome="succeeded"}') == 1
    assert figure(port, 'exosphere_worker_reconnects_total{process="1"}') == 0
    own.kill("redis")
    start_redis(own)
    wait_for("it reached Redis again", lambda: figure(port, 'exosphere_worker_reconnects_total{process="1"}') >= 1)
    assert figure(port, 'exosphere_worker_alive{process="1"}') == 1


def test_a_node_that_blocks_the_event_loop_leaves_the_health_answering(stack: Stack) -> None:
    stack.state_manager()
    port = start_worker(stack)
    stack.graph("g", {"node_name": "Blocking", "identifier": "b", "inputs": {"ms": "3000"}})
    run = stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    wait_for("a heartbeat while it blocks", lambda: health(port)[1].get("last_heartbeat_s") is not None)
    status, body = health(port)
    assert (status, body["running"]) == (200, 1)
    assert stack.wait_run(run)["status"] == "SUCCESS"


def test_a_node_that_takes_its_worker_down_three_times_fails_with_that_reason_and_the_worker_goes_on(
    stack: Stack,
) -> None:
    stack.state_manager()
    start_worker(stack, "--processes", "1")
    stack.graph("g", {"node_name": "Deadly", "identifier": "d"}, retry_policy={"max_retries": 0})
    run = stack.trigger("g")
    assert stack.wait_run(run)["status"] == "FAILED"
    (state,) = stack.states(run)
    assert state["error"].startswith("lost its worker 3 times: each time the worker showed no life for 1500 ms")
    assert len(stack.ledger_lines()) == 3
    assert len(set(stack.ledger_lines())) == 3, "a process outlived its node"
    stack.graph("other", {"node_name": "Work", "identifier": "w", "inputs": {"value": "v"}})
    assert stack.wait_run(stack.trigger("other"))["status"] == "SUCCESS"
