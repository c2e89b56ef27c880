"""Checks a run that has ended against the reference model, its own records, and the ledger. Every violation is a line."""

from collections import Counter
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from redis.asyncio import Redis

from chaos.graphs import SwiftModel, Workload, new_model, play
from chaos.ledger import Executions
from engine.world import home_of
from exosphere_core.records import encode
from exosphere_core.states import Status
from exosphere_core.store.moves import LARGE_BYTES
from semantics.compare import differences
from semantics.observe import Observed, observe
from semantics.records import State

#: What a node must have written that its state came to this.
_WRITTEN = {
    Status.SUCCESS: "executed",
    Status.NEXT_CREATED_ERROR: "executed",
    Status.RETRY_CREATED: "failed",
    Status.ERRORED: "failed",
    Status.PRUNED: "pruned",
}

#: What differs by what struck, not by what the graph means: compared with the ledger instead.
_BY_FAULTS = (": attempt:",)


async def check_run(
    redis: Redis,
    run: str,
    workload: Workload,
    width: int,
    executions: Mapping[str, Executions],
    *,
    lossy: bool,
) -> tuple[list[str], Counter[str]]:
    """Check one run.

    Args:
        executions: state → what its node wrote, of the whole round.
        lossy: whether Redis may have lost what it acknowledged in this round: then work may have been done again.

    Returns:
        The violations; and counts: states, attempts beyond the first, states executed again, unites, and how many of
        these joined large inputs.
    """
    model = new_model(workload, width)
    try:
        observed = await observe(SimpleNamespace(redis=redis, run_id=run), model.graph)
    except (AssertionError, KeyError, ValueError) as torn:
        return [f"its records do not hang together: {torn!r}"], Counter()
    observed = _without_frames(observed)
    found = _model_violations(model, workload, observed)
    found += _recount_violations(observed)
    fields = {name.decode(): value.decode() for name, value in (await redis.hgetall(home_of(run).run(run))).items()}
    if fields.get("open", "0") != "0":
        found.append(f"it has ended, and open is {fields['open']}")
    found += _ledger_violations(observed, executions, lossy)
    counts = Counter(
        states=len(observed.states),
        unites=len(observed.unites),
        large_joins=_large_joins(workload, observed),
        more_attempts=sum(record.attempt - 1 for record in observed.states.values()),
        executed_again=sum(
            max(0, seen.starts - seen.requeued - 1)
            for record in observed.states.values()
            if (seen := executions.get(record.id))
        ),
    )
    return found, counts


def _large_joins(workload: Workload, observed: Observed) -> int:
    """How many states of uniting nodes have inputs that were laid down before them."""
    uniting = {node["identifier"] for node in workload.template["nodes"] if "unites" in node}
    return sum(
        len(encode(record.inputs)) >= LARGE_BYTES
        for record in observed.states.values()
        if record.task.identifier in uniting
    )


def _without_frames(observed: Observed) -> Observed:
    """An error's first line is what the node said; where it happened is not compared."""
    states = {
        label: record._replace(error=record.error.partition("\n")[0] if record.error else record.error)
        for label, record in observed.states.items()
    }
    return observed._replace(states=states)


def _model_violations(model: SwiftModel, workload: Workload, observed: Observed) -> list[str]:
    def key_of(state: State) -> str:
        return observed.states[state.chain].id

    try:
        play(model, workload.names, key_of)
    except KeyError as missing:
        return [f"the model has a state {missing.args[0]}, the engine has none"]
    return [line for line in differences(model, observed) if not any(word in line for word in _BY_FAULTS)]


def _recount_violations(observed: Observed) -> Iterator[str]:
    made = Counter(record.task.identifier for record in observed.states.values())
    ended = Counter((record.task.identifier, record.status) for record in observed.states.values())
    if made != Counter(observed.run.made):
        yield f"a recount of its states gives {dict(made)}, its counters say {observed.run.made}"
    if ended != +Counter(observed.run.ended):
        yield f"a recount of what ended gives {dict(ended)}, its counters say {observed.run.ended}"
    for label, unite in observed.unites.items():
        if unite.pending and unite.status in ("FIRED", "PRUNED"):
            yield f"unite {label} reads {unite.status} and still waits for {unite.pending}"


def _ledger_violations(observed: Observed, executions: Mapping[str, Executions], lossy: bool) -> Iterator[str]:
    for label, record in observed.states.items():
        seen = executions.get(record.id)
        if seen is None:
            if record.task.position == 0 and not _made_ended(label, record, observed):
                yield f"state {label} reads {record.status.value}, and its node was never executed"
            continue
        if record.task.position:
            yield f"sibling {label} was executed: siblings only keep outputs"
        if seen.starts > record.attempt and not lossy:
            yield f"state {label} was executed {seen.starts} times in {record.attempt} attempts: no lost lease explains it"
        wanted = _WRITTEN.get(record.status)
        if wanted and wanted not in seen.outcomes:
            yield f"state {label} reads {record.status.value}; its node wrote {sorted(seen.outcomes)}"


def _made_ended(label: str, record: Any, observed: Observed) -> bool:
    """Whether a state was born with its end: that of a unite over pruned branches, or whose inputs can't be made."""
    return label in observed.unites and (record.status is Status.PRUNED or bool(record.unite))
