"""A unite that settled may be looked at by two state managers at once."""

import asyncio
from typing import Any

import pytest

from engine.world import HOME, Lane, World, many, node, one
from exosphere_orchestrator.engine import joiner


def test_a_unite_that_two_state_managers_find_settled_at_once_fires_once(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One took the report over from the other, which stood still and goes on."""

    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a"))
        await world.trigger()
        await world.do("a", many("1"))
        await world.send(await world.take_one("b"), one())
        await world.consumer.apply(await world.reports())
        settled = await world.reports()
        barrier, read_unite = asyncio.Barrier(2), joiner.read_unite

        async def both(*arguments: Any) -> Any:
            found = await read_unite(*arguments)
            await barrier.wait()
            return found

        monkeypatch.setattr(joiner, "read_unite", both)
        managers = [world.consumer, world.another_state_manager()]
        for manager in managers:
            await manager.apply(settled)
        for manager in managers:
            await manager.settled()
        assert len(await world.states("u")) == 1
        assert (await world.run()).made["u"] == 1
        assert await world.redis.xlen(HOME.ready("U")) == 1
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)
