"""Cancelling a run, on both lanes."""

import pytest

from engine.world import HOME, Lane, Requeued, World, many, node, one
from entry_words import words
from exosphere_core.errors import Conflict, NotFound
from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import reads, streams
from exosphere_orchestrator.steering.cancel import cancel_run


def fan() -> list[dict[str, object]]:
    return [node("a", ["b"]), node("b", ["u"], x="${{ a.outputs.v }}"), node("u", unites="a", x="${{ b.outputs.v }}")]


def test_a_cancelled_run_ends_at_once_and_everything_pending_of_it_is_cancelled(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        await world.trigger()
        await world.do("a", many("1", "2", "3"))
        done, running, _ = await world.take("b")
        await world.report(done, one(v="x"))
        await world.cancel()
        assert (await world.run()).status == "CANCELLED"
        assert await world.statuses() == {
            "a": ["SUCCESS", "SUCCESS", "SUCCESS"],
            "b": ["SUCCESS", "CANCELLED", "CANCELLED"],
        }
        await world.check_counts()
        await world.report(running, one(v="late"))
        assert (await world.statuses())["b"] == ["SUCCESS", "CANCELLED", "CANCELLED"]
        assert world.context.counts["stale"] == 1

    lane.run(scene)


def test_what_a_runtime_holds_is_taken_from_it_and_what_waits_is_never_delivered(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        await world.do("a", many("1", "2"))
        ready = HOME.ready("B")
        held = (await streams.read_new(world.redis, RUNTIMES_GROUP, "w", [ready], 1, None))[0]
        assert await reads.read_states(world.redis, HOME, [held.fields[b"state"].decode()])
        await world.cancel()
        assert (await streams.read_pending(world.redis, [ready], RUNTIMES_GROUP, 10))[ready] == []
        assert await streams.read_new(world.redis, RUNTIMES_GROUP, "w", [ready], 10, None) == []

    lane.run(scene)


def test_a_state_that_waits_for_its_time_is_cancelled_too(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await world.do("a", Requeued(60_000))
        await world.cancel()
        assert await world.statuses() == {"a": ["CANCELLED"]}
        assert await world.redis.zcard(HOME.due) == 0

    lane.run(scene)


def test_reports_that_arrive_between_the_request_and_its_application_do_not_let_the_run_go_on(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        await world.trigger()
        held = await world.take_one("a")
        await world.send(held, many("1", "2"))
        await cancel_run(world.context, HOME, world.run_id)
        await world.drain()
        assert (await world.run()).status == "CANCELLED"
        assert set((await world.statuses())["b"]) == {"CANCELLED"}
        await world.check_counts()

    lane.run(scene)


def test_a_unite_of_a_cancelled_run_never_fires(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        await world.trigger()
        await world.do("a", many("1"))
        held = await world.take_one("b")
        await world.send(held, one(v="x"))
        # The last branch ends, and its unite's entry is on the stream when the run is cancelled.
        await world.consumer.apply(await world.reports())
        await cancel_run(world.context, HOME, world.run_id)
        cancel, settled = sorted(await world.reports(), key=lambda entry: entry.fields[b"kind"])
        await world.consumer.apply([cancel])
        await world.consumer.settled()
        await world.consumer.apply([settled])
        await world.consumer.settled()
        assert "u" not in await world.statuses()
        assert (await world.run()).status == "CANCELLED"

    lane.run(scene)


def test_a_run_that_was_cancelled_stays_so_when_it_is_cancelled_again_and_one_that_ended_refuses(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await world.cancel()
        await world.cancel()
        assert (await world.run()).status == "CANCELLED"
        await world.trigger()
        await world.do("a", one())
        with pytest.raises(Conflict, match="has ended with SUCCESS; there is nothing to cancel"):
            await world.cancel()
        with pytest.raises(NotFound, match="has no run"):
            await cancel_run(world.context, HOME, "00000000-0000-4000-8000-000000000000")

    lane.run(scene)


def test_a_forged_cancellation_changes_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        run = await world.trigger()
        fields: dict[str, str | bytes] = {"kind": "cancelled", "home": "ns", "state": run, "attempt": "0", "body": "{}"}
        await streams.send_reports(world.redis, [(HOME.reports, words(fields))], {})
        await world.drain()
        assert (await world.run()).status == "PENDING"
        assert await world.statuses() == {"a": ["CREATED"]}

    lane.run(scene)


def test_a_wide_fan_out_in_the_middle_of_being_made_stops_when_its_run_is_cancelled(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        await world.trigger()
        held = await world.take_one("a")
        await world.send(held, many(*map(str, range(2000))))
        (entry,) = await world.reports()
        other = world.another_state_manager()
        await world.consumer.apply([entry])
        await cancel_run(world.context, HOME, world.run_id)
        await world.drain(other)
        await world.consumer.settled()
        await world.drain()
        assert (await world.run()).status == "CANCELLED"
        await world.check_counts()

    lane.run(scene)
