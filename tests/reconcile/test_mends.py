"""Each thing that the reconciler puts right, one at a time."""

from collections.abc import Awaitable, Callable

import pytest

from engine.told import check_told, watched
from engine.world import HOME, Lane, World, failed, many, node, one
from exosphere_core.ids import derived_id
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP
from exosphere_core.store import streams
from exosphere_core.store.catalog import note_namespace
from exosphere_core.store.mended import read_mends
from exosphere_orchestrator.reconcile.mend import Journal
from reconcile.living import new_reconciler

Break = Callable[[World], Awaitable[None]]


async def begun(world: World) -> None:
    """`a` fans out into three `b`, one of which is done; `u` unites them. Nothing is in a runtime's hands."""
    await note_namespace(world.redis, "ns")
    await world.graph(
        node("a", ["b"]), node("b", ["u"], x="${{ a.outputs.v }}"), node("u", unites="a", x="${{ b.outputs.v }}")
    )
    await world.trigger()
    await world.do("a", many("1", "2", "3"))
    first, *others = await world.take("b")
    await world.report(first, one(v="b1"))
    for held in others:
        await world.report(held, failed())
    for state in await world.states("b"):
        if state.due_at is not None:
            await world.redis.hdel(HOME.state(state.id), "due_at")
            await world.redis.zrem(HOME.due, state.id)
            entry = await world.redis.xadd(
                HOME.ready("B"),
                {"state": state.id, "attempt": "1", **await _payload(world, state.id)},
            )
            await world.redis.hset(HOME.state(state.id), "entry", entry)
    await watched(world)


async def _payload(world: World, state: str) -> dict[str, bytes]:
    task, inputs = await world.redis.hmget(HOME.state(state), "task", "inputs")
    assert task is not None
    assert inputs is not None
    return {"task": task, "inputs": inputs}


async def reconcile(world: World) -> Journal:
    journal = await new_reconciler(world.redis).sweep_all(0, thorough=True)
    await world.drain()
    return journal


async def finish(world: World) -> None:
    """What is left is done, and the run ends as if nothing had happened."""
    for held in await world.take("b"):
        await world.report(held, one(v=f"b{held.task.branch}"))
    await world.do("u", one())
    assert (await world.run()).status == "SUCCESS"
    await world.check_counts()
    await check_told(world)
    assert not (await reconcile(world)).mended


async def the_ready_stream(world: World) -> None:
    await world.redis.delete(HOME.ready("B"))


async def the_group_of_a_ready_stream(world: World) -> None:
    await world.redis.xgroup_destroy(HOME.ready("B"), RUNTIMES_GROUP)


async def the_group_of_the_reports(world: World) -> None:
    await world.redis.xgroup_destroy(HOME.reports, STATE_MANAGERS_GROUP)


async def an_entry(world: World) -> None:
    entries = await world.redis.xrange(HOME.ready("B"))
    await world.redis.xdel(HOME.ready("B"), entries[0][0])


async def the_list_of_states(world: World) -> None:
    await world.redis.delete(HOME.states(world.run_id))


async def the_list_of_unites(world: World) -> None:
    await world.redis.delete(HOME.unites(world.run_id))


async def an_index(world: World) -> None:
    await world.redis.delete(HOME.runs, HOME.active("g"))


async def a_counter_of_the_run(world: World) -> None:
    await world.redis.hset(HOME.run(world.run_id), "open", 1)
    await world.redis.hdel(HOME.run(world.run_id), "made/b")


async def the_record_of_the_run(world: World) -> None:
    await world.redis.delete(HOME.run(world.run_id))


async def the_counters_of_a_unite(world: World) -> None:
    await world.redis.hset(HOME.unite(await _unite(world)), mapping={"pending": 9, "arrived": 0})


async def a_unite(world: World) -> None:
    await world.redis.delete(HOME.unite(await _unite(world)))


async def the_members_of_a_unite(world: World) -> None:
    await world.redis.delete(HOME.members(await _unite(world)))


async def a_child(world: World) -> None:
    await world.redis.delete(HOME.state((await world.states("b"))[0].id))
    await world.redis.delete(HOME.members(await _unite(world)))


async def a_retry(world: World) -> None:
    (state,) = [state for state in await world.states("b") if state.task.retry_count == 1][:1]
    await world.redis.delete(HOME.state(state.id))


async def an_unreadable_state(world: World) -> None:
    (state, *_) = [state for state in await world.states("b") if state.status == "CREATED"]
    await world.redis.hset(HOME.state(state.id), "task", "{not json")


async def a_state_of_another_type(world: World) -> None:
    (state, *_) = [state for state in await world.states("b") if state.status == "CREATED"]
    await world.redis.set(HOME.state(state.id), "something else")


async def root_of(world: World) -> str:
    return (await world.states("a"))[0].id


async def _unite(world: World) -> str:
    return derived_id("unite", await root_of(world), "u")


BREAKS: list[tuple[Break, set[str]]] = [
    (the_ready_stream, {"restored"}),
    (the_group_of_a_ready_stream, {"group", "restored"}),
    (the_group_of_the_reports, {"group"}),
    (an_entry, {"restored"}),
    (the_list_of_states, {"list"}),
    (the_list_of_unites, {"list"}),
    (an_index, {"index"}),
    (a_counter_of_the_run, {"run_counters"}),
    (the_record_of_the_run, {"run"}),
    (the_counters_of_a_unite, {"unite"}),
    (a_unite, {"child"}),
    (the_members_of_a_unite, {"members"}),
    (a_child, {"child"}),
    (a_retry, {"child"}),
    (an_unreadable_state, {"broken", "child"}),
    (a_state_of_another_type, {"broken", "child"}),
]


@pytest.mark.parametrize("broken, mended", BREAKS, ids=[each.__name__ for each, _ in BREAKS])
def test_what_was_lost_comes_back_and_the_run_ends(lane: Lane, broken: Break, mended: set[str]) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        await broken(world)
        for _ in range(6):
            if not (await reconcile(world)).mended:
                break
        assert mended <= {kind for kind, _ in await read_mends(world.redis, HOME)}
        await finish(world)

    lane.run(scene)


def test_a_report_that_is_on_its_way_keeps_its_state_from_being_restored(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        held, *_ = await world.take("b")
        await world.send(held, one(v="late"))
        reconciler = new_reconciler(world.redis)
        assert not (await reconciler.sweep_all(0)).mended
        await world.drain()
        assert not (await reconciler.sweep_all(0)).mended

    lane.run(scene)


def test_a_settled_unite_that_nobody_was_told_of_fires(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        for held in await world.take("b"):
            await world.send(held, one(v="b"))
        entries = await streams.read_new(world.redis, STATE_MANAGERS_GROUP, "sm-1", [HOME.reports], 256, None)
        await world.consumer.apply(entries)
        (settled,) = await world.redis.xrange(HOME.reports, f"({entries[-1].id}")
        await world.redis.xdel(HOME.reports, settled[0])
        journal = await reconcile(world)
        assert {kind.name for kind in journal.mended} == {"SETTLED"}
        await finish(world)

    lane.run(scene)


def test_a_cancelled_run_that_nobody_was_told_of_ends(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        await world.redis.hset(HOME.run(world.run_id), "cancelled_at", "1")
        journal = await reconcile(world)
        assert {kind.name for kind in journal.mended} == {"CANCELLED"}
        assert (await world.run()).status == "CANCELLED"

    lane.run(scene)


def test_a_due_state_that_is_missing_from_the_due_times_is_put_back(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(node("a"))
        await world.trigger(delay_ms=3_600_000)
        await world.redis.delete(HOME.due)
        assert (await reconcile(world)).total == 1
        assert await world.redis.zscore(HOME.due, (await world.state("a")).id) == (await world.state("a")).due_at

    lane.run(scene)


def test_an_entry_of_a_state_that_is_no_longer_current_is_taken_off(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(node("a"))
        await world.trigger()
        state = (await world.state("a")).id
        await world.redis.xadd(HOME.ready("A"), {"state": state, "attempt": "7", **await _payload(world, state)})
        assert (await reconcile(world)).total == 1
        assert await world.redis.xlen(HOME.ready("A")) == 1

    lane.run(scene)


def test_a_lost_root_fails_its_run_and_says_why(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(node("a"))
        await world.trigger()
        await world.redis.delete(HOME.state((await world.run()).root), HOME.ready("A"))
        for _ in range(3):
            await reconcile(world)
        assert (await world.run()).status == "FAILED"
        assert "was lost" in ((await world.state("a")).error or "")

    lane.run(scene)


def test_states_of_a_run_that_is_gone_are_deleted(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        run = world.run_id
        await world.redis.delete(HOME.run(run), HOME.states(run), HOME.unites(run), HOME.store(run), HOME.runs)
        await reconcile(world)
        assert not await world.redis.keys(HOME.state("*"))
        assert not await world.redis.keys(HOME.unite("*"))

    lane.run(scene)
