"""`exosphere dev` for real: a private Redis, a state manager, background jobs and workers, all as processes."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exosphere_cli.dev_address import free_port, local_uri
from exosphere_core.errors import ConfigurationError
from exosphere_orchestrator.embedded import EmbeddedRedis

NODES = """
from pydantic import BaseModel
from exospherehost import BaseNode, Runtime


class Greet(BaseNode):
    class Inputs(BaseModel):
        name: str

    class Outputs(BaseModel):
        message: str

    async def execute(self):
        return self.Outputs(message=f"hello {self.inputs.name}")


runtime = Runtime(namespace="default", name="greeter", nodes=[Greet])
print("loaded version 1")
"""

#: Never starts, and does not end when asked to.
DEAF = """
import signal, time

def runtime():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf to SIGTERM")
    time.sleep(1000)
"""

GRAPH = "name: greeting\nnodes: [{identifier: greet, node_name: Greet, namespace: default, inputs: {name: x}}]\n"


class Dev:
    """One `exosphere dev` that runs, and what it has printed."""

    def __init__(self, process: subprocess.Popen[str], eventually: Callable[..., None]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._eventually = eventually
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def await_line(self, pattern: str, times: int = 1) -> str:
        """Wait until a line that matches was printed so many times; returns its first group, or the line."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            found[:] = [match for line in list(self.lines) if (match := re.search(pattern, line))]
            return len(found) >= times

        self._eventually(look, f"a line {pattern!r} in:\n" + "\n".join(self.lines[-30:]))
        return found[times - 1][found[0].re.groups]

    def end(self) -> int:
        """Wait until it has ended and everything that it printed was read."""
        code = self.process.wait(60)
        self._reader.join(60)
        return code

    def descendants(self) -> dict[int, str]:
        """Process id → command line of everything that it started."""
        parents: dict[int, int] = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # ended since it was listed
        found: set[int] = set()
        while more := {child for child, parent in parents.items() if parent in {self.process.pid, *found}} - found:
            found |= more
        return {child: command_line(child) for child in found}


def command_line(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def id_of(dev: Dev, command: str) -> int:
    """Of the one descendant whose command line has this text."""
    (found,) = (process_id for process_id, line in dev.descendants().items() if command in line)
    return found


@pytest.fixture
def start_dev(start_exosphere: Any, eventually: Any, tmp_path: Path) -> Any:
    """Start `exosphere dev` at a free port, with nodes.py and deaf.py in the current directory."""
    (tmp_path / "nodes.py").write_text(NODES)
    (tmp_path / "deaf.py").write_text(DEAF)
    (tmp_path / "graph.yaml").write_text(GRAPH)

    def start(*arguments: str, **environment: str) -> Dev:
        process = start_exosphere("dev", "--port", "0", *arguments, cwd=tmp_path, environment=environment)
        return Dev(process, eventually)

    return start


@pytest.fixture
def client(start_exosphere: Any, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run a client command in the directory of the dev, whose key it finds there."""

    def call(uri: str, *arguments: str) -> tuple[int, str]:
        process = start_exosphere(*arguments, "--uri", uri, cwd=tmp_path)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output + errors

    return call


def await_ready(dev: Dev) -> str:
    """Returns the address of the state manager."""
    return dev.await_line(r"State manager +(http://\S+)")


def test_a_graph_runs_its_code_is_reloaded_and_ctrl_c_leaves_data_but_no_process(
    start_dev: Any, client: Any, eventually: Any, is_alive: Any, tmp_path: Path
) -> None:
    dev = start_dev("--app", "nodes:runtime")
    uri = await_ready(dev)
    assert client(uri, "graph", "apply", "graph.yaml", "--wait-valid", "30")[0] == 0
    assert client(uri, "run", "start", "greeting", "-i", "name=Ada", "--wait")[0] == 0

    (tmp_path / "nodes.py").write_text(NODES.replace("version 1", "version 2"))
    dev.await_line(r"dev +\| nodes\.py changed; starting nodes again")
    dev.await_line(r"nodes +\| loaded version 2")
    assert client(uri, "run", "start", "greeting", "--wait")[0] == 0

    started = dev.descendants()
    assert len(started) >= 5, "guardian, Redis, state manager, background jobs, worker"
    dev.process.send_signal(signal.SIGINT)
    assert dev.end() == 0
    eventually(lambda: not any(map(is_alive, started)), "the end of all processes")

    dev = start_dev()
    assert "greeting" in client(await_ready(dev), "graph", "list")[1]
    dev.process.terminate()
    assert dev.end() == 0


def test_workers_are_told_neither_redis_nor_the_servers_secrets(start_dev: Any, eventually: Any) -> None:
    dev = start_dev("--app", "nodes:runtime", "--processes", "2")
    uri = await_ready(dev)
    dev.await_line(r"nodes 1 +\| loaded")
    dev.await_line(r"nodes 2 +\| loaded")
    workers = [process_id for process_id, line in dev.descendants().items() if " worker nodes:runtime" in line]
    assert len(workers) == 2
    for worker in workers:
        entries = Path(f"/proc/{worker}/environ").read_text().split("\0")
        environment = dict(entry.split("=", 1) for entry in entries if "=" in entry)
        assert environment["EXOSPHERE_STATE_MANAGER_URI"] == uri
        assert environment["EXOSPHERE_API_KEY"]
        assert not {"EXOSPHERE_REDIS_URL", "STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY"} & environment.keys()


def test_a_second_signal_exits_at_once_and_leaves_nothing_behind(
    start_dev: Any, eventually: Any, is_alive: Any
) -> None:
    dev = start_dev("--app", "deaf:runtime")
    dev.await_line(r"deaf +\| deaf to SIGTERM")
    started = dev.descendants()
    dev.process.send_signal(signal.SIGINT)
    dev.await_line(r"dev +\| stopping; a second Ctrl-C stops at once")
    assert dev.process.poll() is None
    dev.process.send_signal(signal.SIGINT)
    assert dev.end() == 130
    eventually(lambda: not any(map(is_alive, started)), "the end of all processes")


def test_a_killed_dev_takes_everything_along(start_dev: Any, eventually: Any, is_alive: Any) -> None:
    dev = start_dev("--app", "nodes:runtime")
    await_ready(dev)
    dev.await_line(r"nodes +\| loaded")
    started = dev.descendants()
    dev.process.kill()
    eventually(lambda: not any(map(is_alive, started)), "the end of all processes")
    dev.end()


def test_what_dies_is_started_again(start_dev: Any, client: Any, eventually: Any) -> None:
    dev = start_dev("--app", "nodes:runtime")
    uri = await_ready(dev)
    assert client(uri, "graph", "apply", "graph.yaml", "--wait-valid", "30")[0] == 0
    for command, name in (
        ("exosphere_cli.main server", "server"),
        ("exosphere_cli.main worker", "nodes"),
        ("guardian.py", "Redis"),
    ):
        os.kill(id_of(dev, command), signal.SIGKILL)
        dev.await_line(rf"dev +\| {name} .*; starting it again in 0\.5 s")
    eventually(lambda: client(uri, "run", "start", "greeting", "--wait")[0] == 0, "a run that succeeds")


def test_a_stop_while_it_starts_ends_everything(start_dev: Any, eventually: Any, is_alive: Any) -> None:
    dev = start_dev()
    eventually(lambda: any(" server " in line for line in dev.descendants().values()), "the state manager's start")
    started = dev.descendants()
    dev.process.terminate()
    assert dev.end() == 0
    assert not any("Exosphere is ready" in line for line in dev.lines)
    eventually(lambda: not any(map(is_alive, started)), "the end of all processes")


def test_another_redis_is_used_when_it_is_named(start_dev: Any, tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "elsewhere") as redis:
        dev = start_dev(EXOSPHERE_REDIS_URL=redis.url)
        await_ready(dev)
        assert not any("redis-server" in line for line in dev.descendants().values())
        assert not (tmp_path / ".exosphere" / "redis").exists()
        dev.process.terminate()
        assert dev.end() == 0


def test_a_part_that_does_not_start_is_quoted_and_the_others_are_stopped(start_dev: Any) -> None:
    dev = start_dev(SECRETS_ENCRYPTION_KEY="not a key")
    assert dev.end() == 1
    assert dev.process.stderr is not None
    errors = dev.process.stderr.read()
    assert re.fullmatch(r"error: (server|background) did not start: .*SECRETS_ENCRYPTION_KEY.*\n", errors)
    assert dev.descendants() == {}


def test_a_second_dev_in_the_same_directory_is_refused_by_the_id_of_the_first(
    start_dev: Any, start_exosphere: Any, eventually: Any, tmp_path: Path
) -> None:
    dev = start_dev()
    # Its Redis is its first part: from then on the directory is its own.
    eventually(lambda: any("guardian.py" in line for line in dev.descendants().values()), "the start of its Redis")
    _, errors = start_exosphere("dev", "--port", "0", cwd=tmp_path).communicate(timeout=60)
    assert re.fullmatch(
        rf"error: data directory \S+ is in use by process {dev.process.pid}: stop that one, .*\n", errors
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["--app", "nosuch:runtime"], {}, "nosuch:runtime: no module named 'nosuch' in "),
        (["--app", "nodes"], {}, "'nodes' does not name a runtime: write package.module:attribute"),
        ([], {"EXOSPHERE_PORT": "many"}, "EXOSPHERE_PORT: Input should be a valid integer"),
        (["--host", "192.0.2.1"], {}, "can't listen on 192.0.2.1, port "),
        (["--data-dir", "nodes.py/data"], {}, "data directory nodes.py/data can't be used"),
    ],
)
def test_a_wrong_setting_is_one_line_before_anything_starts(
    arguments: list[str],
    environment: dict[str, str],
    expected: str,
    start_exosphere: Any,
    start_dev: Any,
    tmp_path: Path,
) -> None:
    process = start_exosphere("dev", *arguments, cwd=tmp_path, environment=environment)
    output, errors = process.communicate(timeout=60)
    assert errors.startswith(f"error: {expected}")
    assert errors.count("\n") == 1
    assert (output, process.returncode) == ("", 1)
    assert not (tmp_path / ".exosphere" / "redis").exists()


def test_a_port_in_use_is_refused_with_the_fix() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"port {port} of 127\.0\.0\.1 is in use .*--port \d+"):
            free_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "uri"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_this_machine_can_call_every_address_that_one_can_listen_on(host: str, uri: str) -> None:
    assert local_uri(host, 80) == uri
