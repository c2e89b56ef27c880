"""The scripts tell of each transition, in the order in which they are applied, while a run is watched. On both lanes."""

from typing import Any

from engine.told import KEEP_MS, check_told, stored, told, watched
from engine.world import HOME, Lane, Pruned, Requeued, World, failed, many, node, one
from exosphere_core.records import EventKind
from exosphere_core.store.events import tell_what_was, watch
from exosphere_core.store.upkeep import delete_run
from exosphere_orchestrator.engine.promoter import Promoter

SOON: dict[str, Any] = {"retry_policy": {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1}}


def united() -> list[dict[str, Any]]:
    return [node("a", ["b"]), node("b", ["u"], x="${{ a.outputs.v }}"), node("u", unites="a", x="${{ b.outputs.v }}")]


async def of_states(world: World) -> list[tuple[str, str, int]]:
    """Identifier, status and attempt of the events of states, but for how they were found."""
    events = await told(world)
    return [(each.identifier, each.status, each.attempt) for each in events if each.kind is EventKind.STATE]


def test_a_parent_is_told_of_before_its_children_and_the_run_last(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united())
        await world.trigger()
        await watched(world)
        await world.do("a", many("1", "2"))
        first, second = await world.take("b")
        await world.report(first, Requeued(0))
        await world.report(second, one(v="2"))
        await world.do("b", one(v="1"))
        await world.do("u", one())
        assert await of_states(world) == [
            ("a", "SUCCESS", 1),
            ("a", "SUCCESS", 1),
            ("b", "CREATED", 1),
            ("b", "CREATED", 1),
            ("b", "CREATED", 2),
            ("b", "SUCCESS", 1),
            ("b", "SUCCESS", 2),
            ("u", "CREATED", 1),
            ("u", "SUCCESS", 1),
        ]
        assert [(each.kind, each.status) for each in await told(world)][-1] == (EventKind.RUN, "SUCCESS")
        await check_told(world)

    lane.run(scene)


def test_whatever_happens_the_events_add_up_to_the_records(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united(), **SOON)
        await world.trigger()
        await watched(world)
        # Wider than one script makes.
        await world.do("a", many(*map(str, range(60))))
        held = await world.take("b")
        outcomes = [failed(), failed(retryable=False), Pruned(b"{}"), Requeued(1)]
        for each, outcome in zip(held, [*outcomes, *(one(v="x") for _ in held[4:])], strict=True):
            await world.send(each, outcome)
        await world.drain()
        await check_told(world)
        promoter = Promoter(world.context, HOME)
        while await world.redis.zcard(HOME.due):
            await promoter.run_once()
        for each in await world.take("b"):
            await world.report(each, one(v="late"))
        assert (await world.run()).status == "FAILED"
        await check_told(world)
        await world.retry_failed()
        await check_told(world)
        await world.cancel()
        assert (await world.run()).status == "CANCELLED"
        await check_told(world)
        runs = [each.status for each in await told(world) if each.kind is EventKind.RUN]
        assert runs == ["FAILED", "PENDING", "CANCELLED"]

    lane.run(scene)


def test_nothing_is_told_of_a_run_that_nobody_watches(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united())
        await world.trigger()
        await world.do("a", many("1"))
        await world.do("b", one(v="1"))
        await world.do("u", one())
        assert not await world.redis.exists(HOME.events(world.run_id))

    lane.run(scene)


def test_a_state_that_was_told_of_meanwhile_is_not_told_of_as_it_was_found(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united())
        await world.trigger()
        await world.do("a", many("1", "2"))
        found = await watch(world.redis, HOME, world.run_id, KEEP_MS)
        assert found is not None
        assert not found.whole
        first, _ = await world.take("b")
        await world.report(first, one(v="1"))
        await tell_what_was(world.redis, HOME, world.run_id, found.first)
        events = await told(world)
        assert [each.kind for each in events if each.state == first.state] == [EventKind.STATE]
        assert sum(each.kind is EventKind.FOUND for each in events) == 3
        assert events[-1].kind is EventKind.CURRENT
        await check_told(world)
        # Another one who tells what was, or one who went away over it and comes again, adds nothing.
        await tell_what_was(world.redis, HOME, world.run_id, found.first)
        assert await told(world) == events
        again = await watch(world.redis, HOME, world.run_id, KEEP_MS)
        assert again is not None
        assert (again.first, again.whole) == (found.first, True)

    lane.run(scene)


def test_events_that_were_lost_begin_anew(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        await watched(world)
        await world.redis.delete(HOME.events(world.run_id))
        await world.do("a", one(v="1"))
        assert await told(world) == []
        await watched(world)
        assert {each.state for each in await told(world) if each.kind is EventKind.FOUND} == set(await stored(world))
        await world.do("b", one(v="1"))
        await check_told(world)

    lane.run(scene)


def test_events_go_with_their_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await watched(world)
        await world.do("a", one(v="1"))
        await delete_run(world.redis, HOME, world.run_id)
        assert not await world.redis.exists(HOME.events(world.run_id))
        assert await watch(world.redis, HOME, world.run_id, KEEP_MS) is None

    lane.run(scene)


def test_something_else_in_the_place_of_the_events_stops_no_transition(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united())
        await world.trigger()
        await world.redis.set(HOME.events(world.run_id), "no stream")
        await world.do("a", many("1", "2"))
        for each in await world.take("b"):
            await world.report(each, one(v="1"))
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)
