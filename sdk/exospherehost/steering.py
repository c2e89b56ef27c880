"""What the client of the state manager does to a run: cancel it, retry what failed, run it again."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from exosphere_core import api
from exospherehost.caller import Caller


class Steering(Caller):
    """Cancels, retries and reruns."""

    async def cancel(self, run_id: str) -> dict[str, Any]:
        """Cancel a run and return it; what is pending of it is cancelled. Again changes nothing.

        Running nodes are told at the next heartbeat of their runtime. A run of very many pending states may
        still be PENDING in the answer; `wait` returns when it has ended.

        Raises:
            NotFound: there is no such run.
            Conflict: it has ended otherwise.
        """
        return await self._call(api.CANCEL_RUN, run_id=run_id)

    async def retry(self, state_id: str, fanout_id: str | None = None) -> dict[str, Any]:
        """Retry a state that failed, at once; its run goes on. The new state's id is the answer's `id`.

        Args:
            state_id: id of the state.
            fanout_id: tells this retry from others of the same state: each is made once, so that a call whose
                answer was lost can be made again. A new one when left out.

        Raises:
            NotFound: there is no such state.
            Conflict: it has not failed, this retry was made before, or its run was cancelled.
        """
        body = {"fanout_id": secrets.token_hex(16) if fanout_id is None else fanout_id}
        return await self._call(api.MANUAL_RETRY, body=body, state_id=state_id)

    async def retry_run(self, run_id: str) -> dict[str, Any]:
        """Retry every state of a run that failed.

        The answer's `retried` gives for each such state the id of the new one; `refused` says of the others
        why they stay as they are.

        Raises:
            NotFound: there is no such run.
            Conflict: it was cancelled, none of its states has failed, or none can be retried.
        """
        return await self._call(api.RETRY_RUN, run_id=run_id)

    async def retry_runs(
        self,
        graph_name: str | None = None,
        status: str = "FAILED",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> dict[str, Any]:
        """Retry every state that failed, of all runs that are meant, in the background. `get_bulk_retry` tells the rest.

        Args:
            graph_name: only runs of this graph.
            status: only runs in this status: FAILED, PENDING or SUCCESS.
            created_after: only runs created then or later; a time with its zone.
            created_before: only runs created then or earlier.

        Raises:
            Overloaded: too many of these are under way.
        """
        body: dict[str, Any] = {"graph_name": graph_name, "status": status}
        for name, moment in (("created_after", created_after), ("created_before", created_before)):
            body[name] = None if moment is None else moment.isoformat()
        return await self._call(api.RETRY_RUNS, body=body)

    async def get_bulk_retry(self, bulk_id: str, cursor: str | None = None, limit: int = 100) -> dict[str, Any]:
        """Return how far a retry of many runs has come, and a page of what came of each run. Raises NotFound."""
        query: dict[str, str | int] = {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}
        return await self._call(api.GET_BULK_RETRY, query=query, bulk_id=bulk_id)

    async def rerun(
        self,
        run_id: str,
        identifier: str | None = None,
        state_id: str | None = None,
        inputs: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make a new run of the same version that takes over what lies before a node. Its id is the answer's `run_id`.

        Args:
            run_id: id of the earlier run, which stays as it is.
            identifier: the node where the new run begins: each of its states is executed anew.
            state_id: the one state where it begins, in place of `identifier`; with neither it begins at the root.
            inputs: replace inputs of the same names there, as literal text.
            store: overlays the earlier run's store.

        Raises:
            NotFound: there is no such run, or it has no such state.
            BadRequest: the graph has no such node or input, or a value is no text.
            Conflict: its graph was deleted.
        """
        body = {
            "identifier": identifier,
            "state_id": state_id,
            "inputs": dict(inputs or {}),
            "store": dict(store or {}),
        }
        return await self._call(api.RERUN, body=body, run_id=run_id)
