"""Triggers graphs straight in Redis, for programs that may reach it: no HTTP call, and no state manager has to be up."""

from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from exosphere_core import traces
from exosphere_core.errors import BadRequest
from exosphere_core.many_triggers import trigger_many
from exosphere_core.names import name_error
from exospherehost.caller import check_names
from exospherehost.clients import PerLoop
from exospherehost.closing import Closing


class Producer(Closing):
    """Starts runs of one namespace's graphs by the scripts and rules of the state managers, in their Redis.

    It takes the same limits as they do, from the same `EXOSPHERE_…` variables: give it their environment, but for
    `STATE_MANAGER_SECRET` and `SECRETS_ENCRYPTION_KEY`, which it does not need. How many shards there are it learns from
    Redis. A graph is declared, and a run is waited for, by `StateManager`.

    One instance may be used from several event loops, one after another or at once;
    each loop's connections are closed when that loop ends.

    Args:
        namespace: whose graphs are meant.
        redis_url: the Redis of the state managers, as they have it; `EXOSPHERE_REDIS_URL` when left out.
        timeout: how long one call may take, in seconds. Within it a call is repeated while Redis can't be reached
            or there is too much to do.

    Raises:
        ValueError: the namespace is no name, or the timeout is out of range.
        ConfigurationError: names the variable that is missing or wrong, never its value.
    """

    def __init__(self, namespace: str, redis_url: str | None = None, timeout: float = 30) -> None:
        if error := name_error("namespace", namespace):
            raise ValueError(error)
        if timeout <= 0:
            raise ValueError(f"timeout is {timeout} s; it must be more than 0")
        # Not with the package: who triggers over HTTP, and every worker, does without.
        from exosphere_orchestrator.producing.session import Session, read_run_settings

        settings = read_run_settings(redis_url)
        self._namespace = namespace
        self._sessions: PerLoop[Session] = PerLoop(lambda: Session(settings, timeout))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(namespace={self._namespace!r})"

    async def aclose(self) -> None:
        """Close the running loop's connections now instead of when the loop ends.

        What was started within the last 5 s is not started again then, should Redis lose it.
        """
        await self._sessions.aclose()

    async def trigger(
        self,
        graph_name: str,
        inputs: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
        start_delay: int = 0,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Start a run. Its id is the answer's `run_id`; the arguments and the answer are those of `StateManager.trigger`.

        Args:
            graph_name: name of the graph.
            inputs: replace the root's inputs of the same names, as literal text.
            store: overlays the defaults of the run's store.
            start_delay: ms before the root is ready. A state manager has to be up by then.
            idempotency_key: names this trigger within the graph, spelled as a name: whoever triggers with the same
                key and the same arguments, here or over HTTP, is given the same run, until that is removed. A fresh
                one when left out.

        Raises:
            NotFound: there is no such graph.
            InvalidGraph: the graph's newest version can't be run.
            BadRequest: a required store key is missing, a value is no text, or the idempotency key is not allowed.
            TooLarge: there are too many inputs or store keys, or they are too large.
            Conflict: the graph is paused, or the idempotency key was used with other arguments.
            Overloaded: there is too much to do already, and was until the timeout.
            Unavailable: Redis could not be reached until the timeout, or no state manager has begun on it yet.
            AuthenticationFailed: Redis refuses user or password.
            Forbidden: the user of Redis lacks a right.
        """
        key = self._checked(graph_name, idempotency_key)
        body = {"inputs": dict(inputs or {}), "store": dict(store or {}), "start_delay": start_delay}
        trace = "" if traces.installed is None else traces.read_traceparent(traces.installed.current())
        session = await self._sessions.get()
        return await session.trigger(self._namespace, graph_name, body, key, trace)

    async def trigger_many(
        self, graph_name: str, runs: Iterable[Mapping[str, Any]], idempotency_key: str | None = None
    ) -> list[str]:
        """Start any number of runs of a graph. Returns their ids, in order; all is as with `StateManager.trigger_many`.

        A thousand runs at a time are looked at before the first of them is started. After an error runs may be started: its
        text tells how many, and with which idempotency key the same runs are to be given again to start the others.

        Args:
            graph_name: name of the graph.
            runs: what each run is given: `inputs`, `store` and `start_delay` (ms), as for `trigger`, as far as it has
                them. Taken as they are needed, so that there may be more of them than memory holds.
            idempotency_key: names all of this within the graph: whoever gives the same runs in the same order with the
                same key, here or over HTTP, is given the same ids, until the runs are removed. A fresh one when left out.

        Raises:
            BadRequest: a run can't be made; the text names it by its place, counted from 0.
            ExosphereError: another subclass, as for `trigger`.
        """
        check_names({"graph_name": graph_name})
        key = token_hex(16) if idempotency_key is None else idempotency_key
        session = await self._sessions.get()

        async def ask(body: dict[str, Any], key: str) -> dict[str, Any]:
            return await session.trigger_many(self._namespace, graph_name, body, key)

        return (await trigger_many(ask, runs, key)).run_ids

    def _checked(self, graph_name: str, idempotency_key: str | None) -> str:
        """Look at the names that a trigger is about, and return its key."""
        key = token_hex(16) if idempotency_key is None else idempotency_key
        if error := name_error("idempotency_key", key):
            raise BadRequest(error)
        check_names({"graph_name": graph_name})
        return key
