"""Runs a node class once, as the runtime does."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from exosphere_worker.executor import NodeRunner
from exosphere_worker.node import BaseNode, Execution, Store
from exosphere_worker.once import Once
from exosphere_worker.outcome import Outcome


async def nothing_stored(key: str) -> str | None:
    return None


async def nothing_recorded(key: str) -> tuple[bool, Any]:
    return False, None


async def recorded_first(key: str, result: Any) -> Any:
    return result


def execution(once: Once | None = None) -> Execution:
    return Execution(
        "run-1", "state-1", 2, "once-1", Store(nothing_stored), once or Once(nothing_recorded, recorded_first)
    )


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
