"""Consumer groups that are missing: whoever misses one first makes it, and no attempt is handed out twice."""

from engine.world import HOME, Lane, World, node, one
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP
from exosphere_core.store.groups import ensure_groups


def test_a_runtimes_group_that_is_made_again_hands_out_only_what_comes_later(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        ready = HOME.ready("A")
        in_its_hands = await world.take_one("a")
        await world.redis.xgroup_destroy(ready, RUNTIMES_GROUP)
        assert await ensure_groups(world.redis, [ready], RUNTIMES_GROUP) == [ready]
        assert await world.take("a", "another worker") == []
        await world.trigger()
        assert (await world.take_one("a", "another worker")).state != in_its_hands.state

    lane.run(scene)


def test_a_state_managers_group_that_is_made_again_reads_every_report_that_is_left(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await world.send(await world.take_one("a"), one())
        await world.redis.xgroup_destroy(HOME.reports, STATE_MANAGERS_GROUP)
        assert await ensure_groups(world.redis, [HOME.reports], STATE_MANAGERS_GROUP) == [HOME.reports]
        await world.drain()
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_groups_that_are_there_and_streams_that_are_new_count_as_nothing_lost(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        ready = [HOME.ready("A"), HOME.ready("NEW")]
        assert await ensure_groups(world.redis, ready, RUNTIMES_GROUP) == []
        await world.trigger()
        assert await ensure_groups(world.redis, ready, RUNTIMES_GROUP) == []
        assert len(await world.take("a")) == 1

    lane.run(scene)
