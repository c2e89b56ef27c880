"""`StateManager` and `Producer` for scripts, notebooks and plain web applications: the same calls, each of which returns when
it is done.

    with StateManager("hello") as manager:
        run = manager.run("greetings", {"name": "Ada"})
        for state in manager.states(run["run_id"], status="ERRORED"):
            print(state["identifier"], state["error"])

They work where an event loop runs already, such as in a notebook, and from any thread. The types are in `blocking.pyi`.
"""

from exospherehost.blocking_calls import Face
from exospherehost.producer import Producer as AwaitedProducer
from exospherehost.statemanager import StateManager as AwaitedStateManager


class StateManager(Face, of=AwaitedStateManager):
    """Calls the state manager on behalf of one namespace; see `exospherehost.StateManager` for arguments and calls."""


class Producer(Face, of=AwaitedProducer):
    """Triggers graphs straight in Redis; see `exospherehost.Producer` for arguments and calls.

    A process that forks after it was made, as some web servers do, needs one in each of its children.
    """
