"""The longest scripts, each at its greatest size, on a Redis that does nothing else: what one may hold others up for."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from bench.system import NAMESPACE, System
from bench.workloads import Figure
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task, derived_id, encode, member, new_run_id
from exosphere_core.store import moves
from exosphere_core.store.calls import Call
from exosphere_core.store.moves import Delivery
from exosphere_core.store.offspring import CHUNK, Child, Offspring, Sibling, UniteTouch
from exosphere_core.store.scripts import script

HOME = ShardKeys(NAMESPACE)
_TIMES = 50
_OUTPUTS = encode({"value": "x" * 100})
_UNITES = 3


def scripts(system: System) -> list[Figure]:
    """Run each script with all that it may be given, and read its time from the server's own log."""
    figures = []
    for what, calls in CASES.items():
        times = []
        for prepare, measured in calls():
            for call in prepare:
                load(system.redis, call)
                run(system.redis, call)
            load(system.redis, measured)
            system.redis.config_set("slowlog-log-slower-than", 0)
            system.redis.slowlog_reset()
            run(system.redis, measured)
            times.append(max(entry["duration"] for entry in system.redis.slowlog_get(10)))
            system.redis.config_set("slowlog-log-slower-than", -1)
        name = f"script on an idle Redis: {what}: median, µs"
        figures += [Figure(name, f"{median(times):,.0f}"), Figure("longest of its runs, µs", f"{max(times):,}")]
    return figures


def load(redis: Any, call: Call) -> None:
    """Make a script known to the server."""
    redis.script_load(script(call.name).source)


def run(redis: Any, call: Call) -> None:
    """Run a script that the server knows."""
    redis.evalsha(script(call.name).sha, len(call.keys), *call.keys, *call.args)


_Cases = Iterator[tuple[list[Call], Call]]


def _root(run: str) -> tuple[str, Task, Call]:
    state = derived_id("root", run)
    task = Task(
        run=run, home=NAMESPACE, graph="wide", version=1, identifier="spread", node="Spread", namespace=NAMESPACE
    )
    return state, task, moves.trigger(HOME, run, task, state, b"{}", {}, 0, HOME.ready("Spread"))


def _offspring(state: str, task: Task, start: int) -> Offspring:
    """A chunk of a fan-out in the middle of nested unites, as wide as it gets."""
    unites = [
        UniteTouch(derived_id("unite", state, str(n)), encode(task) if start == 0 else b"", "ALL_DONE", "", True, True)
        for n in range(_UNITES)
    ]
    counted = {f"unite{n}": unite.id for n, unite in enumerate(unites)}
    siblings, children = [], []
    for position in range(start, start + CHUNK // 2):
        sibling = derived_id("sibling", state, str(position))
        siblings.append(Sibling(sibling, encode(task), _OUTPUTS, member("spread", ".10-10", position, sibling)))
        child = Task(
            run=task.run, home=NAMESPACE, graph="wide", version=1, identifier="each", node="Empty",
            namespace=NAMESPACE, parents={"spread": sibling}, branch=".10-10", unites=counted,
        )  # fmt: skip
        child_id = derived_id("child", sibling, "each")
        children.append(Child(child_id, "each", encode(child), _OUTPUTS, "1,2,3", HOME.ready("Empty")))
    return Offspring(siblings, children, unites)


def _expand() -> _Cases:
    for _ in range(_TIMES):
        run = new_run_id(0)
        state, task, trigger = _root(run)
        of = Delivery(state, "1", task, HOME, HOME.reports, "1-1")
        first = moves.expand(of, _OUTPUTS, 100_000, _offspring(state, task, 0))
        yield [trigger, first], moves.expand(of, _OUTPUTS, 100_000, _offspring(state, task, CHUNK // 2))


def _cancel() -> _Cases:
    for prepare, expand in _expand():
        run, *_ = (key for key in expand.keys if ":run:" in key)
        run = run.rpartition(":")[2]
        state, task, _ = _root(run)
        part = _offspring(state, task, 0)
        children = [(child.id, Task(
            run=run, home=NAMESPACE, graph="wide", version=1, identifier="each", node="Empty", namespace=NAMESPACE,
        )) for child in (*part.children, *_offspring(state, task, CHUNK // 2).children)]  # fmt: skip
        unites = [unite.id for unite in part.unites]
        yield [*prepare, expand, moves.cancel_run(HOME, run)], moves.cancel(HOME, run, "wide", children, unites)


#: What is measured → for each time, the calls that prepare it and the one that is measured.
CASES: dict[str, Callable[[], _Cases]] = {
    f"a chunk of a fan-out, {CHUNK} states in {_UNITES} unites": _expand,
    f"{CHUNK} states cancelled": _cancel,
}
