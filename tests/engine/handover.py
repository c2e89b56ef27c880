"""A neighbour of the world's namespace: nodes of the world's graphs are registered there, and its runtimes execute them."""

from engine.world import HOME, World, node
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.store import handoff, streams
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.engine.courier import Courier
from exosphere_orchestrator.engine.reaper import Reaper
from exosphere_worker.held import Held, read_delivery
from exosphere_worker.outcome import Outcome

THERE = ShardKeys("other")


def foreign(identifier: str, *next_nodes: str, **inputs: str) -> dict[str, object]:
    """A node that is registered in the neighbour's namespace."""
    return {**node(identifier, next_nodes, **inputs), "namespace": THERE.namespace}


async def outbox(world: World) -> list[Entry]:
    """What waits to be handed over."""
    return await handoff.read_outbox(world.redis, HOME, "0", 1000, None)


async def hand_over(world: World) -> None:
    """A courier carries what waits."""
    courier = Courier(world.context, HOME)
    await courier.carry(await outbox(world))
    await courier.close()


async def take_there(world: World, identifier: str) -> list[Held]:
    """A runtime of the neighbour takes all that is ready of a node."""
    ready = THERE.ready(identifier.upper())
    return [
        read_delivery(entry) for entry in await streams.read_new(world.redis, RUNTIMES_GROUP, "w", [ready], 99, None)
    ]


async def take_one_there(world: World, identifier: str) -> Held:
    """A courier comes, and a runtime of the neighbour takes the one state that is ready of a node."""
    await hand_over(world)
    (held,) = await take_there(world, identifier)
    return held


async def forward(world: World) -> None:
    """A state manager looks through the neighbour's reports."""
    consumer = Consumer(world.context, THERE, lambda *_: None)
    while entries := await streams.read_new(
        world.redis, STATE_MANAGERS_GROUP, world.context.consumer, [THERE.reports], 99, None
    ):
        await consumer.apply(entries)
        await consumer.settled()
    await consumer.close()


async def report_there(world: World, held: Held, outcome: Outcome) -> None:
    """A runtime of the neighbour reports, and all that follows is applied."""
    await world.send(held, outcome)
    await forward(world)
    await world.drain()


async def reap_there(world: World, identifier: str = "b") -> None:
    """The neighbour's reaper finds every lease of a node lost that is pending now."""
    stream = THERE.ready(identifier.upper())
    pending = await streams.read_pending(world.redis, [stream], RUNTIMES_GROUP, 99)
    ids = [entry.id for entry in pending[stream]]
    await Reaper(world.context, THERE).reclaim(await streams.read_entries(world.redis, stream, ids))


async def check_tidy(world: World) -> None:
    """The run has ended with sound counters, and nothing is left of it in any queue."""
    await world.check_counts()
    for stream in (HOME.outbox, HOME.inbox, THERE.reports, THERE.ready("B")):
        assert await world.redis.xlen(stream) == 0, stream
