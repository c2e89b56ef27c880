"""Real processes for the tests: each one ends with the test driver, whatever ends that."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from api.service import Service
from cli_shell import Shell, running_service, shell_of
from exosphere_cli.main import main

_PR_SET_PDEATHSIG = 1
_BOUND_S = 30.0


def _die_with_driver() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@pytest.fixture
def start_process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a process with its output in pipes; it is killed after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str | Path, environment: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(part) for part in command],
            text=True,
            stdin=subprocess.DEVNULL,
            env={**clean_environment(), **(environment or {})},
            preexec_fn=_die_with_driver,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def start_python(start_process: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.Popen[str]]:
    """Start a piece of Python code as a process."""

    def start(code: str, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        return start_process(sys.executable, "-u", "-c", code, *arguments, **options)

    return start


@pytest.fixture
def start_exosphere(start_process: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.Popen[str]]:
    """Start the command line."""

    def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        return start_process(sys.executable, "-P", "-m", "exosphere_cli.main", *arguments, **options)

    return start


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition holds; fail when it does not within the bound, with what there is then."""

    def wait(condition: Callable[[], object], what: str | Callable[[], str] = "the condition") -> None:
        deadline = time.monotonic() + _BOUND_S
        while not condition():
            if time.monotonic() >= deadline:
                pytest.fail(f"{what() if callable(what) else what} did not come true within {_BOUND_S:.0f} s")
            time.sleep(0.02)

    return wait


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    """Whether a process runs; one that ended and was not waited for yet counts as ended."""

    def look(process_id: int) -> bool:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return False
        status = Path(f"/proc/{process_id}/stat")
        try:
            return status.read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return not status.parent.parent.is_dir()

    return look


def clean_environment() -> dict[str, str]:
    """The environment without the settings of whoever runs the tests."""
    settings = ("STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("EXOSPHERE_", "FORCE_COLOR")) and name not in settings
    }
    return {**kept, "EXOSPHERE_BUILD_DASHBOARD": "0", "EXOSPHERE_CONFIG_DIR": "/nonexistent"}


class FakeStateManager:
    """Answers what the test tells it to, over real HTTP, and remembers what it was asked.

    Attributes:
        answers: "METHOD path" → (status, body) of each call in turn; the last one again and again.
        asked: (method, path with query, API key, body) of each call but those for the health.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = {"GET /health": [(200, {"message": "OK"})]}
        self.asked: list[tuple[str, str, str | None, Any]] = []
        manager = self

        class Handler(BaseHTTPRequestHandler):
            def handle_call(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                key = f"{self.command} {self.path.partition('?')[0]}"
                if key != "GET /health":
                    manager.asked.append((self.command, self.path, self.headers.get("x-api-key"), body))
                answers = manager.answers.get(key, [(404, {"detail": f"nothing at {key}"})])
                status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = handle_call

            def log_message(self, format: str, *arguments: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, call: str, *bodies: Any, status: int = 200) -> None:
        """Set the answers of a call."""
        self.answers[call] = [(status, body) for body in bodies]


@pytest.fixture
def state_manager() -> Iterator[FakeStateManager]:
    """A fake state manager on a free port."""
    fake = FakeStateManager()
    thread = threading.Thread(target=fake.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()
    thread.join()


@pytest.fixture
def exosphere(
    state_manager: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in an empty directory; returns exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("EXOSPHERE_", "FORCE_COLOR"))]:
        monkeypatch.delenv(name)

    def call(*arguments: str, **environment: str) -> tuple[int, str, str]:
        settings = {
            "EXOSPHERE_STATE_MANAGER_URI": state_manager.uri,
            "EXOSPHERE_API_KEY": "key",
            "EXOSPHERE_CONFIG_DIR": str(tmp_path / "config"),
            **environment,
        }
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["exosphere", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        output, errors = capsys.readouterr()
        return int(ended.value.code or 0), output, errors

    return call


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    """A real state manager for a test file."""
    with running_service(redis_url) as service:
        yield service


@pytest.fixture
def shell(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs commands in a namespace of the test's own, against a real state manager."""
    return shell_of(service, tmp_path, monkeypatch, capsys)
