"""Runs a node class once, as the runtime does."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from exosphere_worker.executor import NodeRunner
from exosphere_worker.node import BaseNode, Execution
from exosphere_worker.once import Once
from exosphere_worker.outcome import Outcome
from exospherehost.testing.notebook import Notebook


class Nothing:
    """A state manager whose runs hold nothing."""

    def __init__(self) -> None:
        self.line_sink = Notebook()

    async def store_value(self, state: str, key: str) -> str | None:
        return None

    async def recorded(self, state: str, key: str) -> tuple[bool, Any]:
        return False, None

    async def record(self, state: str, key: str, result: Any) -> Any:
        return result


def execution(once: Once | None = None) -> Execution:
    return Execution("run-1", "state-1", 2, "once-1", Nothing(), _once=once)


async def play(
    node: type[BaseNode],
    inputs: bytes = b"{}",
    secrets: dict[str, str] | None = None,
    timeout_ms: int | None = None,
    run_as: Execution | None = None,
) -> Outcome:
    """Run a node in the current loop."""
    with ThreadPoolExecutor(1) as threads:
        runner = NodeRunner(node, threads)
        return await runner.execute(inputs, secrets, run_as or execution(), timeout_ms)


def outcome_of(
    node: type[BaseNode],
    inputs: bytes = b"{}",
    secrets: dict[str, str] | None = None,
    timeout_ms: int | None = None,
    run_as: Execution | None = None,
) -> Outcome:
    """Run a node in a loop of its own."""
    return asyncio.run(play(node, inputs, secrets, timeout_ms, run_as))
