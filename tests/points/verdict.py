"""Whether what is left after a play is what the promises say."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from engine.world import HOME
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP, CatalogKeys, ShardKeys
from exosphere_core.states import RunStatus, Status
from exosphere_core.store import reads, upkeep
from exosphere_core.store.connection import ask
from exosphere_core.store.rejected import read_rejected
from exosphere_core.store.unites import read_unite
from points.expected import expected
from points.power_server import PROBE
from points.scene import Scene
from points.sight import Sight
from points.witness import Witness
from semantics.compare import differences
from semantics.observe import observe

_FAILED = (Status.ERRORED, Status.NEXT_CREATED_ERROR)


def _report_streams(scene: Scene) -> list[str]:
    return [stream for name in scene.namespaces for stream in (ShardKeys(name).reports, ShardKeys(name).inbox)]


async def pending_reports(redis: Redis, scene: Scene) -> list[tuple[str, dict[str, Any]]]:
    """The reports that some state manager holds, with their streams; none before the first one has made their group."""
    found: list[tuple[str, dict[str, Any]]] = []
    for stream in _report_streams(scene):
        try:
            held = await redis.xpending_range(stream, STATE_MANAGERS_GROUP, "-", "+", 1000)
        except ResponseError as refused:
            if "NOGROUP" not in str(refused):
                raise
            continue
        found += [(stream, item) for item in held]
    return found


async def leftovers(redis: Redis, scene: Scene) -> list[str]:
    """What is still queued, pending or waiting for its time."""
    found = []
    groups = [
        (ShardKeys(name).ready(node), RUNTIMES_GROUP) for name, nodes in scene.namespaces.items() for node in nodes
    ]
    for stream, group in [*groups, *((stream, STATE_MANAGERS_GROUP) for stream in _report_streams(scene))]:
        length, pending = await redis.xlen(stream), (await redis.xpending(stream, group))["pending"]
        if length or pending:
            found.append(f"{stream} has {length} entries, {pending} pending")
    if await redis.xlen(HOME.outbox):
        found.append("states wait to be carried to another namespace")
    if waiting := await redis.zcard(HOME.due):
        found.append(f"{waiting} states wait for their time")
    return found


async def violations(redis: Redis, scene: Scene, sight: Sight, witness: Witness) -> list[str]:
    """Everything that breaks a promise; retention is played in the end, so the records are gone afterwards."""
    found = witness.doubled()
    await sight.look()
    for name in scene.namespaces:
        put_aside = await read_rejected(redis, [ShardKeys(name)], None, 1000)
        # After a loss runtimes tell again of states that Redis may know nothing of any more.
        found += [
            f"a report was put aside: {each.reason}"
            for each in put_aside
            if not (witness.rolled_back and each.reason == "there is no such state")
        ]
    if not sight.runs:
        found.append("there is no run")
    for run in [] if scene.removed else sight.runs:
        found += [f"run {run}: {line}" for line in await _run_violations(redis, scene, run, witness)]
    if scene.scheduled and len(sight.runs) != 1:
        found.append(f"one due time made {len(sight.runs)} runs")
    return found + await _kept(redis, scene, sight, witness)


async def _run_violations(redis: Redis, scene: Scene, run: str, witness: Witness) -> list[str]:
    found: list[str] = []
    ids = await reads.read_state_ids(redis, HOME, run)
    states = await reads.read_states(redis, HOME, ids)
    (record,) = await reads.read_runs(redis, HOME, [run])
    raw = await redis.hgetall(HOME.run(run))
    if len(ids) != len(set(ids)) or len(states) != len(ids):
        found.append("states are listed twice, or have no record")
    if record.status != scene.status:
        found.append(f"it is {record.status}, not {scene.status}")
    if record.made != dict(Counter(state.task.identifier for state in states)):
        found.append(f"it counts as made {record.made}")
    ended = Counter((state.task.identifier, state.status) for state in states)
    if {key: count for key, count in record.ended.items() if count} != dict(ended):
        found.append(f"it counts as ended {record.ended}, and there are {dict(ended)}")
    if int(raw[b"open"]) != 0:
        found.append(f"it counts {raw[b'open']!r} open ones")
    errors = 0
    for state in states:
        if state.status in _FAILED and not await ask(redis, "HEXISTS", HOME.state(state.id), "tolerated"):
            errors += 1
        found += _attempt_violations(state, witness)
    if int(raw.get(b"untolerated", 0)) != errors:
        found.append(f"it counts {raw.get(b'untolerated')!r} errors that nobody tolerates, and there are {errors}")
    for unite in await ask(redis, "LRANGE", HOME.unites(run), 0, -1):
        armed = await read_unite(redis, HOME, unite.decode())
        if armed is None or (armed.pending != 0 and record.status is not RunStatus.CANCELLED):
            found.append(f"unite {unite.decode()} waits for {armed and armed.pending}")
    # What is listed twice can't be told apart by the model's names.
    if scene.modelled and len(ids) == len(set(ids)):
        model = expected(scene)
        world: Any = SimpleNamespace(redis=redis, run_id=run)
        lines = differences(model, await observe(world, model.graph))
        # A lost lease moves the attempt number on; what it must be is told from the lost leases themselves.
        found += [line for line in lines if ": attempt: " not in line]
    return found


def _attempt_violations(state: reads.StateRecord, witness: Witness) -> list[str]:
    if witness.rolled_back:
        return []
    due = 1 + witness.put_back[HOME.state(state.id)]
    if state.attempt != due:
        return [f"state {state.task.identifier} has attempt {state.attempt}; it was put back {due - 1} times"]
    return []


async def _kept(redis: Redis, scene: Scene, sight: Sight, witness: Witness) -> list[str]:
    """What would never be removed: retention goes over all runs, then only the catalog and empty streams may be left."""
    for run in sight.runs:
        await upkeep.delete_run(redis, HOME, run)
    keys = CatalogKeys("ns")
    allowed = {"exo:namespaces", "exo:agreed", keys.graphs, keys.graph("g"), keys.version("g", 1), HOME.deleted, HOME.outbox,
               PROBE.decode(), keys.schedules, keys.schedules_of("g"), keys.firings("g")}  # fmt: skip
    ready: tuple[str, ...] = ()
    for name in scene.namespaces:
        there = ShardKeys(name)
        allowed |= {CatalogKeys(name).nodes, there.reports, there.inbox, there.arrivals}
        ready += (there.ready(""),)
        if witness.rolled_back:
            allowed.add(there.rejected)
    kept = sorted([raw.decode() for raw in await redis.keys("*") if await redis.pttl(raw) < 0])
    return [f"{key} would be kept for ever" for key in kept if key not in allowed and not key.startswith(ready)]
