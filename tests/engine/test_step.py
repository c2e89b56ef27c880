"""The short ways of a chain's step and of a branch's end come to the same as that of any success, and leave to it whatever is more."""

from typing import Any

import pytest

from engine.told import watched
from engine.world import HOME, Lane, World, many, node, one
from exosphere_core.records import Executed
from exosphere_core.store import short_moves
from exosphere_core.store.calls import apply
from exosphere_core.store.delivery import Delivery
from exosphere_core.store.short_moves import Ended, Stepped
from exosphere_orchestrator.engine.inputs import UNLIMITED, Limits, Unresolvable
from exosphere_orchestrator.engine.single import is_end, is_step, only_child
from exosphere_orchestrator.engine.succession import succeed

_FEW = Limits(max_fan_out=10, max_value_bytes=20, max_fields=1)


async def _chain(world: World) -> Any:
    """A chain whose second node reads an ancestor and the store, with its second state taken by a runtime."""
    inputs = {"a": "${{ a.outputs.v }}", "b": "${{ b.outputs.v }}", "s": "${{ store.k }}", "x": "x"}
    await world.graph(node("a", ["b"]), node("b", ["c"]), node("c", **inputs), store_config={"required_keys": ["k"]})
    await world.trigger(store={"k": "1"})
    await world.do("a", one(v="1"))
    return await world.take_one("b")


def test_its_child_is_the_one_that_the_way_of_any_success_makes(lane: Lane) -> None:
    async def scene(world: World) -> None:
        held = await _chain(world)
        plan = await world.context.plans.get("ns", "g", 1)
        of = Delivery(held.state, held.attempt, held.task, HOME, HOME.reports, "1-1")
        outputs, store = {"a": {"v": "1"}}, {"k": "1"}
        executed = Executed([{"v": "2"}])
        assert is_step(plan, held.task, executed, _FEW)
        child, task = only_child(plan, of, {"v": "2"}, outputs, store, UNLIMITED)
        (part,) = succeed(plan, held.state, held.task, executed, outputs, store, UNLIMITED).parts
        assert (list(part.offspring.children), part.tasks) == ([child], {child.id: task})
        with pytest.raises(Unresolvable, match="EXOSPHERE_MAX_VALUE_BYTES"):
            only_child(plan, of, {"v": "2"}, outputs, store, _FEW)

    lane.run(scene)


@pytest.mark.parametrize(
    "executed",
    [
        Executed([]),
        Executed([{"v": "1"}, {"v": "2"}], fanned_out=True),
        Executed([{"v": "1"}], fanned_out=True),
        Executed([{"v": "1"}], store={"k": "2"}),
        Executed([{"v": "1"}], origin="x" * 32),
        Executed([{"v": "1", "w": "2"}]),
    ],
)
def test_a_success_of_another_shape_goes_the_way_of_any(lane: Lane, executed: Executed) -> None:
    async def scene(world: World) -> None:
        held = await _chain(world)
        plan = await world.context.plans.get("ns", "g", 1)
        assert not is_step(plan, held.task, executed, _FEW)
        assert not is_end(plan.nodes["c"], executed, _FEW)

    lane.run(scene)


async def _more(world: World, state: str, why: str) -> None:
    """Somebody watches the run, or the state was made ready again."""
    if why == "watched":
        await watched(world)
    else:
        await world.redis.hset(HOME.state(state), "restored", "1")


@pytest.mark.parametrize("why", ["watched", "restored"])
def test_where_there_is_more_to_a_step_nothing_is_changed_and_the_whole_move_follows(lane: Lane, why: str) -> None:
    async def scene(world: World) -> None:
        held = await _chain(world)
        await _more(world, held.state, why)
        plan = await world.context.plans.get("ns", "g", 1)
        of = Delivery(held.state, held.attempt, held.task, HOME, HOME.reports, "1-1")
        child, task = only_child(plan, of, {"v": "2"}, {"a": {"v": "1"}}, {"k": "1"}, UNLIMITED)
        before = await world.redis.hgetall(HOME.state(held.state))
        assert await apply(world.redis, short_moves.step([Stepped(of, b'{"v":"2"}', child, task)])) == [
            b"other",
            b"CREATED",
        ]
        assert await world.redis.hgetall(HOME.state(held.state)) == before
        assert not await world.redis.exists(HOME.state(child.id))
        await world.report(held, one(v="2"))
        assert await world.redis.exists(HOME.state(child.id))
        await world.do("c", one(v="3"))
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


@pytest.mark.parametrize("why", ["watched", "restored"])
@pytest.mark.parametrize("script", ["finish", "leaf"])
def test_where_there_is_more_to_an_end_nothing_is_changed_and_the_whole_move_follows(
    lane: Lane, script: str, why: str
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a", vs="${{ b.outputs.v }}"))
        await world.trigger()
        await world.do("a", many("1", "2"))
        first, second = await world.take("b")
        await world.report(first, one(v="1"))
        await _more(world, second.state, why)
        of = Delivery(second.state, second.attempt, second.task, HOME, HOME.reports, "1-1")
        ended = [Ended(of, b'{"v":"2"}', "")]
        call = short_moves.finish(ended, []) if script == "finish" else short_moves.leaf(ended)
        before = await world.redis.hgetall(HOME.state(second.state))
        assert await apply(world.redis, call) == [b"other", b"CREATED"]
        assert await world.redis.hgetall(HOME.state(second.state)) == before
        await world.report(second, one(v="2"))
        last = await world.take_one("u")
        assert last.inputs == b'{"vs":"[\\"1\\",\\"2\\"]"}'
        await world.report(last, one(v="3"))
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_report_that_comes_twice_makes_one_child(lane: Lane) -> None:
    async def scene(world: World) -> None:
        held = await _chain(world)
        await world.report(held, one(v="2"))
        await world.report(held, one(v="3"))
        assert world.context.counts["stale"] == 1
        (last,) = await world.take("c")
        assert b'"b":"2"' in last.inputs

    lane.run(scene)


@pytest.mark.parametrize("read", ["b", "c", "d"])
def test_a_step_of_a_branch_moves_no_unite_but_where_one_reads_it(lane: Lane, read: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"], v="${{ a.outputs.v }}"), node("c", ["d"], v="${{ b.outputs.v }}"),
            node("d", ["u"], v="${{ c.outputs.v }}"), node("u", unites="a", vs=f"${{{{ {read}.outputs.v }}}}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", many("1", "2"))
        plan = await world.context.plans.get("ns", "g", 1)
        for name in ("b", "c", "d"):
            for number, held in enumerate(await world.take(name)):
                (unite,) = held.task.unites.values()
                assert await world.redis.hget(HOME.unite(unite), "pending") == b"%d" % (2 - number * (name == "d"))
                executed = Executed([{"v": f"{name}{number}"}])
                assert is_step(plan, held.task, executed, UNLIMITED) == (name not in (read, "d"))
                await world.report(held, one(**executed.outputs[0]))
        last = await world.take_one("u")
        assert last.inputs == f'{{"vs":"[\\"{read}0\\",\\"{read}1\\"]"}}'.encode()
        await world.report(last, one())
        await world.check_counts()
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


@pytest.mark.parametrize("why", ["watched", "restored"])
def test_where_there_is_more_to_a_step_of_a_branch_its_unite_still_waits_for_the_child(lane: Lane, why: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"]), node("c", ["u"]), node("u", unites="a", vs="${{ c.outputs.v }}")
        )
        await world.trigger()
        await world.do("a", many("1", "2"))
        first, second = await world.take("b")
        await _more(world, first.state, why)
        for held in (first, second):
            await world.report(held, one())
        for held in await world.take("c"):
            assert not await world.take("u")
            await world.report(held, one(v="x"))
        assert (await world.take_one("u")).inputs == b'{"vs":"[\\"x\\",\\"x\\"]"}'

    lane.run(scene)
