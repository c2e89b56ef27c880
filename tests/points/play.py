"""Plays a scene on a real Redis, one command at a time, with an actor struck at a crash point, and others in its place after it."""

import asyncio
import itertools
import random
import secrets
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable
from unittest.mock import patch

from redis.asyncio import Redis

from engine.world import HOME
from exosphere_core.api import NodeBody
from exosphere_core.graph.structure import read_template
from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.records import decode_text_map
from exosphere_core.store import catalog
from exosphere_core.store.connection import connect
from exosphere_core.store.scripts import script, script_names
from exosphere_orchestrator.catalog import nodes
from exosphere_orchestrator.engine import succession
from points.actors import LEASE_MS, Api, Runner, StateManager, Troupe, Worker, address, tried
from points.clock import VirtualLoop, virtual_time
from points.connections import tapped
from points.scene import CLAIM_MS, DUE_AT, Act, Deed, Scene
from points.sight import Sight
from points.threads import staged
from points.verdict import leftovers, pending_reports, violations
from points.wire import STAGEHAND, Fault, Power, Step, Wire
from semantics.drive import spoken

#: How often it is looked what is to be done next, in virtual s.
_TICK_S = 0.25

#: A play that has not ended by then is stuck, in virtual s.
_BOUND_S = 60.0

#: What is left in the streams by then stays there, in virtual s.
_SETTLING_S = 15.0


@runtime_checkable
class Failing(Power, Protocol):
    """A power loss.

    Attributes:
        always: nothing that was acknowledged is lost.
        survivors: the actors keep their power.
    """

    always: bool
    survivors: bool


class Played(NamedTuple):
    """What came of a play.

    Attributes:
        steps: the commands of all actors, in order.
        struck: whether each fault met its command.
        branches: what was met on the way → how often.
    """

    violations: list[str]
    steps: list[Step]
    struck: set[Fault]
    branches: dict[str, int]


def play(
    path: str,
    scene: Scene,
    faults: Sequence[Fault] = (),
    seed: int = 0,
    *,
    password: str = "",
    on_sent: Callable[[str], None] = lambda _: None,
    power: Failing | None = None,
) -> Played:
    """Play a scene on the server behind a socket, which is emptied first.

    Args:
        faults: what happens to whom, and when.
        seed: of the order in which actors come to speak.
        on_sent: told the name of each command that Redis has executed.
        power: fails at its command, for everybody.
    """
    wire = Wire(path, password, on_sent, power)
    wire.begin(faults, seed)
    loop = VirtualLoop()
    random.seed(seed)
    draws = random.Random(seed)
    with (
        tapped(wire),
        staged(),
        virtual_time(loop),
        patch.object(secrets, "token_hex", lambda count=16: draws.randbytes(count).hex()),
        patch.object(succession, "CHUNK", scene.chunk),
        asyncio.Runner(loop_factory=lambda: loop) as runner,
    ):
        try:
            found = runner.run(_Director(wire, scene).play())
        except Exception:
            found = [traceback.format_exc()]
        finally:
            wire.close()
    return Played(found, wire.journal, wire.struck, dict(+wire.witness.branches))


class _Director:
    def __init__(self, wire: Wire, scene: Scene) -> None:
        self._wire = wire
        self._scene = scene
        self._troupe = Troupe(wire)
        self._redis: Redis = connect(address(wire, STAGEHAND))
        self._sight = Sight(self._redis)
        self._gate = asyncio.Event()
        self._numbers = {kind: itertools.count(1) for kind in ("sm", "w", "other", "api", "jobs")}
        self._managers: list[StateManager] = []
        #: namespace → its runtime
        self._workers: dict[str, Worker] = {}
        #: stream and id of a report → its owner, and since when
        self._pending: dict[tuple[str, bytes], tuple[bytes, float]] = {}
        self._drained: set[str] = set()
        self._draining: set[asyncio.Task[None]] = set()
        wire.on_stop = self._begin_drain
        wire.on_power = self._power_failed
        #: Acts are begun again by whoever lost what came of them.
        self._again = False

    async def play(self) -> list[str]:
        self._troupe.follow(asyncio.get_running_loop())
        await self._set_up()
        self._employ()
        left = list(self._scene.acts)
        stuck = await self._run(left) or await self._settle()
        while self._again and not stuck:
            # The power failed when all had ended, and took that back.
            stuck = await self._run(left) or await self._settle()
        self._wire.power = None
        for actor in (*self._managers, *self._workers.values()):
            await self._troupe.leave(actor.name)
        found = stuck or await violations(self._redis, self._scene, self._sight, self._wire.witness)
        if (rejected := sum(manager.rejected for manager in self._managers)) and not self._wire.witness.rolled_back:
            found.append(f"{rejected} reports were put aside")
        await self._redis.aclose()
        return found

    async def _set_up(self) -> None:
        await self._redis.flushall()
        if self._scene.flushed:
            await self._redis.script_flush()
        else:
            # The plays of one server share its scripts, unless a play in between made it forget them.
            wanted = [script(name) for name in script_names()]
            known = await self._redis.script_exists(*(each.sha for each in wanted))
            for each, there in zip(wanted, known, strict=True):
                if not there:
                    await self._redis.script_load(each.source)
        more = dict(self._scene.more)
        template, errors = read_template({"nodes": list(self._scene.nodes), **more})
        assert template is not None, errors
        for namespace, names in self._scene.namespaces.items():
            bodies = [NodeBody(name=name, inputs_schema={}, outputs_schema={}, secrets=[]) for name in names]
            await nodes.register(self._redis, namespace, "before", bodies, 1)
        assert await catalog.save_version(
            self._redis, "ns", "g", after=0, template=template.model_dump_json().encode(), secrets={},
            status="VALID", errors=[], old_schedules=[], new_schedules={0: DUE_AT} if self._scene.scheduled else {},
        )  # fmt: skip

    def _employ(self) -> None:
        """Whoever is no more, or has stopped, is replaced by somebody with another name."""
        if not self._managers or self._gone(self._managers[-1].name):
            self._managers.append(StateManager(self._troupe, f"sm-{next(self._numbers['sm'])}"))
        for namespace, names in self._scene.namespaces.items():
            if namespace not in self._workers or self._gone(self._workers[namespace].name):
                kind = "w" if namespace == HOME.namespace else "other"
                runners = {name: Runner(name, self._behave) for name in names}
                name = f"{kind}-{next(self._numbers[kind])}"
                self._workers[namespace] = Worker(self._troupe, name, namespace, runners)

    def _gone(self, name: str) -> bool:
        return name in self._wire.dead or name in self._drained

    async def _behave(self, identifier: str, inputs: bytes, execution: Any) -> Any:
        deed = Deed(
            identifier,
            decode_text_map(inputs),
            execution.retry_count,
            execution.idempotency_key != execution.state_id,
            HOME.state(execution.state_id) in self._wire.witness.requeued,
        )
        if (outcome := self._scene.behave(deed)) is None:
            await self._gate.wait()
            outcome = self._scene.outcome(deed)
        assert outcome is not None, "the gate was opened"
        return spoken(outcome)

    async def _run(self, left: list[Act]) -> list[str]:
        """Let time pass until all acts are done and all runs have ended."""
        loop = asyncio.get_running_loop()
        bound = loop.time() + _BOUND_S
        tries = 0
        while True:
            await asyncio.sleep(_TICK_S)
            self._employ()
            await self._let_time_pass()
            if self._again:
                self._again, left[:] = False, list(self._scene.acts)
            await self._drain()
            if self._scene.opens(self._sight):
                self._gate.set()
            if left and left[0].when(self._sight):
                tries += 1
                if await self._do(left[0], tries):
                    del left[0]
                    tries = 0
                    await self._sight.look()
            elif not left and self._sight.ended(1):
                return []
            if loop.time() > bound:
                what = f"before the act {left[0].what!r}" if left else f"with runs {self._sight.statuses}"
                states = [(state.identifier, state.status) for state in self._sight.states]
                return [f"it is stuck {what}; states: {states}"]

    async def _do(self, act: Act, tries: int) -> bool:
        kind = "jobs" if act.jobs else "api"
        name = f"{kind}-{next(self._numbers[kind])}"
        moment = None if act.moment_ms is None else act.moment_ms + (tries - 1) * CLAIM_MS
        if act.jobs and self._sight.runs:
            # Their retention time is over.
            await self._redis.zadd(HOME.ended, dict.fromkeys(self._sight.runs, 1), xx=True)
        api = Api(self._wire, name, moment)
        done = await tried(self._troupe.enter(name, lambda: act.work(api, self._sight)), lambda: self._again)
        if name not in self._wire.dead:
            await api.redis.aclose()
            await api.scripts.aclose()
        await self._troupe.leave(name, is_repeated=self._again)
        return done

    async def _drain(self) -> None:
        for name, when in self._scene.drains.items():
            if name not in self._drained and when(self._sight):
                await self._stop(name)

    def _begin_drain(self, name: str) -> None:
        """Somebody is asked to stop in the middle of what it does."""
        self._draining.add(self._troupe.enter("", lambda: self._stop(name)))

    async def _stop(self, name: str) -> None:
        somebody = next((one for one in (*self._managers, *self._workers.values()) if one.name == name), None)
        if somebody is not None and name not in self._wire.dead:
            await tried(self._troupe.enter("", somebody.drain))
        self._drained.add(name)
        self._sight.drained = True
        self._employ()

    def _power_failed(self) -> None:
        power = self._wire.power
        assert isinstance(power, Failing)
        if not power.survivors:
            for name in {step.actor for step in self._wire.journal}:
                self._wire.kill(name)
        if not power.always:
            # What was applied and lost is applied anew: only what is seen from here on counts.
            self._wire.witness.forget()
            self._again = True

    async def _let_time_pass(self) -> None:
        """Redis' clock can't be moved, so what waits for it is set back: due times, and how long reports are held."""
        await self._sight.look()
        for state in await self._redis.zrange(HOME.due, 0, -1):
            await self._redis.zadd(HOME.due, {state: 1}, xx=True)
        now = asyncio.get_running_loop().time()
        held: dict[tuple[str, bytes], tuple[bytes, float]] = {}
        for stream, item in await pending_reports(self._redis, self._scene):
            place, owner = (stream, item["message_id"]), item["consumer"]
            held[place] = self._pending.get(place, (owner, now))
            if held[place][0] != owner:
                held[place] = (owner, now)
            elif now - held[place][1] >= LEASE_MS / 2000:
                await self._redis.xclaim(
                    stream, STATE_MANAGERS_GROUP, owner, 0, [place[1]], idle=LEASE_MS * 10, justid=True
                )
                held[place] = (owner, now)
        self._pending = held

    async def _settle(self) -> list[str]:
        """What a fault left in the streams is taken off them, too."""
        bound = asyncio.get_running_loop().time() + _SETTLING_S
        while found := await leftovers(self._redis, self._scene):
            if asyncio.get_running_loop().time() > bound:
                return found
            await asyncio.sleep(_TICK_S)
            self._employ()
            await self._let_time_pass()
        return []
