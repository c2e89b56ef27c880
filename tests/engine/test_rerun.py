"""Running again from a node, on both lanes."""

import json

import pytest

from engine.world import HOME, Lane, Pruned, World, failed, many, node, one
from exosphere_core.errors import BadRequest, NotFound
from exosphere_core.store import reads
from exosphere_orchestrator.steering.rerun import rerun
from exosphere_worker.outcome import Succeeded

ONCE = {"max_retries": 0}


def chain() -> list[dict[str, object]]:
    return [
        node("a", ["b"], x="1"),
        node("b", ["c"], x="${{ a.outputs.v }}"),
        node("c", x="${{ a.outputs.v }}${{ b.outputs.v }}"),
    ]


def fan() -> list[dict[str, object]]:
    return [
        node("a", ["b"]),
        node("b", ["c"], x="${{ a.outputs.v }}"),
        node("c", ["u"], x="${{ b.outputs.v }}"),
        node("u", ["e"], unites="a", x="${{ c.outputs.v }}"),
        node("e", x="${{ u.outputs.v }}"),
    ]


async def play(world: World) -> str:
    """A whole run of `fan` over three items; returns its id."""
    run = await world.trigger()
    await world.do("a", many("1", "2", "3"))
    for identifier in "bc":
        for held in await world.take(identifier):
            await world.report(held, one(v=json.loads(held.inputs)["x"] + identifier))
    await world.do("u", one(v="all"))
    await world.do("e", one())
    assert (await world.run()).status == "SUCCESS"
    return run


def test_a_rerun_takes_over_what_lies_before_and_executes_the_rest(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*chain())
        first = await world.trigger()
        await world.do("a", one(v="A"))
        await world.do("b", one(v="B"))
        await world.do("c", one(v="C"))
        new = await world.rerun(first, identifier="b")
        assert await world.take("a") == []
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["CREATED"]}
        await world.do("b", one(v="Z"))
        held = await world.take_one("c")
        assert json.loads(held.inputs) == {"x": "AZ"}
        await world.report(held, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()
        assert (await world.run()).rerun is not None
        world.run_id = first
        assert (await world.run()).status == "SUCCESS"
        assert len(await world.states()) == 3
        assert await reads.read_page(world.redis, HOME.reruns(first), 0, 10) == [new]

    lane.run(scene)


def test_a_rerun_may_begin_with_other_inputs_and_store(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"], x="${{ a.outputs.v }}", y="keep"), node("c", x="${{ store.k }}"),
            store_config={"required_keys": ["k"]},
        )  # fmt: skip
        first = await world.trigger(store={"k": "old"})
        await world.do("a", one(v="A"))
        await world.do("b", one())
        await world.do("c", one())
        await world.rerun(first, identifier="b", inputs={"x": "other"}, store={"k": "new"})
        held = await world.take_one("b")
        assert json.loads(held.inputs) == {"x": "other", "y": "keep"}
        await world.report(held, one())
        assert json.loads((await world.take_one("c")).inputs) == {"x": "new"}

    lane.run(scene)


def test_a_rerun_from_the_root_is_a_new_run_with_the_same_inputs(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*chain())
        first = await world.trigger(inputs={"x": "given"})
        await world.do("a", one(v="A"))
        await world.rerun(first)
        assert json.loads((await world.take_one("a")).inputs) == {"x": "given"}

    lane.run(scene)


def test_a_rerun_keeps_the_version_of_the_run_it_was_made_from(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*chain())
        first = await world.trigger()
        await world.do("a", one(v="A"))
        await world.graph(node("a", ["z"]), node("z"))
        await world.rerun(first, identifier="b")
        assert (await world.run()).version == 1
        assert {held.task.version for held in await world.take("b")} == {1}

    lane.run(scene)


def test_a_rerun_from_a_node_in_a_fan_out_executes_all_its_states_and_unites_all_branches(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        first = await play(world)
        await world.rerun(first, identifier="c")
        assert (await world.statuses())["b"] == ["SUCCESS"] * 3
        for held in await world.take("c"):
            await world.report(held, one(v="n" + json.loads(held.inputs)["x"]))
        held_u = await world.take_one("u")
        assert json.loads(held_u.inputs) == {"x": '["n1b","n2b","n3b"]'}
        await world.report(held_u, one(v="again"))
        assert json.loads((await world.take_one("e")).inputs) == {"x": "again"}
        await world.check_counts()

    lane.run(scene)


def test_a_rerun_from_one_state_takes_the_other_branches_over(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        first = await play(world)
        second_branch = (await world.states("b"))[1]
        await world.rerun(first, state=second_branch.id, inputs={"x": "9"})
        held = await world.take_one("b")
        assert json.loads(held.inputs) == {"x": "9"}
        await world.report(held, one(v="new"))
        held_c = await world.take_one("c")
        await world.report(held_c, one(v="newer"))
        assert json.loads((await world.take_one("u")).inputs) == {"x": '["1bc","newer","3bc"]'}

    lane.run(scene)


def test_a_rerun_from_a_uniting_node_takes_all_its_branches_over(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        first = await play(world)
        await world.rerun(first, identifier="u", inputs={"x": "[]"})
        held = await world.take_one("u")
        assert json.loads(held.inputs) == {"x": "[]"}
        assert (await world.statuses())["c"] == ["SUCCESS"] * 3
        await world.report(held, one(v="1"))
        await world.do("e", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_rerun_after_a_unite_takes_the_uniting_state_over(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        first = await play(world)
        await world.rerun(first, identifier="e")
        assert (await world.statuses())["u"] == ["SUCCESS"]
        assert json.loads((await world.take_one("e")).inputs) == {"x": "all"}

    lane.run(scene)


def test_what_failed_before_the_start_is_executed_anew_and_so_is_what_joins_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("r", ["a", "z"]), node("z"), node("a", ["b"]), node("b", ["u"], x="${{ a.outputs.v }}"),
            node("u", unites={"identifier": "a", "strategy": "ALL_DONE"}, x="${{ b.outputs.v }}"), retry_policy=ONCE,
        )  # fmt: skip
        first = await world.trigger()
        await world.do("r", one())
        await world.do("a", many("1", "2"))
        good, bad = await world.take("b")
        await world.report(good, one(v="g"))
        await world.report(bad, failed())
        await world.do("u", one())
        await world.do("z", one())
        await world.rerun(first, identifier="z")
        await world.do("b", one(v="h"))
        assert json.loads((await world.take_one("u")).inputs) == {"x": '["g","h"]'}

    lane.run(scene)


def test_retries_prunes_and_empty_lists_are_taken_over_as_they_ended(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("r", ["a", "p", "n", "z"]), node("a"), node("p", ["q"]), node("q"), node("n", ["m"]), node("m"),
            node("z"), retry_policy=ONCE,
        )  # fmt: skip
        first = await world.trigger()
        await world.do("r", one())
        broken = await world.do("a", failed())
        await world.retry_by_hand(broken.state)
        await world.do("a", one(v="late"))
        await world.do("p", Pruned({"why": "no"}))
        await world.do("n", Succeeded([], fanned_out=True))
        await world.do("z", one())
        await world.rerun(first, identifier="z")
        assert await world.statuses() == {
            "r": ["SUCCESS"], "a": ["SUCCESS"], "p": ["PRUNED"], "n": ["SUCCESS"], "z": ["CREATED"],
        }  # fmt: skip
        assert (await world.state("a")).outputs == {"v": "late"}
        assert (await world.state("p")).data == b'{"why":"no"}'
        await world.do("z", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_rerun_of_a_rerun_goes_back_to_what_the_first_run_gave(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*fan())
        first = await play(world)
        second = await world.rerun(first, identifier="e")
        await world.do("e", one())
        await world.rerun(second, identifier="c")
        assert len(await world.take("c")) == 3
        assert (await world.statuses())["b"] == ["SUCCESS"] * 3

    lane.run(scene)


def test_a_rerun_of_a_run_that_is_under_way_executes_what_has_not_ended(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*chain())
        first = await world.trigger()
        await world.do("a", one(v="A"))
        await world.rerun(first, identifier="c")
        old, new = await world.take("b")
        assert {old.task.run, new.task.run} == {first, world.run_id}

    lane.run(scene)


def test_every_refusal_of_a_rerun_says_what_to_mend(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", x="1"))
        first = await world.trigger()
        await world.do("a", many("1", "2"))
        sibling = (await world.states("a"))[1]
        with pytest.raises(BadRequest, match=r"graph 'g' has no node 'zz'; it has a, b"):
            await world.rerun(first, identifier="zz")
        with pytest.raises(BadRequest, match="node 'b' has no input 'y'; it has x"):
            await world.rerun(first, identifier="b", inputs={"y": "1"})
        with pytest.raises(BadRequest, match="only keeps output 1 of a fan-out"):
            await world.rerun(first, state=sibling.id)
        with pytest.raises(BadRequest, match="is one of 'a', not of 'b'"):
            await world.rerun(first, state=sibling.id, identifier="b")
        with pytest.raises(NotFound, match="has no state"):
            await world.rerun(first, state="0" * 32)
        with pytest.raises(NotFound, match="has no run"):
            await world.rerun("00000000-0000-4000-8000-000000000000")
        with pytest.raises(BadRequest, match="store key"):
            await world.rerun(first, store={"a.b": "1"})

    lane.run(scene)


def test_a_runtime_can_not_pass_recorded_outputs_off_as_its_own(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*chain())
        await world.trigger()
        held = await world.take_one("a")
        body = b'{"outputs":[{"v":"1"}],"origin":"' + held.state.encode() + b'"}'
        fields = {"kind": "executed", "home": "ns", "state": held.state, "attempt": "1", "body": body}
        await world.redis.xadd(HOME.reports, fields)
        await world.drain()
        assert await world.redis.xlen(HOME.rejected) == 1
        assert (await world.run()).status == "PENDING"

    lane.run(scene)


def test_cancelling_a_rerun_takes_no_entry_of_another_run_away(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*chain())
        first = await world.trigger()
        await world.do("a", one(v="A"))
        await world.take("b")
        # The new root is still on the report stream, under an id that another run's entry has on the ready stream.
        new = await rerun(world.context, HOME, first, identifier="b", inputs={}, store={})
        (entry,) = await world.redis.xrange(HOME.reports)
        await world.redis.xadd(HOME.ready("A"), {"state": "other"}, id=entry[0])
        world.run_id = new
        await world.cancel()
        assert (await world.run()).status == "CANCELLED"
        assert await world.redis.xlen(HOME.ready("A")) == 1

    lane.run(scene)
