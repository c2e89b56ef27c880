"""Reports that are handed over by HTTP: atomic, fenced as any, and possible when Redis' memory is full."""

from typing import Any

import pytest
from redis.exceptions import OutOfMemoryError

from engine.world import HOME, Lane, World, node, one
from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store.handovers import HandOver, hand_over
from exosphere_worker.held import Held
from exosphere_worker.reporter import report_of


def handed_over(held: Held, outcome: Any) -> HandOver:
    kind, body = report_of(outcome)
    return HandOver(HOME, held.stream, held.entry, kind, held.task.home, held.state, held.attempt, body, "w", "7")


def test_a_report_ends_its_delivery_and_moves_its_state_once_however_often_it_is_handed_over(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        held = await world.take_one("a")
        for _ in range(2):
            await hand_over(world.redis, [handed_over(held, one(v="1"))])
        assert await world.redis.xlen(held.stream) == 0
        assert (await world.redis.xpending(held.stream, RUNTIMES_GROUP))["pending"] == 0
        await world.drain()
        assert world.context.counts["stale"] == 1
        done = await world.state("a")
        assert (done.worker, done.ran_ms) == ("w", 7)
        await world.do("b", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_it_works_when_memory_is_full_where_the_direct_way_does_not(redis_url: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        held = await world.take_one("a")
        await world.redis.script_flush()
        await world.redis.config_set("maxmemory", 1)
        try:
            with pytest.raises(OutOfMemoryError):
                await world.send(held, one())
            assert (await world.redis.xpending(held.stream, RUNTIMES_GROUP))["pending"] == 1
            for _ in range(2):
                await hand_over(world.redis, [handed_over(held, one())])
            assert await world.redis.xlen(HOME.reports) == 2
        finally:
            await world.redis.config_set("maxmemory", 0)
        await world.drain()
        assert (await world.run()).status == "SUCCESS"

    Lane("redis", redis_url).run(scene)
