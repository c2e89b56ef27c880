"""Makes a call that blocks of one that is awaited, or iterated over by `async for`."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from exospherehost.own_loop import OwnLoop
from exospherehost.statemanager import StateManager


class Face(Protocol):
    """What the calls are methods of."""

    _calls: StateManager
    _loop: OwnLoop


def calls() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Give the public calls of the `StateManager` that is awaited, by name."""
    for name, member in inspect.getmembers(StateManager, inspect.isfunction):
        if not name.startswith("_") and name != "aclose":
            yield name, member


def blocking(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that makes a call and waits for it; one that gives things one by one is iterated over by `for`."""
    if inspect.isasyncgenfunction(call):

        @functools.wraps(call)
        def iterate(self: Face, *args: Any, **kwargs: Any) -> Iterator[Any]:
            return self._loop.each_of(getattr(self._calls, name)(*args, **kwargs))

        return iterate

    @functools.wraps(call)
    def wait(self: Face, *args: Any, **kwargs: Any) -> Any:
        return self._loop.wait_for(getattr(self._calls, name)(*args, **kwargs))

    return wait
