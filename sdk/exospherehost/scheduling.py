"""What the client of the state manager does with cron schedules."""

from typing import Any

from exosphere_core import api
from exospherehost.caller import Caller


class Scheduling(Caller):
    """Looks at the schedules of graphs, pauses, resumes and fires them."""

    async def schedules(self) -> dict[str, Any]:
        """Return the cron schedules of all graphs: when each is due next, whether it is paused, its last firing."""
        return await self._call(api.LIST_SCHEDULES)

    async def firings(self, graph_name: str) -> dict[str, Any]:
        """Return what came of the newest firings of a graph's schedules, newest first. Raises NotFound."""
        return await self._call(api.LIST_FIRINGS, graph_name=graph_name)

    async def pause_schedule(self, graph_name: str, index: int = 0) -> dict[str, Any]:
        """Pause a schedule; `index` is its trigger's place in the graph, counted from 0. Raises NotFound."""
        return await self._call(api.PAUSE_SCHEDULE, graph_name=graph_name, index=index)

    async def resume_schedule(self, graph_name: str, index: int = 0) -> dict[str, Any]:
        """Resume a paused schedule; what was due meanwhile does not fire. Raises NotFound."""
        return await self._call(api.RESUME_SCHEDULE, graph_name=graph_name, index=index)

    async def run_schedule(self, graph_name: str, index: int = 0) -> dict[str, Any]:
        """Fire a schedule at once, paused or not, and return the firing with its `run_id`.

        Raises:
            NotFound: there is no such graph, or it has no such trigger.
            BadRequest: the graph can't be triggered; that is among its firings too.
        """
        return await self._call(api.RUN_SCHEDULE, graph_name=graph_name, index=index)
