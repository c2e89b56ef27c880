"""One execution of a delivery: what the node is given, and what comes of it."""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any

from exosphere_core import traces
from exosphere_core.errors import ExosphereError
from exosphere_worker.executor import NodeRunner
from exosphere_worker.held import Held
from exosphere_worker.manager import Manager
from exosphere_worker.node import Execution
from exosphere_worker.outcome import Failed, Lost, Outcome, Released, name_of


def attempt(manager: Manager, runner: NodeRunner, held: Held) -> Coroutine[Any, Any, Outcome]:
    """Execute a delivery's node, and note how long that took.

    Raises:
        asyncio.CancelledError: it was cancelled.
    """
    return _execute(manager, runner, held) if traces.installed is None else _trace(manager, runner, held)


async def _trace(manager: Manager, runner: NodeRunner, held: Held) -> Outcome:
    assert traces.installed is not None
    with traces.installed.attempt(held.task, held.state, held.attempt, held.ready_ms) as ended:
        try:
            outcome = await _execute(manager, runner, held)
        except asyncio.CancelledError:
            ended(name_of(Lost() if held.lost else Released()), "")
            raise
        ended(name_of(outcome), outcome.error if isinstance(outcome, Failed) else "")
        return outcome


async def _execute(manager: Manager, runner: NodeRunner, held: Held) -> Outcome:
    task = held.task
    values = None
    if runner.has_secrets:
        try:
            values = await manager.secrets(task, held.state)
        except ExosphereError as refused:
            return Failed(f"the secrets of {runner.name} could not be fetched: {refused.detail}")
    # By position, which costs less than by name: this is on the path of every state.
    execution = Execution(task.run, held.state, task.retry_count, task.chain or held.state, manager, held, values)
    began = held.began_at = monotonic()
    try:
        outcome = await runner.execute(held.inputs, values, execution, task.timeout_ms)
    finally:
        # Most write nothing.
        if execution.written is not None:
            execution.written.close()
    held.ran_s = monotonic() - began
    return outcome
