"""The runtime: what users start."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, TypeVar

from exosphere_core.access import read_access
from exosphere_core.client import ApiClient
from exosphere_core.ending import end
from exosphere_core.logs import set_up_logging, writes_json
from exosphere_core.names import name_error
from exosphere_worker.executor import NodeRunner
from exosphere_worker.loop_watch import blocked_loop_limit_s
from exosphere_worker.manager import Manager
from exosphere_worker.node import BaseNode, node_errors
from exosphere_worker.session import Session
from exosphere_worker.spin import spin_limit_us
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

_DEFAULT_GRACE_MS = 10_000

T = TypeVar("T")


class Runtime:
    """Registers nodes and executes their states.

    Args:
        namespace: where the nodes are registered.
        name: name of this runtime, shown to operators.
        nodes: subclasses of `BaseNode`.
        state_manager_uri: falls back to `EXOSPHERE_STATE_MANAGER_URI`.
        key: API key; falls back to `EXOSPHERE_API_KEY`.
        batch_size: how many states are fetched at once.
        workers: how many states run at a time.
        state_manage_version: version of the HTTP API.
        poll_interval: kept for compatibility; delivery is pushed.
        state_manager_version: another spelling of `state_manage_version`.

    Raises:
        ValueError: an argument is missing or out of range, or a node is not valid; all faults of the nodes at once.
    """

    def __init__(
        self,
        namespace: str,
        name: str,
        nodes: Sequence[type[BaseNode]],
        state_manager_uri: str | None = None,
        key: str | None = None,
        batch_size: int = 16,
        workers: int = 4,
        state_manage_version: str = "v0",
        poll_interval: float = 1,
        state_manager_version: str | None = None,
    ) -> None:
        errors = [name_error("namespace", namespace), name_error("runtime name", name)]
        access = None
        try:
            access = read_access(state_manager_uri, key)
        except ValueError as bad:
            errors.append(str(bad))
        errors += [
            f"{label} must be {least}, not {value!r}"
            for label, least, value, good in (
                (
                    "batch_size",
                    "a whole number of at least 1",
                    batch_size,
                    isinstance(batch_size, int) and batch_size >= 1,
                ),
                ("workers", "a whole number of at least 1", workers, isinstance(workers, int) and workers >= 1),
                (
                    "poll_interval",
                    "a number of s that is more than 0",
                    poll_interval,
                    isinstance(poll_interval, int | float) and poll_interval > 0,
                ),
            )
            if not good
        ]
        version = state_manager_version or state_manage_version
        if version != "v0":
            errors.append(f"state_manage_version {version!r} is unknown; this runtime speaks 'v0'")
        errors += _nodes_errors(nodes)
        found = [error for error in errors if error]
        if found or access is None:
            raise ValueError("\n".join(found))
        self.namespace = namespace
        self.name = name
        #: Signs of life, for a health endpoint.
        self.vitals = Vitals()
        self._nodes = list(nodes)
        self._access = access
        self._batch_size = batch_size
        self._workers = workers
        self._stop: asyncio.Event | None = None

    def start(self) -> "asyncio.Task[None] | None":
        """Run until stopped.

        Blocks; inside a running event loop it returns a task at once instead. In the main thread SIGTERM and
        SIGINT stop it: it takes no new work, lets running states end within a grace time
        (`EXOSPHERE_SHUTDOWN_GRACE_MS`, 10000), gives the rest back and returns. A second signal exits at once.

        Raises:
            ExosphereError: the state manager refuses this runtime, such as for a wrong key.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            _run(self._serve())
            return None
        return loop.create_task(self._start())

    async def _start(self) -> None:
        """Run in the caller's event loop until cancelled."""
        _set_up_logging()
        stop = asyncio.Event()
        self._stop = stop
        threads = ThreadPoolExecutor(self._workers, thread_name_prefix="exosphere-node")
        manager = Manager(ApiClient(self._access.uri, self._access.key), self.namespace, self.name, self._nodes)
        try:
            grace_s, blocked_loop_s, spin_us = _grace_s(), blocked_loop_limit_s(), spin_limit_us()
            delivery = await _unless(stop, manager.register())
            if delivery is None:
                return
            logger.info(
                "runtime %s runs %s of namespace %s",
                self.name, ", ".join(node.__name__ for node in self._nodes), self.namespace,
            )  # fmt: skip
            runners = {node.__name__: NodeRunner(node, threads) for node in self._nodes}
            session = Session(
                manager,
                delivery,
                self.namespace,
                runners,
                self._workers,
                self._batch_size,
                self.vitals,
                blocked_loop_s,
                spin_us,
            )
            try:
                await session.run(stop, grace_s)
            finally:
                await manager.withdraw()
        finally:
            self._stop = None
            await manager.aclose()
            threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self) -> None:
        """`_start` in a loop of our own, stopped by signals where this is the main thread."""
        serving = asyncio.create_task(self._start())
        with contextlib.ExitStack() as signals:
            if threading.current_thread() is threading.main_thread():
                signals.enter_context(_heard(asyncio.get_running_loop(), lambda: self._ask_to_stop(serving)))
            try:
                await serving
            except asyncio.CancelledError:
                if not serving.cancelled():
                    raise

    def _ask_to_stop(self, serving: "asyncio.Task[None]") -> None:
        if self._stop is None:
            serving.cancel()  # it has not begun, or has ended
        else:
            logger.info("stopping: no new states are taken")
            self._stop.set()


@contextlib.contextmanager
def _heard(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """Have the first SIGTERM or SIGINT call `stop` in the event loop, and a second one end the process.

    Not by the loop's own way of hearing signals: node code that blocks the loop would keep it from the second one.
    """
    heard = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        if heard:
            os._exit(130)
        heard = True
        loop.call_soon_threadsafe(stop)

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(main: Coroutine[Any, Any, None]) -> None:
    if sys.platform == "win32":
        asyncio.run(main)
        return
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work gives, or None when a stop was asked for before."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        await end(working, stopping)


def _nodes_errors(nodes: object) -> list[str]:
    if not isinstance(nodes, Sequence) or isinstance(nodes, str) or not nodes:
        return ["nodes must be a list of at least one subclass of BaseNode"]
    errors = [error for node in nodes for error in node_errors(node)]
    names = [getattr(node, "__name__", repr(node)) for node in nodes]
    errors += [
        f"node {name!r} is given {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1
    ]
    return errors


def _grace_s() -> float:
    text = os.environ.get("EXOSPHERE_SHUTDOWN_GRACE_MS", str(_DEFAULT_GRACE_MS))
    if not text.isdigit():
        raise ValueError(f"EXOSPHERE_SHUTDOWN_GRACE_MS must be a whole number of ms, not {text!r}")
    return int(text) / 1000


def _set_up_logging() -> None:
    """Log to standard error, where the application has set nothing up."""
    if logging.getLogger().handlers or os.environ.get("EXOSPHERE_DISABLE_DEFAULT_LOGGING"):
        return
    level = os.environ.get("EXOSPHERE_LOG_LEVEL", "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        raise ValueError(f"EXOSPHERE_LOG_LEVEL {level!r} is no level; use DEBUG, INFO, WARNING or ERROR")
    if writes_json():
        set_up_logging(level, "json")
    else:
        # What nodes log keeps its lines, unlike what a state manager does: it is theirs, and no stranger's.
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")
