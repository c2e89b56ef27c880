"""Runs one node, with nothing around it: no Redis, no state manager, no graph."""

import json
from collections.abc import Mapping
from typing import Any

from exosphere_core.errors import BadRequest
from exosphere_core.ids import derived_id
from exosphere_worker.executor import NodeRunner
from exosphere_worker.node import BaseNode, Execution, node_errors
from exospherehost.testing.execution import Mortal
from exospherehost.testing.faults import Plan
from exospherehost.testing.lines import Threads
from exospherehost.testing.notebook import Notebook
from exospherehost.testing.outcome import NodeOutcome, judged


class _Memory:
    """A run's store and what `once` recorded, in memory."""

    def __init__(self, store: Mapping[str, str], recorded: Mapping[str, Any]) -> None:
        self.store = dict(store)
        self.records = dict(recorded)
        self.line_sink = Notebook()

    async def store_value(self, state: str, key: str) -> str | None:
        return self.store.get(key)

    async def recorded(self, state: str, key: str) -> tuple[bool, Any]:
        return key in self.records, self._copy(self.records.get(key))

    async def record(self, state: str, key: str, result: Any) -> Any:
        return self._copy(self.records.setdefault(key, self._copy(result)))

    @staticmethod
    def _copy(value: Any) -> Any:
        return json.loads(json.dumps(value))


async def play_node(
    node: type[BaseNode],
    inputs: Mapping[str, str],
    secrets: Mapping[str, str],
    store: Mapping[str, str],
    recorded: Mapping[str, Any],
    retry_count: int,
    timeout_ms: int | None,
    run_id: str,
    plan: Plan,
    step: str,
) -> NodeOutcome:
    """Run a node once, or as often as a fault has it run again. For the arguments see `Kit.run_node`."""
    check_nodes([node])
    _check_names(node, "input", inputs, node.Inputs.model_fields)
    _check_names(node, "secret", secrets, node.Secrets.model_fields)
    memory = _Memory(store, recorded)
    chain = derived_id("root", run_id)
    state = derived_id("retry", chain, str(retry_count)) if retry_count else chain
    executions = 0
    with Threads(1) as threads:
        runner = NodeRunner(node, threads)
        while True:
            executions += 1
            mortal = Mortal(memory, plan, step)
            execution = Execution(run_id, state, retry_count, chain, mortal, _secrets=dict(secrets))
            given = json.dumps(dict(inputs)).encode()
            work = runner.execute(given, dict(secrets), execution, timeout_ms)
            outcome = await mortal.execute(work, node, threads)
            if outcome is not None and not plan.strikes(step, "twice"):
                written = memory.line_sink.of(state)
                return judged(runner.name, outcome, memory.store, memory.records, executions, written)


def check_nodes(nodes: list[type[BaseNode]]) -> None:
    """Check node classes as a runtime does when it starts.

    Raises:
        BadRequest: everything that is wrong with them.
    """
    errors = [error for node in nodes for error in node_errors(node)]
    names = [node.__name__ for node in nodes if isinstance(node, type)]
    errors += [f"node {name!r} is given twice" for name in sorted(set(names)) if names.count(name) > 1]
    if errors:
        raise BadRequest("; ".join(errors))


def _check_names(node: type[BaseNode], what: str, given: Mapping[str, str], declared: Mapping[str, object]) -> None:
    unknown = sorted(given.keys() - declared.keys())
    if unknown:
        known = ", ".join(map(repr, declared)) or "none"
        raise BadRequest(f"node {node.__name__!r} has no {what} {', '.join(map(repr, unknown))}; it has {known}")
    for name, value in given.items():
        if not isinstance(value, str):
            raise BadRequest(f"{what} {name!r} of node {node.__name__!r} is {type(value).__name__}; it must be str")
