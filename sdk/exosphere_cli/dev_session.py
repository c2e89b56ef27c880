"""One `exosphere dev`: starts its parts in order, keeps them running, and stops them in the opposite order."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Final, Protocol
from urllib.parse import urlsplit

from exosphere_cli.child import Child, stop_children
from exosphere_cli.keeper import Keeper, Part
from exosphere_cli.source_watch import SourceWatch
from exosphere_core.errors import ConfigurationError

#: Seconds until the state manager must be ready.
_READY_S: Final = 60.0

#: Seconds that the state manager and the background jobs have for ending.
_GRACE_S: Final = 15.0

_LOOK_S: Final = 0.1
#: Seconds that the state manager has for its answer whether it is ready.
_ANSWER_S: Final = 2.0

#: As a shell counts it: 128 plus the number of SIGINT.
_INTERRUPTED: Final = 130


class PrivateRedis(Part, Protocol):
    """The embedded Redis, as far as a session needs it."""

    def stop(self) -> None:
        """Stop it, its data written."""

    def kill(self) -> None:
        """End it at once."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs on top of Redis.

    Attributes:
        server: the state manager.
        background: the background jobs.
        apps: folder of the code → the worker processes that run it.
    """

    server: Child
    background: Child
    apps: dict[Path, list[Child]]

    @property
    def workers(self) -> list[Child]:
        """The worker processes of all apps."""
        return [worker for workers in self.apps.values() for worker in workers]


class _AtOnce(BaseException):
    """The user asked to stop a second time. No Exception: nothing on the way up may handle it."""


class DevSession:
    """Runs everything until a signal asks to stop.

    Args:
        redis: the embedded Redis; None when another one is used.
        make_parts: makes what runs on top, once Redis runs.
        ready_url: answers 200 when the state manager can work.
        on_ready: called then, before the workers start.
        say: shows the user a line.
        worker_grace_s: seconds that workers have for what they are running.
    """

    def __init__(
        self,
        redis: PrivateRedis | None,
        make_parts: Callable[[], Parts],
        ready_url: str,
        on_ready: Callable[[], None],
        say: Callable[[str], None],
        worker_grace_s: float,
    ) -> None:
        self._redis = redis
        self._make_parts = make_parts
        self._ready_url = ready_url
        self._on_ready = on_ready
        self._say = say
        self._worker_grace_s = worker_grace_s
        self._parts: Parts | None = None
        # A plain flag: the lock of an Event may be held by what the signal interrupts.
        self._stop_asked = False

    def run(self) -> int:
        """Run until SIGINT, SIGTERM or SIGHUP. Returns the exit code: 0, or 130 when asked to stop twice.

        Raises:
            ConfigurationError: a part does not start; the others are stopped again.
        """
        self._handle_signals()
        try:
            try:
                self._start()
                self._keep_running()
            finally:
                if self._stop_asked:
                    self._say("stopping; a second Ctrl-C stops at once")
                self._stop_asked = True
                self._stop()
        except _AtOnce:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._kill()
            return _INTERRUPTED
        return 0

    def _handle_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        # Under nohup it stays ignored.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stop_asked:
            raise _AtOnce
        self._stop_asked = True

    def _start(self) -> None:
        if self._redis is not None:
            self._redis.start()
        if self._stop_asked:
            return
        self._parts = self._make_parts()
        self._parts.server.start()
        self._parts.background.start()
        if not self._await_ready(self._parts):
            return
        self._on_ready()
        for worker in self._parts.workers:
            worker.start()

    def _await_ready(self, parts: Parts) -> bool:
        """Wait until the state manager is ready. False when the user asks to stop meanwhile."""
        deadline = time.monotonic() + _READY_S
        while not self._stop_asked:
            for child in (parts.server, parts.background):
                if child.poll() is not None:
                    raise ConfigurationError(f"{child.name} did not start: {child.reason}")
            if _is_ready(self._ready_url):
                return True
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    f"{parts.server.name} is not ready after {_READY_S:.0f} s; it said last: {parts.server.reason}"
                )
            time.sleep(_LOOK_S)
        return False

    def _keep_running(self) -> None:
        if self._parts is None:
            return
        now = time.monotonic()
        kept: list[Child] = [self._parts.server, self._parts.background]
        keepers = [Keeper(child.name, child, now, self._say) for child in kept]
        if self._redis is not None:
            keepers.insert(0, Keeper("Redis", self._redis, now, self._say))
        workers = {worker: Keeper(worker.name, worker, now, self._say) for worker in self._parts.workers}
        watches = {root: SourceWatch(root, now) for root in self._parts.apps}
        while not self._stop_asked:
            now = time.monotonic()
            for keeper in (*keepers, *workers.values()):
                keeper.look(now)
            for root, watch in watches.items():
                if changed := watch.look(now):
                    self._restart(changed, self._parts.apps[root], workers)
            time.sleep(_LOOK_S)

    def _restart(self, file: str, workers: Sequence[Child], keepers: dict[Child, Keeper]) -> None:
        self._say(f"{file} changed; starting {', '.join(worker.name for worker in workers)} again")
        stop_children(workers, self._worker_grace_s)
        for worker in workers:
            if not self._stop_asked:
                keepers[worker].start_at_once(time.monotonic())

    def _stop(self) -> None:
        if self._parts is not None:
            stop_children(self._parts.workers, self._worker_grace_s)
            stop_children([self._parts.background], _GRACE_S)
            stop_children([self._parts.server], _GRACE_S)
        if self._redis is not None:
            self._redis.stop()

    def _kill(self) -> None:
        if self._parts is not None:
            for child in (*self._parts.workers, self._parts.background, self._parts.server):
                child.kill()
        if self._redis is not None:
            self._redis.kill()


def _is_ready(url: str) -> bool:
    """Whether it answers 200. Asked directly: a proxy of the environment is not meant for this machine itself."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=_ANSWER_S)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
