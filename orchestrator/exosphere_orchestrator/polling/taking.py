"""Takes ready states for clients that poll.

In two steps, so that nothing is held for long that nobody knows of: what is read is first with this process, under the lease
that runtimes have, and passes to the client's long lease when it is known here. What a lost reply or a killed process leaves
behind in between is ready again soon.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import HTTP_HOLDER, HTTP_TAKER, RUNTIMES_GROUP, ShardKeys, shard_keys
from exosphere_core.records import Task, TextMap, decode_text_map
from exosphere_core.states import Status
from exosphere_core.store import polled
from exosphere_core.store.calls import recorded
from exosphere_core.store.corrupt import Unreadable
from exosphere_core.store.deliveries import read_delivery
from exosphere_core.store.faults import LOST
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.dead_letters import put_aside
from exosphere_orchestrator.engine.portion import Portion

#: The most states that one script takes: others wait while Redis works at it, 10 to 30 us a state.
_PER_SCRIPT = 200

#: An answer gets no more states when its inputs have come to so many bytes.
_MOST_BYTES = 16 * 1024 * 1024


class Taken(NamedTuple):
    """A state that a client has now."""

    entry: Entry
    state: str
    attempt: str
    task: Task
    inputs: TextMap
    #: Unix ms; 0 until its record was read.
    created_at: int = 0


async def take(context: EngineContext, namespace: str, nodes: Sequence[str], shards: int, most: int) -> list[Taken]:
    """Take up to `most` ready states of these nodes, from all shards; nobody waits for any.

    A shard whose master is away holds the others up no longer than its silence takes to be noticed.

    Raises:
        exosphere_core.store.faults.LOST: no shard gave any, and one could not be asked.
    """
    # What is taken is not to be taken once more, should Redis lose it: nobody would know of it.
    with recorded():
        return await _take(context, namespace, list(dict.fromkeys(nodes)), shards, most)


async def _take(context: EngineContext, namespace: str, nodes: list[str], shards: int, most: int) -> list[Taken]:
    taken: list[Taken] = []
    away: Exception | None = None
    size = 0
    # In another order each time, so that no node and no shard starves.
    for shard in random.sample(range(shards), shards):
        queue = shard_keys(namespace, shard)
        queues = {queue.ready(node): node for node in random.sample(nodes, len(nodes))}
        portion = Portion(min(most, _PER_SCRIPT))
        while queues and len(taken) < most and size < _MOST_BYTES:
            asked = min(most - len(taken), portion.count)
            try:
                entries = await polled.take(context.redis, list(queues), HTTP_TAKER + context.consumer, asked)
                portion.note(entries)
                size += sum(len(value) for entry in entries for value in entry.fields.values())
                taken += await _held(context, await _read(context, queue, queues, entries))
            except LOST as fault:
                logger.warning("states of %s:%d can't be taken for a client: %s", namespace, shard, fault)
                away = fault
                break
            if len(entries) < asked:
                break
    if away is not None and not taken:
        raise away
    return taken


async def _read(
    context: EngineContext, queue: ShardKeys, nodes: dict[str, str], entries: Sequence[Entry]
) -> list[Taken]:
    """Make sense of entries; those that are no deliveries are put aside."""
    found = []
    for entry in entries:
        try:
            state, attempt, task, inputs = read_delivery(entry.fields)
            if (task.namespace, task.node) != (queue.namespace, nodes[entry.stream]):
                raise ValueError(f"it is of node {task.node[:60]!r} of namespace {task.namespace[:60]!r}")
            found.append(Taken(entry, state, attempt, task, decode_text_map(inputs)))
        except (ValueError, RecursionError) as bad:
            await put_aside(context, queue, RUNTIMES_GROUP, entry, f"it is no delivery of a state: {bad}")
    return found


async def _held(context: EngineContext, read: Sequence[Taken]) -> list[Taken]:
    """Give to the client what is still to be executed. The rest stays where it is, and the reaper sees to it."""
    unreadable: Unreadable = {}
    places = [(shard_keys(each.task.home, shard_of_ours(each.state)), each.state) for each in read]
    standings = await polled.read_standings(context.redis, places, unreadable)
    for state, bad in unreadable.items():
        logger.error("state %s is not given to a client: %s", state, bad.detail, extra={"state_id": state})
    current = {
        each.entry.place: each._replace(created_at=standing.created_at)
        for each, standing in zip(read, standings, strict=True)
        if standing and (standing.status, standing.attempt) == (Status.CREATED, each.attempt)
    }
    entries = [each.entry for each in current.values()]
    kept = await polled.hold(context.redis, entries, HTTP_HOLDER + context.consumer)
    return [current[entry.place] for entry in kept]
