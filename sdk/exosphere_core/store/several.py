"""Asking several servers of a cluster for the same, while some of them may be away."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Final, TypeVar

from exosphere_core.ending import end
from exosphere_core.store.faults import LOST

#: How long the others are waited for when one has answered, in s: a caller waits for this more than once, and no longer than 5 s.
_PATIENCE_S: Final = 1.5

_Answer = TypeVar("_Answer")


async def ask_those_there(asked: Iterable[Awaitable[_Answer]]) -> tuple[list[_Answer], int]:
    """Wait for what several servers answer; what is asked must be such that it may be left undone, or be done twice.

    Returns:
        The answers, and how many servers are away.

    Raises:
        Whatever one raised, if all are away or it is another fault.
    """
    tasks = [asyncio.ensure_future(each) for each in asked]
    try:
        left = set(tasks)
        while left and not any(task.done() and not task.exception() for task in tasks):
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        if left:
            await asyncio.wait(left, timeout=_PATIENCE_S)
    finally:
        done = [task for task in tasks if task.done()]
        await end(*tasks)
    faults = [fault for task in done if (fault := task.exception())]
    answers = [task.result() for task in done if not task.exception()]
    for fault in faults:
        if not answers or not isinstance(fault, LOST):
            raise fault
    return answers, len(tasks) - len(answers)
