"""Asking the nodes of a cluster who has which slot."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from exosphere_core.ending import end
from exosphere_core.errors import ConfigurationError
from exosphere_core.store import wire
from exosphere_core.store.slots import Node, Topology, read_topology

#: A node that has not answered after this time is silent, and another one is asked too, in s.
_SILENT_S: Final = 0.25


async def ask_slots(nodes: Sequence[Node], client_of: "Callable[[Node], Redis]") -> Topology:
    """Ask one node after the other. One that is silent is not waited for: it may be the reason for asking.

    Raises:
        redis.exceptions.ConnectionError: no node answers.
        redis.exceptions.ResponseError: one refuses us.
        ConfigurationError: one is in no cluster.
    """
    left = list(dict.fromkeys(nodes))
    asked: set[asyncio.Task[Topology]] = set()
    fault: Exception | None = None
    try:
        while left or asked:
            if left:
                node = left.pop(0)
                asked.add(asyncio.create_task(_ask(node, client_of(node))))
            done, asked = await asyncio.wait(
                asked, timeout=_SILENT_S if left else None, return_when=asyncio.FIRST_COMPLETED
            )
            for answered in done:
                try:
                    return answered.result()
                except (ConnectionError, TimeoutError, OSError) as lost:
                    fault = lost
    finally:
        await end(*asked)
    raise ConnectionError(f"no node of the cluster can be reached: {fault}") from fault


async def _ask(node: Node, client: "Redis") -> Topology:
    (reply,) = await wire.send(client, [("CLUSTER", "SLOTS")])
    if isinstance(reply, ResponseError):
        if "cluster support disabled" in str(reply):
            raise ConfigurationError(
                f"Redis at {node.host}:{node.port} is no cluster; write redis:// in place of redis+cluster://"
            )
        raise reply
    topology = read_topology(reply, node)
    if not topology.all_masters:
        raise ConnectionError(f"{node.host}:{node.port} knows of no slots")
    return topology
