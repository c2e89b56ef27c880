"""Rules about runs, states, inputs and the store that no other test shows by itself, on both lanes."""

import json
from typing import Any

import pytest

from engine.handover import hand_over, report_there
from engine.world import HOME, Lane, Pruned, World, failed, many, node, one
from exosphere_core.errors import Conflict
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.store import streams
from exosphere_core.store.reads import read_store
from exosphere_worker.held import read_delivery
from exosphere_worker.outcome import Succeeded

ONCE: dict[str, Any] = {"retry_policy": {"max_retries": 0}}


def writing(**store: str) -> Succeeded:
    """The node returned one empty output and wrote to the store."""
    return Succeeded([{}], fanned_out=False, store=store)


def test_inputs_are_resolved_when_their_state_is_created_and_stay_so(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["writer", "reader"]), node("writer"), node("reader", x="${{ store.cursor }}"),
            store_config={"default_values": {"cursor": "old"}},
        )  # fmt: skip
        await world.trigger()
        await world.do("a", one())
        await world.do("writer", writing(cursor="new"))
        assert json.loads((await world.take_one("reader")).inputs) == {"x": "old"}
        assert (await world.state("reader")).inputs == {"x": "old"}

    lane.run(scene)


def test_the_parents_of_a_state_are_all_ancestors_on_its_own_branch(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"]), node("c", ["d"], x="${{ a.outputs.v }}${{ b.outputs.v }}"), node("d")
        )
        await world.trigger()
        await world.do("a", many("1", "2"))
        for held in await world.take("b"):
            await world.report(held, many("x", "y"))
        for held in await world.take("c"):
            await world.report(held, one())
        states = {state.id: state for state in await world.states()}
        for state in await world.states("d"):
            parents = {name: states[parent] for name, parent in state.task.parents.items()}
            assert set(parents) == {"a", "b", "c"}
            assert parents["c"].inputs == {"x": parents["a"].outputs["v"] + parents["b"].outputs["v"]}
            assert parents["b"].task.parents["a"] == parents["a"].id

    lane.run(scene)


def test_a_run_is_pending_while_one_of_its_unites_can_still_fire(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a"))
        await world.trigger()
        await world.do("a", one())
        await world.send(await world.take_one("b"), one())
        await world.consumer.apply(await world.reports())  # the last branch has ended; its unite has not fired yet
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["SUCCESS"]}
        assert (await world.run()).status == "PENDING"
        await world.drain()
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_finished_run_changes_by_nothing_but_a_manual_retry(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"), **ONCE)
        await world.trigger()
        first = await world.do("a", one())
        second = await world.do("b", failed())
        finished = await world.run()
        assert finished.status == "FAILED"
        for held in (first, second):
            for outcome in (one(), many("1", "2"), failed(), Pruned({})):
                await world.report(held, outcome)
        with pytest.raises(Conflict, match="has ended with FAILED"):
            await world.cancel()
        assert await world.run() == finished
        await world.retry_by_hand(second.state)
        assert (await world.run()).status == "PENDING"
        await world.do("b", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_cancelled_run_with_errors_is_cancelled_and_not_failed(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "c"]), node("b"), node("c"), **ONCE)
        await world.trigger()
        await world.do("a", one())
        await world.do("b", failed())
        await world.cancel()
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["ERRORED"], "c": ["CANCELLED"]}
        assert (await world.run()).status == "CANCELLED"
        await world.check_counts()

    lane.run(scene)


def test_a_cancelled_run_can_be_run_again_from_a_node(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", x="${{ a.outputs.v }}"))
        first = await world.trigger()
        await world.do("a", one(v="1"))
        await world.cancel()
        await world.rerun(first, identifier="b")
        assert json.loads((await world.take_one("b")).inputs) == {"x": "1"}

    lane.run(scene)


def test_a_node_of_another_namespace_is_queued_there_and_its_record_stays_with_the_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        there = ShardKeys("other")
        foreign = {**node("b", ["c"], x="${{ a.outputs.v }}"), "namespace": "other"}
        await world.graph(node("a", ["b"]), foreign, node("c", x="${{ b.outputs.v }}"))
        await world.trigger()
        await world.do("a", one(v="1"))
        assert await world.redis.exists(HOME.ready("B")) == 0
        await hand_over(world)
        (entry,) = await streams.read_new(world.redis, RUNTIMES_GROUP, "w", [there.ready("B")], 10, None)
        held = read_delivery(entry)
        assert json.loads(held.inputs) == {"x": "1"}
        assert await world.redis.exists(HOME.state(held.state))

        await report_there(world, held, one(v="2"))
        assert json.loads((await world.take_one("c")).inputs) == {"x": "2"}
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["SUCCESS"], "c": ["QUEUED"]}

    lane.run(scene)


def test_every_next_node_gets_one_child_for_each_output(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "c"]), node("b", x="${{ a.outputs.v }}"), node("c", x="${{ a.outputs.v }}"))
        await world.trigger()
        await world.do("a", many("1", "2", "3"))
        for identifier in ("b", "c"):
            assert [json.loads(held.inputs)["x"] for held in await world.take(identifier)] == ["1", "2", "3"]

    lane.run(scene)


def test_store_writes_of_a_state_whose_children_can_not_be_made_are_dropped(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", x="${{ a.outputs.v }}"), store_config={"default_values": {"cursor": "1"}}
        )
        await world.trigger()
        await world.do("a", writing(cursor="2"))
        assert (await world.state("a")).status == "NEXT_CREATED_ERROR"
        assert await read_store(world.redis, HOME, world.run_id) == {"cursor": "1"}

    lane.run(scene)


def test_store_writes_take_effect_once_however_often_they_are_reported(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["c"]), node("c"))
        await world.trigger()
        first = await world.do("a", writing(cursor="1", other="kept"))
        await world.do("b", writing(cursor="2"))
        await world.report(first, writing(cursor="1"))
        assert await read_store(world.redis, HOME, world.run_id) == {"cursor": "2", "other": "kept"}

    lane.run(scene)


def test_the_store_of_a_rerun_is_the_earlier_one_as_it_is_now_and_no_write_is_repeated(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"]), node("c", x="${{ store.cursor }}/${{ store.day }}"),
            store_config={"required_keys": ["day"], "default_values": {"cursor": "0"}},
        )  # fmt: skip
        first = await world.trigger(store={"day": "Monday"})
        await world.do("a", writing(cursor="1"))
        await world.do("b", writing(cursor="2"))
        await world.do("c", one())
        await world.rerun(first, identifier="c", store={"day": "Tuesday"})
        assert json.loads((await world.take_one("c")).inputs) == {"x": "2/Tuesday"}
        assert await read_store(world.redis, HOME, world.run_id) == {"cursor": "2", "day": "Tuesday"}
        assert await read_store(world.redis, HOME, first) == {"cursor": "2", "day": "Monday"}

    lane.run(scene)
