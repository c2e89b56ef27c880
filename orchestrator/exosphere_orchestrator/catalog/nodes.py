"""Registering nodes."""

from collections.abc import Sequence

from exosphere_core.api import NodeBody
from exosphere_core.errors import BadRequest
from exosphere_core.graph.registry import NodeContract
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.names import name_error
from exosphere_core.store import catalog, pauses
from exosphere_core.store.catalog import NodeRecord
from exosphere_core.store.connection import Redis
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.several import ask_those_there
from exosphere_orchestrator.catalog import queue_pauses


def contract_of(node: NodeRecord) -> NodeContract:
    """What a registered node takes and gives."""
    return NodeContract.of(node.inputs_schema, node.outputs_schema, node.secrets)


async def register(redis: Redis, namespace: str, runtime_name: str, nodes: Sequence[NodeBody], shards: int) -> None:
    """Register a runtime's nodes and make their queues.

    A shard whose master is away holds nobody up: a runtime that misses a queue there registers again.

    Raises:
        BadRequest: a name is not allowed; all errors at once.
    """
    errors = [name_error("runtime_name", runtime_name)]
    for node in nodes:
        errors.append(name_error("node name", node.name))
        errors += [name_error(f"node {node.name!r}: secret", secret) for secret in node.secrets]
    if found := [error for error in errors if error]:
        raise BadRequest("; ".join(found))
    now = await catalog.now_ms(redis)
    records = [
        NodeRecord(
            name=node.name,
            runtime_name=runtime_name,
            inputs_schema=node.inputs_schema,
            outputs_schema=node.outputs_schema,
            secrets=tuple(node.secrets),
            created_at=now,
            updated_at=now,
        )
        for node in nodes
    ]
    await catalog.save_nodes(redis, namespace, records)
    if nodes:
        names = [node.name for node in nodes]
        paused = await queue_pauses.noted(redis, namespace)
        await _open(redis, namespace, names, shards, paused)
        if await queue_pauses.noted(redis, namespace) != paused:
            # A queue was paused or resumed in between: what was noted before must not have the last word.
            await queue_pauses.follow(redis, namespace, names, shards)


async def _open(redis: Redis, namespace: str, nodes: Sequence[str], shards: int, paused: frozenset[str]) -> None:
    """Make the queues of nodes where they are missing; those that are paused are made so."""

    async def step(home: ShardKeys) -> None:
        await ensure_groups(redis, [home.ready(node) for node in nodes], RUNTIMES_GROUP)
        await pauses.follow(redis, home, nodes, paused)

    await ask_those_there(step(ShardKeys(namespace, shard)) for shard in range(shards))
