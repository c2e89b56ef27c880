"""Makes a call that blocks of one that is awaited, or iterated over by `async for`."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Self

from exospherehost.own_loop import OwnLoop


def calls(of: type[Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Give the public calls of a class whose calls are awaited, by name."""
    for name, member in inspect.getmembers(of, inspect.isfunction):
        if not name.startswith("_") and name != "aclose":
            yield name, member


class Face:
    """Has the calls of a class as ones that block. It has a thread of its own, which ends with `close`, at the end of `with`, or
    with the process.
    """

    #: The class whose calls are awaited.
    _of: type[Any]

    def __init_subclass__(cls, of: type[Any]) -> None:
        cls._of = of
        for name, call in calls(of):
            setattr(cls, name, _blocking(name, call))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._calls = self._of(*args, **kwargs)
        self._loop = OwnLoop()

    def __repr__(self) -> str:
        return f"blocking {self._calls!r}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread."""
        self._loop.close()


def _blocking(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
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
