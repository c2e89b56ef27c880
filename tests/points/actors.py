"""The actors: each is the product's own code over connections that bear its name, and can be killed at any command."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from exosphere_core.api import STREAM_PROTOCOL, Delivery, NodeBody
from exosphere_core.ending import end
from exosphere_core.errors import ExosphereError, Unavailable
from exosphere_core.store.connection import Redis, connect, connect_untimed
from exosphere_core.store.faults import FAULTS
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.catalog import nodes
from exosphere_orchestrator.engine.engine import Engine, new_context
from exosphere_orchestrator.many_runs import ManyRunsStarter
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import Settings, load_settings
from exosphere_orchestrator.vault import new_key
from exosphere_worker.outcome import Outcome
from exosphere_worker.session import Session
from exosphere_worker.vitals import Vitals
from points.wire import Killed, Wire

#: In virtual time: a lost lease costs a play nothing but the looks at it.
LEASE_MS = 3000

#: How long a runtime that stops lets its nodes run, in virtual s.
GRACE_S = 1.0

_KEY = new_key()

#: Whose task this is.
_actor: ContextVar[str] = ContextVar("actor", default="")


class Troupe:
    """Who is on stage. Tasks that an actor starts belong to it, and end with it."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        #: Whose → tasks, in the order in which they began: they end in the same order whenever it is played again.
        self._tasks: dict[str, dict[asyncio.Task[Any], None]] = {}
        wire.on_death = self._died

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note for each task of this loop whose it is."""

        def begin(loop: asyncio.AbstractEventLoop, work: Any, **how: Any) -> "asyncio.Task[Any]":
            task = asyncio.Task(work, loop=loop, **how)
            self._tasks.setdefault(_actor.get(), {})[task] = None
            return task

        loop.set_task_factory(begin)
        loop.set_exception_handler(lambda *_: None)

    def enter(self, name: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> "asyncio.Task[Any]":
        """An actor does something."""
        before = _actor.set(name)
        try:
            return asyncio.get_running_loop().create_task(work())
        finally:
            _actor.reset(before)

    async def leave(self, name: str, *, is_repeated: bool = False) -> None:
        """Everything that an actor has begun ends now. Raises what it failed by, if that was not a fault of ours.

        Args:
            is_repeated: it will be done again, whatever it failed by.
        """
        tasks = [task for task in self._tasks.pop(name, ()) if task is not asyncio.current_task()]
        await end(*tasks)
        for task in tasks:
            fault = None if task.cancelled() else task.exception()
            if fault is not None and not isinstance(fault, (Killed, *FAULTS)) and not is_repeated:
                raise fault

    def _died(self, name: str) -> None:
        for task in self._tasks.get(name, ()):
            task.get_loop().call_soon(task.cancel)


def settings_of(wire: Wire, name: str) -> Settings:
    """A process's settings; its address of Redis bears its name."""
    return load_settings(
        {"STATE_MANAGER_SECRET": "k", "SECRETS_ENCRYPTION_KEY": _KEY, "EXOSPHERE_REDIS_URL": address(wire, name)},
        lease_ms=LEASE_MS, retention_ms=3_600_000,
    )  # fmt: skip


def address(wire: Wire, name: str) -> str:
    """Where this actor finds Redis."""
    return f"unix://{wire.path}?client_name={name}"


class StateManager:
    """The engine of one state manager."""

    def __init__(self, troupe: Troupe, name: str) -> None:
        self.name = name
        self._troupe = troupe
        self._engine: Engine | None = None
        troupe.enter(name, self._start)

    async def _start(self) -> None:
        self._engine = Engine(settings_of(self._troupe.wire, self.name))
        self._engine.start()

    @property
    def rejected(self) -> int:
        """How many reports it has put aside."""
        return self._engine.context.counts["rejected"] if self._engine else 0

    async def drain(self) -> None:
        """It is asked to stop, and does."""
        if self._engine is not None:
            await self._troupe.enter(self.name, self._engine.stop)


class Api:
    """What another process of the state manager has at hand for a request, or the background jobs."""

    def __init__(self, wire: Wire, name: str, moment_ms: int | None = None) -> None:
        self.settings = settings_of(wire, name)
        url = self.settings.redis_url.get_secret_value()
        self.redis: Redis = connect(url)
        self.scripts: Redis = connect_untimed(url)
        self.context = new_context(self.settings, self.redis, self.scripts)
        self.runs = RunStarter(self.redis, self.context.plans, self.context.limits, 1, lambda *_: None)
        self.many_runs = ManyRunsStarter(self.redis, self.context.plans, self.context.limits, 1, lambda *_: None)
        self.jobs = Jobs(self.settings, self.redis, self.runs, *self._clock(moment_ms))

    @staticmethod
    def _clock(moment_ms: int | None) -> Iterator[Any]:
        if moment_ms is not None:

            async def clock(redis: Redis) -> int:
                return moment_ms

            yield clock


class Runner:
    """In place of a node class: what comes of an execution is up to the scene."""

    has_secrets = False

    def __init__(self, name: str, behave: Callable[[str, bytes, Any], Coroutine[Any, Any, Outcome]]) -> None:
        self.name = name
        self._behave = behave

    async def execute(self, inputs: bytes, secrets: object, execution: Any, timeout_ms: int | None) -> Outcome:
        return await self._behave(self.name.lower(), inputs, execution)


class _Manager:
    """In place of the way over HTTP: registers as the state manager would."""

    def __init__(self, wire: Wire, name: str, registered: Callable[[Redis], Coroutine[Any, Any, None]]) -> None:
        self._url = address(wire, name)
        self._registered = registered
        self.instance = name

    async def register(self) -> Delivery:
        redis = connect(self._url)
        try:
            await self._registered(redis)
        except FAULTS as away:
            raise ExosphereError(str(away)) from away
        finally:
            await redis.aclose()
        return Delivery(redis_url=self._url, shards=1, lease_ms=LEASE_MS, protocol=STREAM_PROTOCOL)

    async def store_value(self, *_: Any) -> None:
        return None

    async def recorded(self, *_: Any) -> tuple[bool, Any]:
        return False, None

    async def record(self, *words: Any) -> Any:
        return words[-1]

    async def hand_over(self, *_: Any) -> None:
        raise Unavailable("no server here has a limit to its memory")


class Worker:
    """A runtime: session, fetcher, reporter and heartbeat."""

    def __init__(self, troupe: Troupe, name: str, namespace: str, runners: Mapping[str, Runner]) -> None:
        self.name = name
        self._namespace = namespace
        self._troupe = troupe
        self._runners = dict(runners)
        self._stop = asyncio.Event()
        self.running = troupe.enter(name, self._run)

    async def _run(self) -> None:
        bodies = [NodeBody(name=name, inputs_schema={}, outputs_schema={}, secrets=[]) for name in self._runners]
        manager: Any = _Manager(
            self._troupe.wire, self.name, lambda redis: nodes.register(redis, self._namespace, self.name, bodies, 1)
        )
        runners: Any = self._runners
        delivery = Delivery(
            redis_url=address(self._troupe.wire, self.name), shards=1, lease_ms=LEASE_MS, protocol=STREAM_PROTOCOL
        )
        session = Session(manager, delivery, self._namespace, runners, 32, 16, Vitals())
        await session.run(self._stop, GRACE_S)

    async def drain(self) -> None:
        """It is asked to stop, and does."""
        self._stop.set()
        await asyncio.wait([self.running])


async def tried(work: "asyncio.Task[Any]", is_repeated: Callable[[], bool] = lambda: False) -> bool:
    """Wait for something to be done. False when it was broken off by a fault; what else it failed by is raised.

    Args:
        is_repeated: whether it will be done again, whatever it failed by.
    """
    await asyncio.wait([work])
    fault = None if work.cancelled() else work.exception()
    if fault is not None and not isinstance(fault, (Killed, *FAULTS)) and not is_repeated():
        raise fault
    return fault is None and not work.cancelled()
