"""States that another namespace executes: what is lost of them comes back, what is on its way is left alone."""

from collections.abc import Awaitable, Callable

import pytest

from engine.handover import THERE, check_tidy, foreign, forward, hand_over, outbox, take_there
from engine.world import HOME, Lane, Requeued, World, many, node, one
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP
from exosphere_core.store import catalog, streams
from exosphere_core.store.catalog import NodeRecord, note_namespace
from exosphere_core.store.mended import read_mends
from exosphere_orchestrator.reconcile.mend import Journal
from reconcile.living import new_reconciler, sweeping

Break = Callable[[World], Awaitable[None]]


async def begun(world: World) -> None:
    """`a` has given three outputs; a state of the neighbour's node for each waits on the outbox."""
    for namespace in ("ns", "other"):
        await note_namespace(world.redis, namespace)
    await catalog.save_nodes(world.redis, "other", [NodeRecord("B", "r", {}, {}, (), 0, 0)])
    await world.graph(node("a", ["b"]), foreign("b", "c", x="${{ a.outputs.v }}"), node("c", x="${{ b.outputs.v }}"))
    await world.trigger()
    await world.do("a", many("1", "2", "3"))


async def handed_over(world: World) -> None:
    await begun(world)
    await hand_over(world)


async def reconcile(world: World) -> Journal:
    """The state managers of both namespaces apply what there is, and a sweep looks at everything."""
    journal = await new_reconciler(world.redis).sweep_all(0, thorough=True)
    await forward(world)
    await world.drain()
    return journal


async def mend(world: World) -> set[str]:
    """Sweep until nothing is found; returns the kinds of what was."""
    for _ in range(6):
        if not (await reconcile(world)).mended:
            break
    return {kind for kind, _ in await read_mends(world.redis, HOME) + await read_mends(world.redis, THERE)}


async def finish(world: World) -> None:
    """The neighbour executes what is left, each state once, and the run ends."""
    await hand_over(world)
    held = await take_there(world, "b")
    assert sorted(each.task.branch for each in held) == sorted(
        state.task.branch for state in await world.states("b") if state.status in ("CREATED", "QUEUED")
    )
    for each in held:
        await world.send(each, one(v="done"))
    await forward(world)
    await world.drain()
    for each in await world.take("c"):
        await world.report(each, one())
    assert (await world.run()).status == "SUCCESS"
    await check_tidy(world)
    assert not (await reconcile(world)).mended


async def the_outbox(world: World) -> None:
    await world.redis.delete(HOME.outbox)


async def an_entry_of_the_outbox(world: World) -> None:
    await world.redis.xdel(HOME.outbox, (await outbox(world))[1].id)


async def the_other_ready_stream(world: World) -> None:
    await world.redis.delete(THERE.ready("B"))


async def the_group_of_the_other_ready_stream(world: World) -> None:
    await world.redis.xgroup_destroy(THERE.ready("B"), RUNTIMES_GROUP)


async def an_entry_of_the_other_ready_stream(world: World) -> None:
    await world.redis.xdel(THERE.ready("B"), (await world.redis.xrange(THERE.ready("B")))[1][0])


async def the_place_in_the_other_queue(world: World) -> None:
    """As a courier leaves it that is told that the entry came too long ago."""
    await world.redis.hdel(HOME.state((await world.states("b"))[0].id), "entry")


BREAKS: list[tuple[Break, Break, set[str]]] = [
    (begun, the_outbox, {"restored"}),
    (begun, an_entry_of_the_outbox, {"restored"}),
    (handed_over, the_other_ready_stream, {"restored"}),
    (handed_over, the_group_of_the_other_ready_stream, {"group", "restored", "entry"}),
    (handed_over, an_entry_of_the_other_ready_stream, {"restored"}),
    (handed_over, the_place_in_the_other_queue, {"restored", "entry"}),
]


@pytest.mark.parametrize("begin, broken, mended", BREAKS, ids=[broken.__name__ for _, broken, _ in BREAKS])
def test_what_was_lost_on_the_way_comes_back_and_the_run_ends(
    lane: Lane, begin: Break, broken: Break, mended: set[str]
) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        await broken(world)
        assert await mend(world) == mended
        await finish(world)

    lane.run(scene)


def test_what_is_where_it_should_be_is_left_alone_at_each_step_of_its_way(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        assert not (await reconcile(world)).mended
        await hand_over(world)
        assert not (await reconcile(world)).mended
        first, *others = await take_there(world, "b")
        assert not (await reconcile(world)).mended
        await world.send(first, Requeued(3_600_000))
        assert not (await reconcile(world)).mended
        for held in others:
            await world.send(held, one(v="done"))
        assert not (await reconcile(world)).mended

    lane.run(scene)


def test_two_replicas_that_sweep_beside_a_living_system_mend_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        async with sweeping(world.redis) as journals:
            while (await world.run()).status == "PENDING":
                await hand_over(world)
                for number, held in enumerate(await take_there(world, "b")):
                    again = held.attempt == "1" and number == 0
                    await world.send(held, Requeued(0) if again else one(v="done"))
                await forward(world)
                await world.drain()
                for held in await world.take("c"):
                    await world.report(held, one())
            await check_tidy(world)
        assert not [journal.mended for journal in journals if journal.mended]

    lane.run(scene)


def test_a_state_that_was_queued_there_before_its_own_shard_knows_of_it_is_left_alone(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        with monkeypatch.context() as patch:
            patch.setattr("exosphere_orchestrator.engine.courier.Courier._note", _nothing)
            await hand_over(world)
        assert await world.redis.xlen(THERE.ready("B")) == 3
        assert not (await reconcile(world)).mended
        await finish(world)

    lane.run(scene)


async def _nothing(*_: object) -> None:
    return


def test_a_report_that_is_on_its_way_keeps_its_state_from_being_restored(lane: Lane) -> None:
    """First it is to be forwarded, then to be applied."""

    async def scene(world: World) -> None:
        await handed_over(world)
        held, *_ = await take_there(world, "b")
        await world.send(held, one(v="late"))
        reconciler = new_reconciler(world.redis)
        assert not (await reconciler.sweep_all(0)).mended
        await forward(world)
        journal = await reconciler.sweep_all(0)
        assert not journal.mended
        assert journal.remaining
        await world.drain()
        assert not (await reconciler.sweep_all(0)).mended
        assert (await world.states("b"))[0].status == "SUCCESS"

    lane.run(scene)


def test_the_group_of_the_inbox_is_made_again_and_its_reports_are_applied(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await handed_over(world)
        for held in await take_there(world, "b"):
            await world.send(held, one(v="done"))
        await forward(world)
        await world.redis.xgroup_destroy(HOME.inbox, STATE_MANAGERS_GROUP)
        assert await mend(world) == {"group"}
        await finish(world)

    lane.run(scene)


def test_a_wide_report_that_came_through_the_inbox_is_no_loss_while_it_is_applied(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await handed_over(world)
        held, *_ = await take_there(world, "b")
        await world.send(held, many("1", "2"))
        await forward(world)
        (report,) = await streams.read_new(world.redis, STATE_MANAGERS_GROUP, "sm-1", [HOME.inbox], 9, None)
        state = HOME.state(held.state)
        await world.redis.hset(state, mapping={"status": "EXECUTED", "report": report.id, "width": 2, "outputs": "{}"})
        reconciler = new_reconciler(world.redis)
        for _ in range(2):
            assert "RESTORED" not in {kind.name for kind in (await reconciler.sweep_all(0)).mended}
        await streams.acknowledge(world.redis, HOME.inbox, STATE_MANAGERS_GROUP, [report.id])
        assert "RESTORED" in {kind.name for kind in (await reconciler.sweep_all(0)).mended}

    lane.run(scene)


def test_entries_of_no_current_delivery_are_taken_off_the_outbox_and_the_other_queue(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world)
        stale = {**(await outbox(world))[0].fields, b"attempt": b"7"}
        await world.redis.xadd(HOME.outbox, stale)
        await world.redis.xadd(THERE.ready("B"), stale)
        assert await mend(world) == {"entry"}
        assert await world.redis.xlen(HOME.outbox) == 3
        assert await world.redis.xlen(THERE.ready("B")) == 0
        await hand_over(world)
        (entry, fields), *_ = await world.redis.xrange(THERE.ready("B"))
        again = await world.redis.xadd(THERE.ready("B"), fields)
        assert (await reconcile(world)).total == 1
        left = [each for each, _ in await world.redis.xrange(THERE.ready("B"))]
        assert entry in left
        assert again not in left

    lane.run(scene)


def test_an_outbox_that_is_lost_while_the_clock_goes_back_hands_over_again(lane: Lane) -> None:
    """What comes to the neighbour with a lower id than before is held for one that came already."""

    async def scene(world: World) -> None:
        await begun(world)
        name = f"{HOME.namespace}:{HOME.shard}"
        (later,) = [f"{int(entry.id.partition('-')[0]) + 3_600_000}-0" for entry in (await outbox(world))[:1]]
        await world.redis.hset(THERE.arrivals, mapping={name: later, f"{name}/entries": ""})
        await hand_over(world)
        assert await take_there(world, "b") == []
        assert {"outbox", "restored"} <= await mend(world)
        await finish(world)

    lane.run(scene)
