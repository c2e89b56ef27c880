"""A client of a Redis Cluster: knows who has which slot, follows redirections, and never sends a command twice that may
have been executed."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import Pipeline, PubSub
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from exosphere_core.store import wire
from exosphere_core.store.ask_slots import ask_slots
from exosphere_core.store.several import ask_those_there
from exosphere_core.store.slots import (
    Node,
    Redirect,
    Topology,
    is_passing,
    read_redirect,
    slot_of,
    slot_of_key,
)
from exosphere_core.store.wire import Command

#: How often a command is sent that no server has executed: the pauses in between add up to about 3 s.
_TRIES: Final = 8

_PAUSE_S: Final = 0.025

#: Commands that every master has to execute.
_ON_ALL_MASTERS: Final = frozenset({"SCRIPT", "FLUSHALL", "FLUSHDB"})


_AWAY: Final = (ConnectionError, TimeoutError, OSError)


class ClusterClient(Redis):
    """Has the face of a client of one server: commands, pipelines and transactions find their nodes by their keys.

    Args:
        seeds: some nodes of the cluster.
        client_of: makes a client of one node.
    """

    def __init__(self, seeds: Sequence[Node], client_of: Callable[[Node], Redis]) -> None:
        super().__init__()
        self._seeds = list(seeds)
        self._client_of = client_of
        self._clients: dict[Node, Redis] = {}
        self._topology: Topology | None = None
        #: Nodes that did not answer the last time.
        self._silent: set[Node] = set()
        self._refreshing = asyncio.Lock()
        self.connection_pool = _NodePools(self._clients)

    async def burst(self, commands: Sequence[Command], wait_s: float = 0.0) -> list[Any]:
        """See `burst.burst`."""
        replies: list[Any] = [None] * len(commands)
        left = [(index, slot_of(command)) for index, command in enumerate(commands)]
        asked: dict[int, Node] = {}
        for attempt in range(_TRIES):
            topology = await self._known()
            parts: dict[Node, list[int]] = {}
            for index, slot in left:
                node = asked.get(index) or self._owner(topology, slot)
                parts.setdefault(node, []).append(index)
            again: dict[int, Exception] = {}
            answers = await asyncio.gather(
                *(
                    self._part(node, [(commands[index], index in asked) for index in indexes], wait_s)
                    for node, indexes in parts.items()
                ),
                return_exceptions=True,
            )
            for node, answer in zip(parts, answers, strict=True):
                if isinstance(answer, BaseException):
                    self._lost(node)
                    raise answer
            asked = {}
            for (node, indexes), answer in zip(parts.items(), answers, strict=True):
                assert not isinstance(answer, BaseException)
                for index, reply in zip(indexes, answer, strict=True):
                    if not isinstance(reply, ResponseError):
                        replies[index] = reply
                    elif redirect := read_redirect(reply, node):
                        again[index] = reply
                        self._note(redirect, index, asked)
                    elif is_passing(reply):
                        again[index] = reply
                    else:
                        replies[index] = reply
            if not again:
                return replies
            left = [(index, slot_of(commands[index])) for index in again]
            await self._pause(attempt, again.values())
        raise ConnectionError(f"the cluster is being rearranged: {next(iter(again.values()))}")

    async def whole(self, commands: Sequence[Command]) -> list[Any]:
        """Send a transaction, from MULTI to EXEC, to the node that its first key belongs to.

        Raises:
            redis.exceptions.ConnectionError, TimeoutError: nothing is known.
        """
        slot = next((slot for command in commands if (slot := slot_of(command)) is not None), None)
        asked: dict[int, Node] = {}
        for attempt in range(_TRIES):
            topology = await self._known()
            node = asked.get(0) or self._owner(topology, slot)
            before: list[Command] = [("ASKING",)] if asked else []
            try:
                replies = (await wire.send(self.node(node), [*before, *commands]))[len(before) :]
            except _AWAY:
                self._lost(node)
                raise
            self._silent.discard(node)
            asked = {}
            # EXEC refuses all when one was refused as it was queued.
            turned = [
                reply
                for reply in replies
                if isinstance(reply, ResponseError) and (read_redirect(reply, node) or is_passing(reply))
            ]
            if not turned:
                return replies
            if redirect := read_redirect(turned[0], node):
                self._note(redirect, 0, asked)
            await self._pause(attempt, turned)
        raise ConnectionError(f"the cluster is being rearranged: {turned[0]}")

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Execute one command, as the driver's methods do."""
        words: Command = (*str(args[0]).split(), *args[1:])
        if words[0] in _ON_ALL_MASTERS:
            reply = await self._on_all_masters(words)
        else:
            (reply,) = await self.burst([words])
        return self.parsed(args[0], reply, options)

    async def _on_all_masters(self, words: Command) -> Any:
        nodes = (await self._known()).all_masters
        if loading := words[0] == "SCRIPT":
            # A master that is away while a script is loaded says later that it does not know it.
            nodes = [node for node in nodes if node not in self._silent] or nodes
        parts = [self._part(node, [(words, False)], 0.0) for node in nodes]
        answers = (await ask_those_there(parts))[0] if loading else await asyncio.gather(*parts)
        replies = [reply for answer in answers for reply in answer]
        return next((reply for reply in replies if isinstance(reply, ResponseError)), replies[0])

    def parsed(self, name: Any, reply: Any, options: Mapping[str, Any]) -> Any:
        """Read a reply as the driver does.

        Raises:
            redis.exceptions.ResponseError: it is one.
        """
        if isinstance(reply, ResponseError):
            raise reply
        read = self.response_callbacks.get(name)
        # The keys are for the driver's cache only.
        return read(reply, **{key: value for key, value in options.items() if key != "keys"}) if read else reply

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Return a pipeline; a transaction's keys are of one slot."""
        return _ClusterPipeline(self, transaction)

    def pubsub(self, **options: Any) -> PubSub:
        """Return a listener at any of the nodes: a cluster passes messages on to all."""
        nodes = list(self._topology.nodes if self._topology else self._seeds)
        return self.node(random.choice([node for node in nodes if node not in self._silent] or nodes)).pubsub(**options)

    async def masters(self) -> list[Redis]:
        """Return clients of all masters."""
        return [self.node(node) for node in (await self._known()).all_masters]

    async def nodes(self) -> list[Redis]:
        """Return clients of all servers, replicas too: those that the cluster tells of now. A new one changes nothing for anybody else."""
        self._topology = None
        return [self.node(node) for node in (await self._known()).nodes]

    async def client_for(self, key: str) -> Redis:
        """Return a client of the master that has a key now. It follows no redirection."""
        return self.node(self._owner(await self._known(), slot_of_key(key)))

    def node(self, node: Node) -> Redis:
        """Return the client of one node."""
        if node not in self._clients:
            self._clients[node] = self._client_of(node)
        return self._clients[node]

    def _owner(self, topology: Topology, slot: int | None) -> Node:
        if slot is None:
            masters = topology.all_masters
            return random.choice([node for node in masters if node not in self._silent] or masters)
        node = topology.masters[slot]
        if node is None:
            self._topology = None
            raise ConnectionError(f"no node of the cluster has slot {slot}")
        return node

    async def _part(self, node: Node, commands: Sequence[tuple[Command, bool]], wait_s: float) -> list[Any]:
        """Send one node what it is to execute; the flag tells that it was named by another one for this time."""
        sent: list[Command] = []
        for command, asking in commands:
            if asking:
                sent.append(("ASKING",))
            sent.append(command)
        replies = await wire.send(self.node(node), sent, wait_s)
        self._silent.discard(node)
        return [reply for command, reply in zip(sent, replies, strict=True) if command != ("ASKING",)]

    def _lost(self, node: Node) -> None:
        self._silent.add(node)
        self._topology = None

    def _note(self, redirect: Redirect, index: int, asked: dict[int, Node]) -> None:
        if redirect.moved:
            self._topology = None
        else:
            asked[index] = redirect.node

    async def _pause(self, attempt: int, reasons: Any) -> None:
        """A redirection is followed at once, the first time."""
        passing = any(is_passing(reason) for reason in reasons)
        if any(str(reason).startswith("CLUSTERDOWN") for reason in reasons):
            self._topology = None
        if attempt or passing:
            await asyncio.sleep(_PAUSE_S * 2**attempt)

    async def _known(self) -> Topology:
        """Return who has which slot, asked anew when something hinted that it has changed.

        Raises:
            redis.exceptions.ConnectionError: no node answers.
        """
        if self._topology is not None:
            return self._topology
        async with self._refreshing:
            topology = self._topology
            if topology is None:
                known = list(self._clients)
                random.shuffle(known)
                topology = self._topology = await ask_slots([*known, *self._seeds], self.node)
                for node in self._clients.keys() - {*topology.nodes}:
                    # What is under way there goes on; nothing new is sent.
                    await self._clients.pop(node).connection_pool.disconnect(inuse_connections=False)
            return topology


class _NodePools(ConnectionPool):
    """Stands for the pools of all nodes."""

    def __init__(self, clients: dict[Node, Redis]) -> None:
        super().__init__()
        self._clients = clients

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Disconnect from every node."""
        for client in list(self._clients.values()):
            await client.connection_pool.disconnect(inuse_connections)


class _ClusterPipeline(Pipeline):
    """Sends what it collected as a burst, or as a transaction. Between WATCH and EXEC it speaks to the key's node."""

    def __init__(self, cluster: ClusterClient, transaction: bool) -> None:
        super().__init__(cluster.connection_pool, cluster.response_callbacks, transaction, None)
        self._cluster = cluster

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """Execute one command at once, as WATCH and what follows it are; the keys are of one slot."""
        if self.connection is None:
            self.connection_pool = (await self._cluster.client_for(args[1])).connection_pool
        execute: Any = super().immediate_execute_command
        return await execute(*args, **options)

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Execute what was collected."""
        if self.watching or self.explicit_transaction:
            return await super().execute(raise_on_error)
        stack, self.command_stack = self.command_stack, []
        commands: list[Command] = [(*str(args[0]).split(), *args[1:]) for args, _ in stack]
        if not commands:
            return []
        replies: list[Any]
        if self.is_transaction:
            *queued, executed = await self._cluster.whole([("MULTI",), *commands, ("EXEC",)])
            if isinstance(executed, ResponseError):
                raise next((reply for reply in queued if isinstance(reply, ResponseError)), executed)
            replies = executed
        else:
            replies = await self._cluster.burst(commands)
        found: list[Any] = []
        for (args, options), reply in zip(stack, replies, strict=True):
            if isinstance(reply, ResponseError) and not raise_on_error:
                found.append(reply)
            else:
                found.append(self._cluster.parsed(args[0], reply, options))
        return found
