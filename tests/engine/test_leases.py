"""Leases: judged by beats and not by clocks, given back under a new attempt, failed when lost too often."""

import asyncio

from engine.world import HOME, Lane, Requeued, World, node, one
from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import streams
from exosphere_core.store.streams import Pending
from exosphere_orchestrator.engine.reaper import Reaper, Watch


def held(consumer: str, beats: int) -> dict[str, list[Pending]]:
    return {"ready": [Pending("1-1", consumer, beats)]}


def test_a_lease_is_lost_when_nothing_moved_for_its_whole_length() -> None:
    watch = Watch(lease_s=10, http_lease_s=600)
    assert watch.look(held("w", 1), now=100) == []
    assert watch.look(held("w", 1), now=109.9) == []
    assert watch.look(held("w", 1), now=110) == [("ready", "1-1")]


def test_a_beat_or_another_owner_begins_the_lease_anew() -> None:
    watch = Watch(lease_s=10, http_lease_s=600)
    watch.look(held("w", 1), now=100)
    assert watch.look(held("w", 2), now=109) == []
    assert watch.look(held("w", 2), now=118) == []
    assert watch.look(held("v", 2), now=119) == []
    assert watch.look(held("v", 2), now=129) == [("ready", "1-1")]


def test_what_is_held_for_a_client_that_polls_has_a_longer_lease_from_the_moment_it_is_held() -> None:
    watch = Watch(lease_s=10, http_lease_s=600)
    watch.look(held("sm", 1), now=100)
    assert watch.look(held("http:sm", 1), now=105) == []
    assert watch.look(held("http:sm", 1), now=704.9) == []
    assert watch.look(held("http:sm", 1), now=705) == [("ready", "1-1")]


def test_an_entry_that_was_acknowledged_meanwhile_is_forgotten() -> None:
    watch = Watch(lease_s=10, http_lease_s=600)
    watch.look(held("w", 1), now=100)
    assert watch.look({"ready": []}, now=105) == []
    assert watch.look(held("w", 1), now=111) == []


async def _reap(world: World) -> None:
    """The reaper finds every lease lost that is pending now."""
    reaper = Reaper(world.context, HOME)
    pending = await streams.read_pending(world.redis, [HOME.ready("A")], RUNTIMES_GROUP, 100)
    ids = [entry.id for entry in pending[HOME.ready("A")]]
    await reaper.reclaim(await streams.read_entries(world.redis, HOME.ready("A"), ids))


def test_a_lost_state_is_ready_again_and_the_old_attempt_is_refused(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        dead = await world.take_one("a", "dead")
        await _reap(world)
        living = await world.take_one("a", "living")
        assert (living.state, living.attempt) == (dead.state, "2")
        await world.report(dead, one(v="late"))
        assert (await world.state("a")).status == "QUEUED"
        await world.report(living, one(v="right"))
        assert (await world.state("a")).outputs == {"v": "right"}
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_state_that_lost_its_worker_too_often_fails_and_its_policy_decides(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), retry_policy={"max_retries": 0})
        await world.trigger()
        for _ in range(3):
            await world.take_one("a")
            await _reap(world)
        await world.drain()
        assert await world.take("a") == []
        state = await world.state("a")
        assert state.status == "ERRORED"
        assert "lost its worker 3 times" in str(state.error)
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


def test_a_state_that_asked_to_run_again_has_not_taken_its_worker_down_each_time(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), retry_policy={"max_retries": 0})
        await world.trigger()
        for _ in range(2):
            await world.take_one("a")
            await _reap(world)
        held_one = await world.do("a", Requeued(1))
        await world.promote(held_one.state)
        await world.take_one("a")
        await _reap(world)
        assert await world.statuses() == {"a": ["CREATED"]}
        for _ in range(2):
            await world.take_one("a")
            await _reap(world)
        await world.drain()
        assert await world.statuses() == {"a": ["ERRORED"]}

    lane.run(scene)


def test_an_entry_of_a_report_under_way_is_not_reclaimed(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        delivery = await world.take_one("a")
        entries = await streams.read_entries(world.redis, delivery.stream, [delivery.entry])
        await world.send(delivery, one())  # acknowledged in the same step
        await Reaper(world.context, HOME).reclaim(entries)
        await world.drain()
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_heartbeat_renews_only_what_the_worker_knows_and_learns_what_it_lost(redis_url: str) -> None:

    from redis import Redis as BlockingRedis
    from redis.asyncio import Redis

    async def scene() -> None:
        redis = Redis.from_url(redis_url)
        await redis.flushall()
        world = World(redis)
        await world.graph(node("a"))
        for _ in range(3):
            await world.trigger()
        known, unknown, lost = await world.take("a")
        await redis.xack(lost.stream, RUNTIMES_GROUP, lost.entry)
        with BlockingRedis.from_url(redis_url) as blocking:
            found = streams.renew(blocking, "w", 5, {known.stream: [known.entry, lost.entry]})
        assert found == {lost.entry}
        pending = await streams.read_pending(redis, [known.stream], RUNTIMES_GROUP, 10)
        assert {entry.id: entry.beats for entry in pending[known.stream]} == {known.entry: 5, unknown.entry: 1}
        await world.close()
        await redis.aclose()

    asyncio.run(scene())


def test_an_entry_that_is_no_state_is_put_aside_and_the_lost_ones_beside_it_are_given_back(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.redis.xadd(HOME.ready("A"), {"hello": "world"})
        await world.trigger()
        await streams.read_new(world.redis, RUNTIMES_GROUP, "dead", [HOME.ready("A")], 10, None)
        await _reap(world)
        await world.drain()
        ((_, kept),) = await world.redis.xrange(HOME.rejected)
        assert b"it is no delivery of a state: field state is missing" in kept[b"reason"]
        assert kept[b"hello"] == b"world"
        assert (await world.take_one("a", "living")).attempt == "2"
        assert await world.redis.xlen(HOME.ready("A")) == 1

    lane.run(scene)
