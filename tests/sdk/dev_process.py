"""A running `exosphere dev`, and scripts that use it."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from exospherehost import StateManager

BOUND_S = 60.0

Start = Callable[..., subprocess.Popen[str]]


def die_with_driver() -> None:
    """For `preexec_fn`: the child is killed when the test driver is."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


@dataclass
class Dev:
    """How to reach it."""

    uri: str
    key: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a script needs, and no other setting of this machine."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EXOSPHERE_")}
        return {**kept, "EXOSPHERE_STATE_MANAGER_URI": self.uri, "EXOSPHERE_API_KEY": self.key}

    @property
    def redis_url(self) -> str:
        """The address of its own Redis, which it shows nobody."""
        redis = self.folder / "redis"
        return f"unix://:{(redis / 'password').read_text().strip()}@{redis}/redis.sock"

    def manager(self, namespace: str = "MyProject") -> StateManager:
        return StateManager(namespace=namespace, state_manager_uri=self.uri, key=self.key)


@contextmanager
def running_dev(folder: Path) -> Iterator[Dev]:
    """Run `exosphere dev` with its data in the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    dev = Dev(f"http://127.0.0.1:{port}", "key-of-the-samples", folder)
    command = [sys.executable, "-m", "exosphere_cli.main", "dev", "--no-build-dashboard"]
    command += ["--port", str(port), "--data-dir", str(folder)]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**dev.environment, "STATE_MANAGER_SECRET": dev.key},
            preexec_fn=die_with_driver,
        )
    try:
        deadline = time.monotonic() + BOUND_S
        while not _is_ready(dev.uri):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield dev
    finally:
        process.terminate()
        process.wait(timeout=BOUND_S)


@contextmanager
def running_scripts(dev: Dev, folder: Path) -> Iterator[Start]:
    """Give a function that starts a script with arguments; what still runs in the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start_script(source: str, *arguments: str) -> subprocess.Popen[str]:
        script = folder / f"script{len(started)}.py"
        script.write_text(source)
        process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dev.environment,
            preexec_fn=die_with_driver,
        )
        started.append(process)
        return process

    try:
        yield start_script
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _is_ready(uri: str) -> bool:
    try:
        return httpx.get(f"{uri}/readyz", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
