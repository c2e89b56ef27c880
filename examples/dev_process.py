"""`exosphere dev` as a child process: started, waited for, and stopped whatever happens."""

import os
import random
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Final

from exosphere_core.lifeline import Lifeline

#: Linux gives ports from 32,768 on, other systems from 49,152 on, to whoever asks for any.
_PORTS: Final = (20_000, 32_000)

#: Seconds until the state manager must answer; the first start on a slow disk takes a while.
_READY_S: Final = 90.0
_LOOK_S: Final = 0.1
#: Seconds for an orderly stop, then for one at once.
_STOP_S: Final = 60.0
_STOP_AT_ONCE_S: Final = 15.0


class DidNotStart(Exception):
    """The child ended or was not ready in time. The message has what it said itself."""


class DevProcess:
    """A running `exosphere dev`.

    Args:
        command: program and arguments.
        environment: the whole of it.
        folder: where it runs.
        log: takes all of its output.
        lifeline: ends it when this process dies, of whatever.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, lifeline: Lifeline
    ) -> None:
        self._log = log
        # `exosphere dev` prints its API key.
        with open(log, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as output:
            # In a session of its own: a terminal's Ctrl-C is for this process, which then stops the child in order.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**environment, **lifeline.environment},
                pass_fds=(lifeline.fd,),
                start_new_session=True,
            )

    def wait_until_ready(self, url: str) -> None:
        """Wait until a GET of the address succeeds. Raises DidNotStart."""
        deadline = time.monotonic() + _READY_S
        # Without the proxies of the environment, which can't reach this machine's own loopback.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            code = self._process.poll()
            if code is not None:
                reason = last_words(self._read_log()) or f"it ended with exit code {code}"
                raise DidNotStart(f"exosphere dev did not start: {reason}")
            with suppress(OSError, HTTPException), direct.open(url, timeout=2.0):
                return
            if time.monotonic() > deadline:
                raise DidNotStart(f"exosphere dev did not start: nothing is ready at {url} after {_READY_S:g} s")
            time.sleep(_LOOK_S)

    def stop(self) -> None:
        """Stop it: in order, else at once, else hard. Signals wait meanwhile, as all of it is bounded."""
        with _signals_ignored():
            for patience_s in (_STOP_S, _STOP_AT_ONCE_S):
                if self._process.poll() is None:
                    self._process.terminate()
                try:
                    self._process.wait(patience_s)
                except subprocess.TimeoutExpired:
                    continue
                return
            self._process.kill()
            self._process.wait()

    def _read_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def last_words(log: str) -> str:
    """Return why a command ended: the last line that says `error: `, else its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    told = [line.partition("error: ")[2] for line in lines if "error: " in line]
    return (told or lines or [""])[-1]


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now.

    Not one of those that the system gives to whoever asks for any: it may give that to another program before the server
    that it is meant for listens, and then the example would talk to that program.
    """
    while True:
        port = random.randrange(*_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def environment_for_loopback(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment with this machine's own addresses excepted from any proxy."""
    source = dict(os.environ if environ is None else environ)
    for name in ("NO_PROXY", "no_proxy"):
        source[name] = ",".join(part for part in (source.get(name, ""), "127.0.0.1") if part)
    return source


@contextmanager
def _signals_ignored() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
