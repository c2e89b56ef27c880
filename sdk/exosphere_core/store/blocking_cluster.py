"""A client of a Redis Cluster for a thread without an event loop."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from redis import Redis
from redis.exceptions import ConnectionError, RedisError, ResponseError, TimeoutError

from exosphere_core.store.slots import Node, Topology, is_passing, read_redirect, read_topology, slot_of
from exosphere_core.store.wire import Command


class BlockingCluster:
    """Sends commands to the nodes that their keys belong to. It connects at the first command.

    Args:
        seeds: some nodes of the cluster.
        client_of: makes a client of one node.
    """

    def __init__(self, seeds: Sequence[Node], client_of: Callable[[Node], Redis]) -> None:
        self._seeds = list(seeds)
        self._client_of = client_of
        self._clients: dict[Node, Redis] = {}
        self._topology: Topology | None = None

    def send(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands and return one reply each, or the exception that came of it: a node that is down spoils its own only.

        Raises:
            redis.exceptions.ConnectionError: no node answers.
        """
        replies: list[Any] = [None] * len(commands)
        left = list(range(len(commands)))
        # Twice: a slot that was moved is looked for once; the next beat comes soon.
        for _ in range(2):
            topology = self._topology = self._topology or self._ask()
            parts: dict[Node | None, list[int]] = {}
            for index in left:
                slot = slot_of(commands[index])
                parts.setdefault(topology.all_masters[0] if slot is None else topology.masters[slot], []).append(index)
            left = []
            for node, indexes in parts.items():
                for index, reply in zip(indexes, self._part(node, [commands[i] for i in indexes]), strict=True):
                    replies[index] = reply
                    if isinstance(reply, Exception):
                        turned = isinstance(reply, ResponseError) and (
                            is_passing(reply) or (node and read_redirect(reply, node))
                        )
                        if turned or not isinstance(reply, ResponseError):
                            self._topology = None
                        if turned:
                            left.append(index)
                            replies[index] = ConnectionError(f"the cluster is being rearranged: {reply}")
            if not left:
                break
        return replies

    def drop_connections(self) -> None:
        """Connect anew at the next command."""
        for client in self._clients.values():
            client.connection_pool.disconnect()

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def _part(self, node: Node | None, commands: list[Command]) -> list[Any]:
        if node is None:
            return [ConnectionError("no node of the cluster has the slot")] * len(commands)
        try:
            return send_to(self._client(node), commands)
        except (RedisError, OSError) as lost:
            return [lost] * len(commands)

    def _client(self, node: Node) -> Redis:
        if node not in self._clients:
            self._clients[node] = self._client_of(node)
        return self._clients[node]

    def _ask(self) -> Topology:
        fault: Exception | None = None
        for node in dict.fromkeys((*self._clients, *self._seeds)):
            try:
                (reply,) = send_to(self._client(node), [("CLUSTER", "SLOTS")])
            except (ConnectionError, TimeoutError, OSError) as lost:
                fault = lost
                continue
            if isinstance(reply, Exception):
                raise reply
            topology = read_topology(reply, node)
            if topology.all_masters:
                return topology
        raise ConnectionError(f"no node of the cluster can be reached: {fault}") from fault


def drop_connections(client: "Redis | BlockingCluster") -> None:
    """Connect anew at the next command: the connections may be dead and not know it."""
    if isinstance(client, BlockingCluster):
        client.drop_connections()
    else:
        client.connection_pool.disconnect()


def send_to(client: "Redis", commands: Sequence[Command]) -> list[Any]:
    """Send commands to one server in one write, and return their replies as Redis gives them."""
    connection = cast(Any, client.connection_pool.get_connection())
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        replies: list[Any] = []
        for _ in commands:
            try:
                replies.append(connection.read_response())
            except ResponseError as refused:
                replies.append(refused)
        return replies
    except BaseException:
        connection.disconnect()
        raise
    finally:
        client.connection_pool.release(connection)
