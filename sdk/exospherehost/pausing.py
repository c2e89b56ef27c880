"""What the client of the state manager does to keep runs and states from beginning."""

from typing import Any

from exosphere_core import api
from exospherehost.caller import Caller


class Pausing(Caller):
    """Pauses and resumes graphs and queues. Each call may be repeated."""

    async def pause_graph(self, graph_name: str) -> dict[str, Any]:
        """Let no run of a graph begin until it is resumed, and return the graph. Raises NotFound."""
        return await self._call(api.PAUSE_GRAPH, graph_name=graph_name)

    async def resume_graph(self, graph_name: str) -> dict[str, Any]:
        """Resume a paused graph, and return it. Raises NotFound."""
        return await self._call(api.RESUME_GRAPH, graph_name=graph_name)

    async def pause_queue(self, node_name: str) -> dict[str, Any]:
        """Have no state of a node of this namespace handed out until it is resumed. Raises NotFound."""
        return await self._call(api.PAUSE_QUEUE, node_name=node_name)

    async def resume_queue(self, node_name: str) -> dict[str, Any]:
        """Have the states of a node handed out again. Raises NotFound."""
        return await self._call(api.RESUME_QUEUE, node_name=node_name)
