"""Workers that die in the middle of a node: before one of the lines of its `execute`."""

import dis
import inspect
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType
from typing import Any, TypeVar

from exosphere_worker.node import BaseNode

Result = TypeVar("Result")

#: A line of a loop is one to die before at its second pass, too: some of the work is done then, and some is not.
_SECOND = "/2"


class WorkerDied(BaseException):
    """Ends a node whose worker died: no `except Exception` of the node holds it up."""


@cache
def places_in(node: type[BaseNode]) -> tuple[str, ...]:
    """Return before which lines of a node's `execute` a worker may die: `12`, and `12/2` for its second pass.

    The first line is none of them: nothing has happened there.
    """
    code = _code_of(node)
    if code is None:
        return ()
    lines = sorted({line for *_, line in code.co_lines() if line is not None and line > code.co_firstlineno})
    looped = _looped(code)
    places = [str(line) for line in lines[1:]]
    return (*places, *(f"{line}{_SECOND}" for line in lines if line in looped))


def _code_of(node: type[BaseNode]) -> CodeType | None:
    code = getattr(inspect.unwrap(node.execute), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _looped(code: CodeType) -> set[int]:
    """The lines of loops: those that a jump back leads over. The one by which an `await` waits is another."""
    jumps = [
        (step.argval, step.offset)
        for step in dis.get_instructions(code)
        if "JUMP_BACKWARD" in step.opname and "NO_INTERRUPT" not in step.opname
    ]
    return {
        line
        for start, _, line in code.co_lines()
        if line is not None and any(first <= start <= last for first, last in jumps)
    }


class LineDeath:
    """Ends a node before a line. A trace function, of the thread in which the node runs.

    Args:
        place: one of `places_in` the node.
        on_death: called as it ends.
    """

    def __init__(self, node: type[BaseNode], place: str, on_death: Callable[[], None]) -> None:
        self._code = _code_of(node)
        self._line = int(place.removesuffix(_SECOND))
        self._left = 2 if place.endswith(_SECOND) else 1
        self._on_death = on_death

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self._look if frame.f_code is self._code else None

    def _look(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line" and frame.f_lineno == self._line:
            self._left -= 1
            if not self._left:
                self._on_death()
                raise WorkerDied
        return self._look


@contextmanager
def dying_by(death: LineDeath | None) -> Iterator[None]:
    """Let a node die that runs in this thread inside. Whoever else follows each line, such as a debugger, waits meanwhile."""
    if death is None:
        yield
        return
    before = sys.gettrace()
    sys.settrace(death)
    try:
        yield
    finally:
        sys.settrace(before)


class Threads(ThreadPoolExecutor):
    """The threads in which nodes run that are plain functions.

    Attributes:
        death: ends the next node that begins.
    """

    death: LineDeath | None = None

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
        """Run something in a thread."""
        death, self.death = self.death, None
        return super().submit(_dying, death, fn, *args, **kwargs)


def _dying(death: LineDeath | None, work: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    with dying_by(death):
        return work(*args, **kwargs)
