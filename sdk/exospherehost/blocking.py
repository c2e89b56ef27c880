"""`StateManager` for scripts and notebooks: the same calls, each of which returns when it is done.

    with StateManager("hello") as manager:
        run = manager.run("greetings", {"name": "Ada"})
        for state in manager.states(run["run_id"], status="ERRORED"):
            print(state["identifier"], state["error"])

It works where an event loop runs already, such as in a notebook, and from any thread. The types are in `blocking.pyi`.
"""

from typing import Any, Self

from exospherehost.blocking_calls import blocking, calls
from exospherehost.own_loop import OwnLoop
from exospherehost.statemanager import StateManager as AwaitedStateManager


class StateManager:
    """Calls the state manager on behalf of one namespace; see `exospherehost.StateManager` for arguments and calls.

    It has a thread of its own, which ends with `close`, at the end of `with`, or with the process.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._calls = AwaitedStateManager(*args, **kwargs)
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


for _name, _call in calls():
    setattr(StateManager, _name, blocking(_name, _call))
