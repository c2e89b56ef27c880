"""Settles unites: reads what a settled unite's branches gave, and fires it, ends it or lets it wait."""

from collections.abc import Sequence
from typing import NamedTuple

from exosphere_core.errors import CorruptRecord, NotFound
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import ERRORED_MEMBERS, member
from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.records import TextMap, UnitePlan, encode
from exosphere_core.states import Status, UniteStatus
from exosphere_core.store import settling
from exosphere_core.store.calls import Call, apply, apply_all
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.reads import Wanted, read_outputs, read_values
from exosphere_core.store.streams import acknowledge
from exosphere_core.store.unites import UniteRecord, read_unite, walk_members
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.inputs import Unresolvable, resolve, sized
from exosphere_orchestrator.engine.places import birthplace
from exosphere_orchestrator.engine.reports import Report
from exosphere_orchestrator.engine.succession import join_of, lost_join_of

#: How many errors one script tolerates: it stays within a few ms.
_TOLERATED = 100


class _Inputs(NamedTuple):
    """The inputs of a uniting state, and what they were made of."""

    encoded: bytes
    #: How many states each list has a value of, by identifier.
    counts: dict[str, int]


async def settle(context: EngineContext, report: Report, shard: int) -> None:
    """Do what a settled unite calls for. Any part may be done twice, by whomever, and changes nothing then.

    Raises:
        CorruptRecord: the unite's own record can't be read.
        ConnectionError: Redis lost again and again what it had acknowledged.
    """
    home = ShardKeys(report.home, shard)
    # What is laid down apart may be gone again: a replica took over, or Redis evicts what expires. To a server that does
    # not know the scripts it even comes after the join. One that took over may also lack what was read, or tolerated.
    for apart in (True, True, True, False):
        unite = await read_unite(context.redis, home, report.state)
        if unite is None or unite.status != UniteStatus.ARMED or unite.pending != 0:
            await acknowledge(context.redis, home.reports, STATE_MANAGERS_GROUP, [report.entry.id])
            return
        if await fire(context.scripts, await _calls_for(context, home, report, unite, apart=apart)):
            return
    raise ConnectionError("Redis lost again and again what it had acknowledged of a unite that settled")


async def _calls_for(
    context: EngineContext, home: ShardKeys, report: Report, unite: UniteRecord, *, apart: bool
) -> list[Call]:
    """Tolerate what is to be tolerated, and return what fires or closes the unite, or lets it wait."""
    plan, entry = unite.plan, report.entry.id
    nowhere = [""] * len(plan.unites)
    try:
        graph = await context.plans.get(plan.home, plan.graph, plan.version)
    except (CorruptRecord, NotFound) as gone:
        # Without the graph nothing can follow: the run is to end all the same.
        state, task = lost_join_of(report.state, plan)
        return [settling.close(home, report.state, entry, state, task, Status.ERRORED, gone.detail, nowhere)]
    if unite.errored and unite.strategy == "ALL_SUCCESS":
        return [settling.hold(home, report.state, entry, plan)]
    state, task = join_of(graph, report.state, plan, anew=unite.anew)
    if unite.pruned and not unite.arrived and not unite.errored:
        return [settling.close(home, report.state, entry, state, task, Status.PRUNED, "", nowhere)]
    pages = await _tolerate(context, home, report, unite) if unite.errored else 0
    try:
        made = await _inputs(context, graph, plan, home, report.state)
    except Unresolvable as why:
        errored = _errored(graph, plan, state)
        return [settling.close(home, report.state, entry, state, task, Status.ERRORED, str(why), errored, pages)]
    context.tasks.keep({state: task})
    return settling.join(
        home, report.state, entry, state, task, made.encoded, birthplace(task),
        counts=made.counts, pages=pages, apart=apart,
    )  # fmt: skip


async def _tolerate(context: EngineContext, home: ShardKeys, report: Report, unite: UniteRecord) -> int:
    """Tolerate all errors of a unite, and return how many calls that took."""
    pages = 0
    async for page in walk_members(context.redis, home, report.state, ERRORED_MEMBERS, _TOLERATED):
        pages += 1
        call = settling.tolerate(home, report.state, report.entry.id, unite.plan, page, pages)
        await apply(context.scripts, call)
    return pages


async def fire(redis: "Redis", calls: Sequence[Call]) -> bool:
    """Apply the calls that fire or close a unite, or let it wait. False when the server that was asked lacks what they were
    made of, or what went before: nothing is changed then.

    Raises:
        exosphere_core.store.faults.ResponseError: Redis refused one.
    """
    replies = await apply_all(redis, calls)
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise reply
    return bool(replies[-1][0] != b"gap")


def _errored(graph: GraphPlan, plan: UnitePlan, state: str) -> Sequence[str]:
    return [
        member(ERRORED_MEMBERS, plan.branch, 0, state)
        if (rule := graph.nodes[uniting].unites) and rule.strategy == "ALL_DONE"
        else ""
        for uniting in plan.unites
    ]


async def inputs_of(context: EngineContext, home: ShardKeys, unite: str) -> bytes:
    """Make the inputs of the state of a unite that fired.

    Raises:
        Unresolvable: a value does not exist, or they are too large.
    """
    record = await read_unite(context.redis, home, unite)
    if record is None:
        raise Unresolvable(f"the unite {unite} does not exist any more")
    plan = record.plan
    graph = await context.plans.get(plan.home, plan.graph, plan.version)
    return (await _inputs(context, graph, plan, home, unite)).encoded


async def _inputs(context: EngineContext, graph: GraphPlan, plan: UnitePlan, home: ShardKeys, unite: str) -> _Inputs:
    node = graph.nodes[plan.identifier]
    rule = node.unites
    if rule is None:
        raise ValueError(f"{plan.identifier!r} unites nothing")
    single = {name for name in node.reads_outputs if name in plan.parents and name not in rule.between}
    lists = set(rule.collected)
    if plan.width is None:
        lists.discard(rule.united)
    else:
        single.discard(rule.united)
    states = {name: plan.parents[name] for name in single}
    wanted = Wanted(home, plan.run, list(states.values()), sorted(node.reads_store))
    try:
        ((outputs, store),) = await read_values(context.redis, [wanted])
        visible: dict[str, TextMap] = {name: outputs[state] for name, state in states.items()}
        counts: dict[str, int] = {}
        for name in sorted(lists):
            fields = _fields(graph, plan.identifier, name)
            visible[name], counts[name] = await _collect(context, home, unite, name, fields)
    except CorruptRecord as unreadable:
        raise Unresolvable(f"inputs of {plan.identifier!r}: {unreadable.detail}") from None
    inputs = resolve(node.inputs, plan.identifier, visible, store) | plan.inputs
    return _Inputs(sized(inputs, plan.identifier, context.limits.max_value_bytes), counts)


def _fields(graph: GraphPlan, identifier: str, read: str) -> list[str]:
    refs = {ref for expression in graph.nodes[identifier].inputs.values() for ref in expression.refs}
    return sorted({ref.field for ref in refs if getattr(ref, "identifier", None) == read and hasattr(ref, "field")})


async def _collect(
    context: EngineContext, home: ShardKeys, unite: str, identifier: str, fields: Sequence[str]
) -> tuple[TextMap, int]:
    """Read the values of an identifier's successful states: for each field a JSON array, in branch order; and their number."""
    values: dict[str, list[str]] = {field: [] for field in fields}
    count = 0
    async for page in walk_members(context.redis, home, unite, identifier):
        count += len(page)
        for state, outputs in zip(page, await read_outputs(context.redis, home, page), strict=True):
            for field in fields:
                if field not in outputs:
                    has = ", ".join(sorted(outputs)) or "none"
                    raise Unresolvable(
                        f"'${{{{ {identifier}.outputs.{field} }}}}' has no value in state {state}: its outputs are: {has}"
                    )
                values[field].append(outputs[field])
    return {field: encode(found).decode() for field, found in values.items()}, count
