"""A backlog on a real server: the consumer works at two batches side by side, and stays as safe as with one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from redis.asyncio import Redis

from engine.test_consumer_recovery import consuming, play, tidy, until
from engine.world import HOME, World, node, one
from exosphere_core.ending import end
from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.engine.inputs import Limits

#: More than four batches.
RUNS = 1200


async def backlog(world: World) -> list[str]:
    """Runs of one node, all of which has been executed and nothing applied."""
    await world.graph(node("a"))
    runs = [await world.trigger() for _ in range(RUNS)]
    while taken := await world.take("a"):
        for held in taken:
            await world.send(held, one())
    return runs


async def all_ended(world: World, runs: list[str]) -> None:
    async def over() -> bool:
        return bool(await world.redis.zcard(HOME.ended) == len(runs))

    await until("all runs end", over)
    await tidy(world)
    for run in runs[:: RUNS // 20]:
        world.run_id = run
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()


class Watched(Consumer):
    """Notes how many batches were worked at side by side."""

    now = most = 0

    async def apply(self, entries: Sequence[Entry], limits: Limits | None = None) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await super().apply(entries, limits)
        self.now -= 1


def test_two_batches_of_a_backlog_are_worked_at_side_by_side(redis_url: str) -> None:
    async def scene(world: World) -> None:
        runs = await backlog(world)
        consumer = Watched(replace(world.context, url=redis_url), HOME, lambda *_: None)
        running = asyncio.create_task(consumer.run())
        await all_ended(world, runs)
        await end(running)
        assert consumer.most == 2
        assert world.context.counts["stale"] == 0, "no report was applied twice"

    play(redis_url, scene)


def test_a_backlog_is_applied_whole_although_connections_are_lost_again_and_again(redis_url: str) -> None:
    async def scene(world: World) -> None:
        runs = await backlog(world)
        theirs = World(Redis.from_url(redis_url))
        async with consuming(theirs, redis_url):
            for share in (1, 2, 3):

                async def so_far(share: int = share) -> bool:
                    return bool(await world.redis.zcard(HOME.ended) >= RUNS * share // 5)

                await until("a part is applied", so_far)
                await world.redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await all_ended(world, runs)
        await theirs.close()
        await theirs.redis.aclose()

    play(redis_url, scene)


def test_a_stop_in_the_midst_of_a_backlog_leaves_nothing_behind_and_others_do_the_rest(redis_url: str) -> None:
    async def scene(world: World) -> None:
        runs = await backlog(world)
        theirs = World(Redis.from_url(redis_url))
        leaving = Consumer(replace(theirs.context, url=redis_url), HOME, lambda *_: None)
        leaving.start()

        async def begun() -> bool:
            return bool(await world.redis.zcard(HOME.ended) > 0)

        await until("something is applied", begun)
        await leaving.stop(10.0)
        held = await world.redis.xpending_range(
            HOME.reports, STATE_MANAGERS_GROUP, "-", "+", 10, theirs.context.consumer
        )
        assert held == []
        assert theirs.context.counts["stale"] == 0
        await theirs.close()
        await theirs.redis.aclose()
        async with consuming(world, redis_url):
            await all_ended(world, runs)

    play(redis_url, scene)
