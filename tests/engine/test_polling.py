"""Reports of clients that poll: what they wait for, and what they answer when it does not come."""

import asyncio

import pytest

from engine.handover import THERE, foreign, forward, hand_over, outbox
from engine.test_polled import held, taken
from engine.world import HOME, Lane, World, many, node
from exosphere_core.errors import BadRequest, Unavailable
from exosphere_core.keys import HTTP_HOLDER
from exosphere_core.store import handoff, polled
from exosphere_core.store.calls import apply, recorded
from exosphere_orchestrator.polling import reporting
from exosphere_orchestrator.polling.reporting import Reporting
from exosphere_orchestrator.polling.taking import take


async def queued_there(world: World) -> None:
    """A courier brings what waits to the neighbour's queue, and dies before it can say so."""
    entries = [entry for raw in await outbox(world) if (entry := handoff.read_outbox_entry(raw))]
    await apply(world.redis, handoff.deliver(HOME, THERE, entries))


def test_a_client_that_is_faster_than_the_courier_is_waited_with(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(foreign("a"))
        await world.trigger()
        await queued_there(world)
        (got,) = await take(world.context, THERE.namespace, ["A"], 1, 5)
        telling = asyncio.create_task(Reporting(world.context, THERE.namespace).executed(got.state, 1, [{"v": "1"}]))
        (standing,) = await polled.read_standings(world.redis, [(HOME, got.state)])
        assert standing is not None
        assert standing.is_on_outbox
        await hand_over(world)
        while not await world.redis.xlen(THERE.reports):
            assert not telling.done(), telling.result()
            await asyncio.sleep(0)
        await forward(world)
        await world.drain()
        await telling
        assert (await world.state("a")).outputs == {"v": "1"}
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_report_of_another_attempt_does_not_wait_for_the_courier(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "_PLACED_S", 1e9)

    async def scene(world: World) -> None:
        await world.graph(foreign("a"))
        await world.trigger()
        await queued_there(world)
        (got,) = await take(world.context, THERE.namespace, ["A"], 1, 5)
        with pytest.raises(BadRequest, match="is not QUEUED under attempt 7"):
            await Reporting(world.context, THERE.namespace).executed(got.state, 7, [])

    lane.run(scene)


def test_a_report_that_nobody_applies_is_recorded_and_answered_as_far_as_it_is_known(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "_APPLIED_S", 0.01)

    async def scene(world: World) -> None:
        await world.graph(node("a"))
        for _ in range(2):
            await world.trigger()
        first, second = await held(world, await taken(world, "a"))
        told = Reporting(world.context, "ns")
        with recorded() as calls:
            await told.executed(first.id, None, [])
        # What is kept may be applied again whatever became of the delivery.
        assert [call.name for call in calls] == ["hand_over"]
        with pytest.raises(Unavailable, match="is recorded and not applied yet"):
            await told.errored(second.id, None, "boom")
        with pytest.raises(BadRequest, match="is not QUEUED: it is CREATED"):
            await told.errored(second.id, None, "boom")
        await world.drain()
        (after, failed) = await polled.read_standings(world.redis, [(HOME, first.id), (HOME, second.id)])
        assert after is not None
        assert failed is not None
        assert (after.status, failed.status) == ("SUCCESS", "RETRY_CREATED")

    lane.run(scene)


def test_what_is_not_current_any_more_is_given_to_nobody(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        roots = []
        for _ in range(3):
            await world.trigger()
            roots.append((await world.state("a")).id)
        await world.redis.hset(HOME.state(roots[0]), "attempt", "9")
        await world.redis.delete(HOME.state(roots[1]))
        assert len(await take(world.context, "ns", ["A"], 1, 10)) == 1
        pending = await world.redis.xpending_range(HOME.ready("A"), "runtimes", "-", "+", 10)
        holders = sorted(item["consumer"].decode() for item in pending)
        assert holders == [f"{HTTP_HOLDER}sm-1", "taking:sm-1", "taking:sm-1"]

    lane.run(scene)


def test_many_are_taken_in_steps_that_are_short_for_redis(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        await world.do("a", many(*(str(number) for number in range(450))))
        got = await take(world.context, "ns", ["B", "A"], 1, 430)
        assert len({each.state for each in got}) == 430
        assert len(await take(world.context, "ns", ["B"], 1, 1000)) == 20

    lane.run(scene)
