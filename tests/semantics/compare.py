"""Compares a run of the engine with the model's: every difference is one line."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from exosphere_core.store.reads import RunRecord, StateRecord
from exosphere_core.store.unites import UniteRecord
from semantics.model import Model
from semantics.observe import Observed
from semantics.records import State, Unite


def differences(model: Model, observed: Observed) -> list[str]:
    """Tell where the two are not the same: the run, its states, its unites, its store."""
    found = list(run_differences(model, observed.run))
    found += _told("store", model.store, observed.store)
    found += _told("states", sorted(model.states), sorted(observed.states))
    for label in model.states.keys() & observed.states.keys():
        found += _state_differences(model.states[label], observed.states[label], observed)
    unites = {unite.label: unite for unite in model.unites}
    found += _told("unites", sorted(unites), sorted(observed.unites))
    for label in unites.keys() & observed.unites.keys():
        found += _unite_differences(model, unites[label], observed.unites[label], observed)
    return sorted(found)


def run_differences(model: Model, run: RunRecord) -> Iterator[str]:
    """Compare status and counts."""
    yield from _told("run status", model.status, run.status.value)
    yield from _told("run has ended", model.status != "PENDING", run.ended_at is not None)
    yield from _told("states made", model.made, Counter(run.made))
    ended = Counter({(identifier, status.value): count for (identifier, status), count in run.ended.items()})
    yield from _told("states ended", model.ended, +ended)


def _state_differences(expected: State, record: StateRecord, observed: Observed) -> Iterator[str]:
    place, task = f"state {expected.label}", record.task
    yield from _told(f"{place}: status", expected.status, record.status.value)
    yield from _told(f"{place}: inputs", expected.inputs, record.inputs)
    yield from _told(f"{place}: outputs", expected.outputs or {}, record.outputs)
    yield from _told(f"{place}: data", expected.data, None if record.data is None else json.loads(record.data))
    yield from _told(f"{place}: retry_count", expected.retry_count, task.retry_count)
    yield from _told(f"{place}: attempt", expected.attempt, record.attempt)
    yield from _told(f"{place}: position", expected.position, task.position)
    parents = {name: observed.labels[parent] for name, parent in task.parents.items()}
    yield from _told(f"{place}: parents", expected.parents, parents)
    if expected.position == 0:  # a sibling is never delivered
        yield from _told(f"{place}: chain", expected.chain, observed.labels[task.chain or record.id])
    scope = sorted(unite.label for unite in expected.scope)
    yield from _told(
        f"{place}: counts for", scope, sorted(observed.unite_labels[unite] for unite in task.unites.values())
    )
    if not expected.reasons:
        yield from _told(f"{place}: error", expected.error, record.error)
    elif not any(reason in (record.error or "") for reason in expected.reasons):
        yield f"{place}: error: model says that it mentions one of {expected.reasons}, engine says {record.error!r}"
    if expected.pending:
        waits = None if record.due_at is None else record.due_at - record.updated_at
        least, most = expected.wait_ms or (None, None)
        if least is None or most is None or waits is None:
            yield from _told(f"{place}: waits", least, waits)
        elif not least <= waits <= most:
            yield f"{place}: waits: model says {least} to {most} ms, engine says {waits} ms"


def _unite_differences(model: Model, expected: Unite, record: UniteRecord, observed: Observed) -> Iterator[str]:
    place = f"unite {expected.label}"
    status = expected.status
    if status == "OPEN":
        waited_for = any(state.pending and expected in state.scope for state in model.states.values())
        status = "CANCELLED" if model.status == "CANCELLED" else "ARMED" if waited_for else "WAITING"
    yield from _told(f"{place}: status", status, record.status)
    scope = sorted(unite.label for unite in expected.scope)
    around = sorted(observed.unite_labels[unite] for unite in record.plan.unites.values())
    yield from _told(f"{place}: counts for", scope, around)


def _told(what: str, expected: Any, found: Any) -> list[str]:
    return [] if expected == found else [f"{what}: model says {expected!r}, engine says {found!r}"]
