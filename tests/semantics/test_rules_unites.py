"""Rules about unites that no other test shows by itself, on both lanes."""

import json
from typing import Any

import pytest

from engine.world import Lane, Pruned, World, failed, many, node, one
from exosphere_worker.outcome import Succeeded

NOTHING = Succeeded([], fanned_out=True)
ONCE: dict[str, Any] = {"retry_policy": {"max_retries": 0}}
BOTH = pytest.mark.parametrize("strategy", ["ALL_SUCCESS", "ALL_DONE"])


def uniting(strategy: str, identifier: str = "a") -> dict[str, str]:
    return {"identifier": identifier, "strategy": strategy}


async def read_by(world: World, identifier: str) -> dict[str, str]:
    """The inputs of the one state that is ready of a node."""
    inputs: dict[str, str] = json.loads((await world.take_one(identifier)).inputs)
    return inputs


def test_values_of_nested_fan_outs_come_outermost_first_in_whatever_order_they_end(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"], x="${{ a.outputs.v }}"), node("c", ["u"], x="${{ b.outputs.v }}"),
            node("u", unites="a", x="${{ c.outputs.v }}", y="${{ b.outputs.v }}", z="${{ a.outputs.v }}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", many("1", "2", "3"))
        for held in reversed(await world.take("b")):
            x = json.loads(held.inputs)["x"]
            await world.report(held, many(*(x + letter for letter in "xyz")))
        branches = await world.take("c")
        for held in (*branches[4:], *reversed(branches[:4])):
            await world.report(held, one(v=json.loads(held.inputs)["x"]))
        ordered = ["1x", "1y", "1z", "2x", "2y", "2z", "3x", "3y", "3z"]
        inputs = await read_by(world, "u")
        assert json.loads(inputs["x"]) == json.loads(inputs["y"]) == ordered
        assert json.loads(inputs["z"]) == ["1", "2", "3"]

    lane.run(scene)


def test_a_list_of_one_is_united_as_a_list_and_a_single_output_as_it_is(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a", x="${{ a.outputs.v }}"))
        for outcome, expected in ((many("1"), '["1"]'), (one(v="1"), "1")):
            await world.trigger()
            await world.do("a", outcome)
            await world.do("b", one())
            assert await read_by(world, "u") == {"x": expected}

    lane.run(scene)


@BOTH
def test_the_united_node_may_lead_straight_to_the_uniting_one(lane: Lane, strategy: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["u", "b"]), node("b", ["u"]), node("u", unites=uniting(strategy), x="${{ a.outputs.v }}")
        )
        await world.trigger()
        await world.do("a", many("1", "2"))
        for held in await world.take("b"):
            assert await world.states("u") == []
            await world.report(held, Pruned({}))
        # Every branch of b was pruned, yet what a gave leads straight to u.
        assert await read_by(world, "u") == {"x": '["1","2"]'}

    lane.run(scene)


def test_a_failure_on_a_side_branch_fails_the_run_and_does_not_stop_the_unite(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "side"]), node("side"), node("b", ["u"]), node("u", unites="a"), **ONCE)
        await world.trigger()
        await world.do("a", one())
        await world.do("side", failed())
        await world.do("b", one())
        await world.do("u", one())
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


@BOTH
def test_an_empty_list_between_is_a_success_that_gives_nothing(lane: Lane, strategy: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u"]), node("u", unites=uniting(strategy), x="${{ b.outputs.v }}")
        )
        await world.trigger()
        await world.do("a", many("1", "2"))
        first, second = await world.take("b")
        await world.report(first, NOTHING)
        await world.report(second, Pruned({}))
        # The state with the empty list leads straight to u, so that not everything was pruned.
        assert await read_by(world, "u") == {"x": "[]"}

    lane.run(scene)


@BOTH
def test_with_nothing_that_leads_on_and_nothing_pruned_the_unite_runs_with_empty_lists(
    lane: Lane, strategy: str
) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"]), node("c", ["u"]),
            node("u", unites=uniting(strategy), x="${{ c.outputs.v }}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", one())
        await world.do("b", NOTHING)
        assert await read_by(world, "u") == {"x": "[]"}

    lane.run(scene)


@BOTH
def test_with_nothing_that_leads_on_and_something_pruned_the_unite_is_pruned(lane: Lane, strategy: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"]), node("c", ["u"]),
            node("u", ["z"], unites=uniting(strategy)), node("z"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", many("1", "2"))
        first, second = await world.take("b")
        await world.report(first, NOTHING)
        await world.report(second, one())
        await world.do("c", Pruned({}))
        assert await world.statuses() == {
            "a": ["SUCCESS"] * 2, "b": ["SUCCESS"] * 2, "c": ["PRUNED"], "u": ["PRUNED"],
        }  # fmt: skip
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


@pytest.mark.parametrize("last", ["pruned", "failed"])
def test_all_done_runs_over_errors_and_pruned_branches_without_a_success(lane: Lane, last: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u"]), node("u", unites=uniting("ALL_DONE"), x="${{ b.outputs.v }}"), **ONCE
        )
        await world.trigger()
        await world.do("a", many("1", "2"))
        outcomes = [failed(), Pruned({})] if last == "pruned" else [Pruned({}), failed()]
        for held, outcome in zip(await world.take("b"), outcomes, strict=True):
            await world.report(held, outcome)
        assert await read_by(world, "u") == {"x": "[]"}

    lane.run(scene)


@pytest.mark.parametrize(("strategy", "status"), [("ALL_SUCCESS", "FAILED"), ("ALL_DONE", "PENDING")])
def test_a_state_whose_children_can_not_be_made_counts_as_errored(lane: Lane, strategy: str, status: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"]), node("c", ["u"], x="${{ b.outputs.v }}"),
            node("u", unites=uniting(strategy)),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", one())
        await world.do("b", one(other="1"))
        assert (await world.state("b")).status == "NEXT_CREATED_ERROR"
        assert (await world.run()).status == status
        assert len(await world.states("u")) == (status == "PENDING")

    lane.run(scene)


def test_unites_over_the_same_node_fire_each_for_itself(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b", "c"]), node("b", ["u"]), node("c", ["w"]),
            node("u", unites="a", x="${{ b.outputs.v }}"), node("w", unites="a", x="${{ c.outputs.v }}"), **ONCE,
        )  # fmt: skip
        await world.trigger()
        await world.do("a", many("1", "2"))
        for held in await world.take("b"):
            await world.report(held, one(v="b"))
        assert await read_by(world, "u") == {"x": '["b","b"]'}
        first, second = await world.take("c")
        await world.report(first, failed())
        await world.report(second, one(v="c"))
        assert await world.states("w") == []

    lane.run(scene)


def test_a_uniting_state_that_fails_is_retried_and_its_unite_does_not_fire_again(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a", x="${{ b.outputs.v }}"), **ONCE)
        await world.trigger()
        await world.do("a", many("1", "2"))
        for held in await world.take("b"):
            await world.report(held, one(v="x"))
        broken = await world.do("u", failed())
        assert (await world.run()).status == "FAILED"
        await world.retry_by_hand(broken.state)
        assert await read_by(world, "u") == {"x": '["x","x"]'}
        assert sorted((await world.statuses())["u"]) == ["QUEUED", "RETRY_CREATED"]

    lane.run(scene)
