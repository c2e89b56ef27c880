"""What the client of the state manager reads of what nodes write while they run."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from exosphere_core.errors import BadRequest
from exosphere_core.names import name_error
from exosphere_core.run_lines import follow_lines, list_lines
from exospherehost.caller import Caller


class RunLogs(Caller):
    """Reads lines of `self.logger` and `self.emit`."""

    async def logs(
        self,
        run_id: str,
        follow: bool = False,
        state_id: str | None = None,
        identifier: str | None = None,
        level: str | None = None,
        kind: str | Sequence[str] | None = None,
        after: str = "",
        patience_s: float = 60.0,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Give what the nodes of a run wrote by `self.logger` and `self.emit`: `async for line in manager.logs(…)`.

        In the order in which the lines came in. Where lines are kept no more, a line of kind `dropped` says how many.

        Args:
            run_id: id of the run.
            follow: go on with each line as it comes in, until the run has ended. A lost connection is made again.
            state_id: only lines of this state; the beginning of its id is enough.
            identifier: only lines of this node of the graph.
            level: only lines as grave as this, or graver: DEBUG, INFO, WARNING, ERROR, CRITICAL.
            kind: only lines of this kind, or one of these: log, progress, dropped.
            after: id of a line: those that followed on it are given.
            patience_s: how long the state manager may be away while it is followed, in s.

        Raises:
            NotFound: there is no such run.
            BadRequest: a filter is not allowed.
            Unavailable: the state manager is away for longer.
        """
        if error := name_error("run_id", run_id):
            raise BadRequest(error)
        asked = {"state_id": state_id, "identifier": identifier, "level": level, "kind": kind}
        query = {name: value for name, value in asked.items() if value is not None}
        client = await self._clients.get()
        found = (
            follow_lines(client, self._namespace, run_id, query, after, patience_s)
            if follow
            else list_lines(client, self._namespace, run_id, query, after)
        )
        async with aclosing(found) as lines:
            async for line in lines:
                yield line
