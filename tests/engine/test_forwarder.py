"""Reports that come through another namespace's report stream are forwarded home, whatever breaks off."""

from typing import Any

import pytest

from engine.handover import THERE, foreign, forward, take_one_there
from engine.world import Lane, World, node, one
from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store import streams
from exosphere_core.store.faults import ConnectionError
from exosphere_orchestrator.engine import forwarder
from exosphere_orchestrator.engine.consumer import Consumer


@pytest.mark.parametrize("after", [True, False])
def test_a_report_whose_forwarding_breaks_off_stays_until_it_came_home(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    async def scene(world: World) -> None:
        await world.graph(foreign("b", "c"), node("c", x="${{ b.outputs.v }}"))
        await world.trigger()
        await world.send(await take_one_there(world, "b"), one(v="1"))
        real = forwarder.burst

        async def broken(redis: Any, commands: Any) -> Any:
            if after:
                await real(redis, commands)
            raise ConnectionError("the reply was lost")

        with monkeypatch.context() as patch:
            patch.setattr(forwarder, "burst", broken)
            await forward(world)
        consumer = Consumer(world.context, THERE, lambda *_: None)
        entries = await streams.read_own(
            world.redis, STATE_MANAGERS_GROUP, world.context.consumer, THERE.reports, "0", 9
        )
        assert len(entries) == 1
        await consumer.apply(entries)
        await consumer.settled()
        await consumer.close()
        await world.drain()
        assert world.context.counts["stale"] == (1 if after else 0)
        assert await world.statuses() == {"b": ["SUCCESS"], "c": ["CREATED"]}

    lane.run(scene)
