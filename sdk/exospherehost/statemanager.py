"""The client of the state manager: declares graphs, triggers runs, looks at them and steers them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from secrets import token_hex
from time import monotonic
from typing import Any, Final

from pydantic import BaseModel

from exosphere_core import api
from exosphere_core.errors import BadRequest, InvalidGraph, TimedOut
from exosphere_core.many_triggers import trigger_many
from exosphere_core.names import name_error
from exosphere_core.states import RunStatus
from exospherehost.models import CronTrigger, GraphNodeModel, RetryPolicyModel, StoreConfigModel
from exospherehost.pausing import Pausing
from exospherehost.run_logs import RunLogs
from exospherehost.scheduling import Scheduling
from exospherehost.steering import Steering
from exospherehost.watching import Watching

_UNDECIDED: Final = ("PENDING", "ONGOING")

#: How long one long poll is held open, in seconds.
_POLL_S: Final = 30.0

#: How much longer than the poll itself its call may take, in seconds: repeats after a lost connection.
_POLL_GRACE_S: Final = 30.0


class StateManager(Steering, Scheduling, Pausing, Watching, RunLogs):
    """Calls the state manager on behalf of one namespace. All answers are dicts, as in the HTTP API.

    One instance may be used from several event loops, one after another or at once;
    each loop's connections are closed when that loop ends.

    Args:
        namespace: whose graphs and runs are meant.
        state_manager_uri: address such as `http://localhost:8000`; `EXOSPHERE_STATE_MANAGER_URI` when left out.
        key: API key; `EXOSPHERE_API_KEY` when left out.
        state_manager_version: version of the HTTP API; there is `v0`.

    Raises:
        ValueError: names what is missing or out of range.
    """

    async def upsert_graph(
        self,
        graph_name: str,
        graph_nodes: Sequence[GraphNodeModel | Mapping[str, Any]],
        secrets: Mapping[str, str],
        retry_policy: RetryPolicyModel | Mapping[str, Any] | None = None,
        store_config: StoreConfigModel | Mapping[str, Any] | None = None,
        triggers: Sequence[CronTrigger | Mapping[str, Any]] | None = None,
        validation_timeout: float = 60,
        polling_interval: float = 1,
    ) -> dict[str, Any]:
        """Create a graph, or a new version of it, and wait until it was validated.

        Args:
            graph_name: name of the graph.
            graph_nodes: its nodes, as models or in their JSON form.
            secrets: name → value, for all nodes of the graph.
            retry_policy: when failed states are tried again.
            store_config: the store of its runs.
            triggers: when it is triggered by itself; the JSON form is `{"type": "CRON", "value": {…}}`.
            validation_timeout: how long to wait for the end of the validation, in seconds.
            polling_interval: how often to ask for it meanwhile, in seconds.

        Returns:
            The valid graph.

        Raises:
            InvalidGraph: `errors` lists everything wrong with the graph.
            TimedOut: the validation takes longer than the timeout; it goes on.
            ValueError: the timeout or the interval is out of range.
            ExosphereError: another subclass, when a call failed.
        """
        if validation_timeout < 0:
            raise ValueError(f"validation_timeout is {validation_timeout} s; it must be 0 or more")
        if polling_interval <= 0:
            raise ValueError(f"polling_interval is {polling_interval} s; it must be more than 0")
        body: dict[str, Any] = {"secrets": dict(secrets), "nodes": [_plain(node) for node in graph_nodes]}
        if retry_policy is not None:
            body["retry_policy"] = _plain(retry_policy)
        if store_config is not None:
            body["store_config"] = _plain(store_config)
        if triggers is not None:
            body["triggers"] = [_trigger(trigger) for trigger in triggers]
        graph = await self._call(api.UPSERT_GRAPH, body=body, graph_name=graph_name)
        deadline = monotonic() + validation_timeout
        while graph["validation_status"] in _UNDECIDED:
            left = deadline - monotonic()
            if left <= 0:
                raise TimedOut(
                    f"graph {graph_name!r} is still {graph['validation_status']} after {validation_timeout:g} s "
                    "of validation; give a longer validation_timeout, or ask get_graph later"
                )
            await asyncio.sleep(min(polling_interval, left))
            graph = await self.get_graph(graph_name)
        if graph["validation_status"] == "INVALID":
            errors = [str(error) for error in graph["validation_errors"]]
            raise InvalidGraph(f"graph {graph_name!r} is invalid: " + "; ".join(errors), errors)
        return graph

    async def get_graph(self, graph_name: str) -> dict[str, Any]:
        """Return a graph's newest version. Raises NotFound."""
        return await self._call(api.GET_GRAPH, graph_name=graph_name)

    async def versions(self, graph_name: str, before: int | None = None, limit: int = 20) -> dict[str, Any]:
        """Return a page of a graph's versions, newest first: those below `before`. Raises NotFound."""
        query = {"limit": limit} if before is None else {"limit": limit, "before": before}
        return await self._call(api.LIST_VERSIONS, query=query, graph_name=graph_name)

    async def delete_graph(self, graph_name: str, force: bool = False) -> dict[str, Any]:
        """Delete a graph with its schedules; records of its runs stay until their retention time is over.

        Args:
            graph_name: name of the graph.
            force: cancel its pending runs.

        Raises:
            NotFound: there is no such graph.
            Conflict: it has pending runs, and `force` was not given.
        """
        return await self._call(api.DELETE_GRAPH, query={"force": str(force).lower()}, graph_name=graph_name)

    async def trigger(
        self,
        graph_name: str,
        inputs: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
        start_delay: int = 0,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Start a run. Its id is the answer's `run_id`.

        A try whose answer was lost is repeated within the timeout, and starts no second run.

        Args:
            graph_name: name of the graph.
            inputs: replace the root's inputs of the same names, as literal text.
            store: overlays the defaults of the run's store.
            start_delay: ms before the root is ready.
            idempotency_key: names this trigger within the graph, spelled as a name: whoever triggers with the same
                key and the same arguments is given the same run, until that is removed. A fresh one when left out.

        Raises:
            NotFound: there is no such graph.
            InvalidGraph: the graph's newest version can't be run.
            BadRequest: a required store key is missing, a value is no text, or the idempotency key is not allowed.
            Conflict: the idempotency key was used with other arguments.
        """
        key = token_hex(16) if idempotency_key is None else idempotency_key
        # Not every text can be sent as a header.
        if error := name_error("idempotency_key", key):
            raise BadRequest(error)
        body = {"inputs": dict(inputs or {}), "store": dict(store or {}), "start_delay": start_delay}
        return await self._call(api.TRIGGER, body=body, idempotency_key=key, graph_name=graph_name)

    async def trigger_many(
        self, graph_name: str, runs: Iterable[Mapping[str, Any]], idempotency_key: str | None = None
    ) -> list[str]:
        """Start any number of runs of a graph, a thousand by one call. Returns their ids, in order.

        All runs of a call are looked at before the first of them is started. A call whose answer was lost is repeated
        within the timeout, and starts no run twice. After an error runs may be started: its text tells how many, and
        with which idempotency key the same runs are to be given again to start the others.

        Args:
            graph_name: name of the graph.
            runs: what each run is given: `inputs`, `store` and `start_delay` (ms), as for `trigger`, as far as it has
                them. Taken as they are needed, so that there may be more of them than memory holds.
            idempotency_key: names all of this within the graph: whoever gives the same runs in the same order with the
                same key is given the same ids, until the runs are removed. A fresh one when left out.

        Raises:
            NotFound: there is no such graph.
            InvalidGraph: the graph's newest version can't be run.
            BadRequest: a run can't be made; the text names it by its place, counted from 0.
            Conflict: the graph is paused, or the idempotency key was used with other runs.
        """
        key = token_hex(16) if idempotency_key is None else idempotency_key

        async def ask(body: dict[str, Any], key: str) -> dict[str, Any]:
            return await self._call(api.TRIGGER_MANY, body=body, idempotency_key=key, graph_name=graph_name)

        return (await trigger_many(ask, runs, key)).run_ids

    async def wait(self, run_id: str, timeout: float | None = None) -> dict[str, Any]:
        """Return a run when it has ended, whatever its status.

        Args:
            run_id: id of the run.
            timeout: how long to wait, in seconds; None for as long as it takes.

        Raises:
            NotFound: there is no such run.
            TimedOut: the run has not ended within the timeout; it goes on.
        """
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            poll_s = _POLL_S if deadline is None else min(_POLL_S, max(0.0, deadline - monotonic()))
            run = await self._call(
                api.WAIT_RUN,
                query={"timeout_ms": ceil(poll_s * 1000)},
                timeout_s=poll_s + _POLL_GRACE_S,
                run_id=run_id,
            )
            if run["status"] != RunStatus.PENDING:
                return run
            if deadline is not None and monotonic() >= deadline:
                raise TimedOut(
                    f"run {run_id} of graph {run['graph_name']!r} has not ended after {timeout:g} s: "
                    f"{run['pending_count']} of {run['total_count']} states are pending"
                )

    async def run(
        self,
        graph_name: str,
        inputs: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
        start_delay: int = 0,
        timeout: float | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Start a run and return it when it has ended, whatever its status: `trigger`, then `wait`."""
        accepted = await self.trigger(graph_name, inputs, store, start_delay, idempotency_key)
        return await self.wait(accepted["run_id"], timeout)

    async def get_run(self, run_id: str) -> dict[str, Any]:
        """Return a run as it is now, with the progress of each of its nodes. Raises NotFound."""
        return await self._call(api.GET_RUN, run_id=run_id)

    async def list_runs(self, page: int = 1, size: int = 20) -> dict[str, Any]:
        """Return a page of the namespace's runs, newest first; pages count from 1."""
        return await self._call(api.LIST_RUNS, page=page, size=size)

    async def get_state(self, graph_name: str, run_id: str, state_id: str) -> dict[str, Any]:
        """Return one state of a run: inputs, outputs, error, parents. Raises NotFound."""
        return await self._call(api.GET_STATE, graph_name=graph_name, run_id=run_id, state_id=state_id)


def _plain(value: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_none=True) if isinstance(value, BaseModel) else dict(value)


def _trigger(trigger: CronTrigger | Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "CRON", "value": _plain(trigger)} if isinstance(trigger, CronTrigger) else dict(trigger)
