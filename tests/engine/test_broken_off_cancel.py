"""A run is cancelled while its states are on their way to another namespace, and whoever does it is broken off."""

from contextlib import suppress
from typing import Any

import pytest

from engine.handover import THERE, check_tidy, foreign, hand_over, take_there
from engine.world import HOME, Lane, World, many, node
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP
from exosphere_core.store import streams
from exosphere_core.store.calls import apply, apply_all
from exosphere_core.store.faults import ConnectionError
from exosphere_core.store.taking_off import take_off
from exosphere_orchestrator.engine import canceller
from exosphere_orchestrator.engine import courier as couriers
from exosphere_orchestrator.engine.reaper import Reaper


class Killed(BaseException):
    """The process ends here."""


async def begin(world: World) -> None:
    """Two states of the neighbour's node wait on the outbox."""
    await world.graph(node("a", ["b"]), foreign("b", x="${{ a.outputs.v }}"))
    await world.trigger()
    await world.do("a", many("1", "2"))


async def again(world: World) -> None:
    """The state manager goes on with the reports that it holds still."""
    held = await streams.read_own(world.redis, STATE_MANAGERS_GROUP, world.context.consumer, HOME.reports, "0", 9)
    assert held, "the report of the cancel is gone"
    await world.consumer.apply(held)
    await world.consumer.settled()


@pytest.mark.parametrize("fault", [Killed, ConnectionError])
def test_what_is_in_the_other_queue_is_taken_off_by_whoever_goes_on(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        await hand_over(world)
        await take_there(world, "b")

        async def broken(*_: Any) -> None:
            raise fault("broken off")

        with monkeypatch.context() as patch:
            patch.setattr(canceller, "take_off", broken)
            with suppress(Killed):
                await world.cancel()
        assert (await world.run()).status == "CANCELLED"
        assert await world.redis.xlen(THERE.ready("B")) == 2
        await again(world)
        assert (await world.redis.xpending(THERE.ready("B"), RUNTIMES_GROUP))["pending"] == 0
        await check_tidy(world)

    lane.run(scene)


def test_a_courier_that_dies_after_it_learned_that_a_state_has_ended_leaves_nothing_in_the_other_queue(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(world: World) -> None:
        await begin(world)

        async def cancelled_meanwhile(redis: Any, call: Any) -> Any:
            reply = await apply(redis, call)
            await world.cancel()
            return reply

        async def killed_afterwards(redis: Any, calls: Any) -> Any:
            await apply_all(redis, calls)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(couriers, "apply", cancelled_meanwhile)
            patch.setattr(couriers, "apply_all", killed_afterwards)
            with pytest.raises(Killed):
                await hand_over(world)
        await hand_over(world)
        await check_tidy(world)

    lane.run(scene)


def test_an_entry_that_was_deleted_and_not_acknowledged_is_found_by_the_reaper(lane: Lane) -> None:
    """That is what is left of a delivery when taking it off breaks off in the middle."""

    async def scene(world: World) -> None:
        await begin(world)
        await hand_over(world)
        held, other = await take_there(world, "b")
        await world.redis.xdel(held.stream, held.entry)
        await Reaper(world.context, THERE).reclaim(await streams.read_entries(world.redis, held.stream, [held.entry]))
        pending = await streams.read_pending(world.redis, [held.stream], RUNTIMES_GROUP, 9)
        assert [entry.id for entry in pending[held.stream]] == [other.entry]
        await take_off(world.redis, other.stream, [other.entry])
        assert (await world.redis.xpending(other.stream, RUNTIMES_GROUP))["pending"] == 0
        assert await world.redis.xlen(other.stream) == 0

    lane.run(scene)
