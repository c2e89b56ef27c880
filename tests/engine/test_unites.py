"""Unites: when they fire, what they read, and that they fire once."""

import json
from typing import Any

import pytest

from engine.world import HOME, Lane, Pruned, World, failed, many, node, one
from exosphere_core.ids import derived_id
from exosphere_worker.outcome import Succeeded

NOTHING = Succeeded([], fanned_out=True)
NO_RETRY: dict[str, Any] = {"retry_policy": {"max_retries": 0}}


def united(strategy: str = "ALL_SUCCESS") -> tuple[dict[str, Any], ...]:
    """a fans out to b, u unites a."""
    return (
        node("a", ["b"]),
        node("b", ["u"], x="${{ a.outputs.v }}"),
        node("u", unites={"identifier": "a", "strategy": strategy}, bs="${{ b.outputs.v }}", list="${{ a.outputs.v }}"),
    )


def test_a_unite_runs_once_after_all_branches_with_their_values_in_branch_order(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united())
        await world.trigger()
        await world.do("a", many(*"0123456789ab"))
        for held in reversed(await world.take("b")):
            assert await world.states("u") == []
            await world.report(held, one(v="b" + json.loads(held.inputs)["x"]))
        u = await world.take_one("u")
        inputs = json.loads(u.inputs)
        assert json.loads(inputs["bs"]) == ["b" + digit for digit in "0123456789ab"]
        assert json.loads(inputs["list"]) == list("0123456789ab")
        assert list(u.task.parents) == ["a"]
        await world.report(u, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_over_a_single_output_the_united_value_is_plain_and_a_branch_value_is_a_list(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united())
        await world.trigger()
        await world.do("a", one(v="A"))
        await world.do("b", one(v="B"))
        assert (await world.state("u")).inputs == {"bs": '["B"]', "list": "A"}

    lane.run(scene)


@pytest.mark.parametrize("strategy", ["ALL_SUCCESS", "ALL_DONE"])
def test_an_empty_fan_out_runs_the_unite_with_empty_lists(lane: Lane, strategy: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united(strategy))
        await world.trigger()
        await world.do("a", NOTHING)
        assert (await world.state("u")).inputs == {"bs": "[]", "list": "[]"}
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


@pytest.mark.parametrize("strategy", ["ALL_SUCCESS", "ALL_DONE"])
def test_a_pruned_branch_is_left_out(lane: Lane, strategy: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united(strategy))
        await world.trigger()
        await world.do("a", many("0", "1", "2"))
        first, second, third = await world.take("b")
        await world.report(first, one(v="first"))
        await world.report(third, one(v="third"))
        await world.report(second, Pruned({}))
        assert (await world.state("u")).inputs["bs"] == '["first","third"]'
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


@pytest.mark.parametrize("strategy", ["ALL_SUCCESS", "ALL_DONE"])
def test_when_all_branches_are_pruned_the_unite_is_recorded_as_pruned(lane: Lane, strategy: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united(strategy))
        await world.trigger()
        await world.do("a", many("0", "1"))
        for held in await world.take("b"):
            await world.report(held, Pruned({}))
        assert (await world.state("u")).status == "PRUNED"
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


@pytest.mark.parametrize("last_fails", [True, False])
def test_all_success_waits_after_a_failure_and_the_run_ends_failed(lane: Lane, last_fails: bool) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united(), **NO_RETRY)
        await world.trigger()
        await world.do("a", many("0", "1"))
        outcomes = [one(v="ok"), failed()]
        for held, outcome in zip(await world.take("b"), outcomes if last_fails else reversed(outcomes), strict=True):
            assert (await world.run()).status == "PENDING"
            await world.report(held, outcome)
        assert await world.states("u") == []
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


@pytest.mark.parametrize("last_fails", [True, False])
def test_all_done_fires_over_failures_and_the_run_is_a_success(lane: Lane, last_fails: bool) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united("ALL_DONE"), **NO_RETRY)
        await world.trigger()
        await world.do("a", many("0", "1"))
        outcomes = [one(v="ok"), failed()]
        for held, outcome in zip(await world.take("b"), outcomes if last_fails else reversed(outcomes), strict=True):
            await world.report(held, outcome)
        assert (await world.state("u")).inputs["bs"] == '["ok"]'
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_all_done_fires_when_every_branch_failed(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united("ALL_DONE"), **NO_RETRY)
        await world.trigger()
        await world.do("a", many("0", "1"))
        for held in await world.take("b"):
            await world.report(held, failed())
        assert (await world.state("u")).inputs["bs"] == "[]"

    lane.run(scene)


def test_an_error_outside_the_unite_is_not_tolerated(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("r", ["a", "side"]), node("side"), node("a", ["b"]), node("b", ["u"]),
            node("u", unites={"identifier": "a", "strategy": "ALL_DONE"}), **NO_RETRY,
        )  # fmt: skip
        await world.trigger()
        await world.do("r", one())
        await world.do("side", failed())
        await world.do("a", one())
        await world.do("b", failed())
        await world.do("u", one())
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


def test_nothing_is_united_when_the_united_node_fails_or_is_pruned(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united(), **NO_RETRY)
        for outcome, status in ((failed(), "FAILED"), (Pruned({}), "SUCCESS")):
            await world.trigger()
            await world.do("a", outcome)
            assert await world.states("u") == []
            assert (await world.run()).status == status
            await world.check_counts()

    lane.run(scene)


def test_a_side_branch_does_not_hold_the_unite_back(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b", "side"]), node("side", ["deep"]), node("deep"), node("b", ["u"]), node("u", unites="a")
        )
        await world.trigger()
        await world.do("a", one())
        await world.do("b", one())
        await world.do("u", one())
        assert (await world.run()).status == "PENDING"
        await world.do("side", one())
        await world.do("deep", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_retried_branch_counts_once_with_the_value_of_the_attempt_that_succeeded(lane: Lane) -> None:
    async def scene(world: World) -> None:
        jitter = {"max_retries": 2, "strategy": "FIXED", "backoff_factor": 1, "max_delay": 1}
        await world.graph(*united(), retry_policy=jitter)
        await world.trigger()
        await world.do("a", many("0", "1"))
        first, second = await world.take("b")
        await world.report(second, one(v="second"))
        await world.report(first, failed())
        assert await world.states("u") == []
        retry = derived_id("retry", first.state)
        await world.promote(retry)
        await world.do("b", one(v="first"))
        assert (await world.state("u")).inputs["bs"] == '["first","second"]'
        await world.do("u", one())
        await world.check_counts()

    lane.run(scene)


NESTED = (
    node("a", ["b"]),
    node("b", ["c"]),
    node("c", ["inner"], x="${{ b.outputs.v }}"),
    node("inner", ["outer"], unites="b", x="${{ c.outputs.v }}"),
    node("outer", unites="a", x="${{ inner.outputs.v }}", all="${{ c.outputs.v }}"),
)


def test_unites_nest_and_the_inner_is_one_branch_of_the_outer(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*NESTED)
        await world.trigger()
        await world.do("a", many("p", "q"))
        for held in await world.take("b"):
            await world.report(held, many("0", "1"))
        for held in reversed(await world.take("c")):
            position = json.loads(held.inputs)["x"]
            await world.report(held, one(v=f"{held.task.branch[-5:]}/{position}"))
        inners = await world.take("inner")
        assert len(inners) == 2
        for number, held in enumerate(inners):
            await world.report(held, one(v=f"inner {number}"))
        outer = await world.take_one("outer")
        inputs = json.loads(outer.inputs)
        assert json.loads(inputs["x"]) == ["inner 0", "inner 1"]
        assert [value.rpartition("/")[2] for value in json.loads(inputs["all"])] == ["0", "1", "0", "1"]
        await world.report(outer, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_an_inner_unite_that_is_only_pruned_is_a_pruned_branch_of_the_outer(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*NESTED)
        await world.trigger()
        await world.do("a", many("p", "q"))
        first, second = await world.take("b")
        await world.report(first, one(v="0"))
        await world.report(second, one(v="1"))
        pruned, kept = await world.take("c")
        await world.report(pruned, Pruned({}))
        await world.report(kept, one(v="kept"))
        await world.do("inner", one(v="inner"))
        assert (await world.state("outer")).inputs["x"] == '["inner"]'
        await world.do("outer", one())
        await world.check_counts()

    lane.run(scene)


def test_a_failure_in_an_inner_unite_lets_both_wait_and_the_run_fail(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*NESTED, **NO_RETRY)
        await world.trigger()
        await world.do("a", one(v="p"))
        await world.do("b", many("0", "1"))
        for held, outcome in zip(await world.take("c"), [failed(), one(v="1")], strict=True):
            await world.report(held, outcome)
        assert await world.states("inner") == []
        assert await world.states("outer") == []
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


def test_an_outer_all_done_fires_over_an_inner_unite_that_waits(lane: Lane) -> None:
    async def scene(world: World) -> None:
        outer = node("outer", unites={"identifier": "a", "strategy": "ALL_DONE"}, x="${{ inner.outputs.v }}")
        await world.graph(*NESTED[:-1], outer, **NO_RETRY)
        await world.trigger()
        await world.do("a", one(v="p"))
        await world.do("b", many("0", "1"))
        for held, outcome in zip(await world.take("c"), [failed(), one(v="1")], strict=True):
            await world.report(held, outcome)
        assert await world.states("inner") == []
        assert (await world.state("outer")).inputs["x"] == "[]"
        await world.do("outer", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_two_unites_of_the_same_node_one_within_the_other_each_fire_once(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u1", "u2"]), node("u1", ["c"], unites="a"), node("c", ["u2"]),
            node("u2", unites="a", x="${{ b.outputs.v }}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", many("0", "1"))
        for held in await world.take("b"):
            await world.report(held, one(v="b"))
        assert await world.states("u2") == []
        await world.do("u1", one())
        assert await world.states("u2") == []
        await world.do("c", one())
        assert (await world.state("u2")).inputs["x"] == '["b","b"]'
        await world.do("u2", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_what_follows_a_unite_sees_it_and_what_came_before_its_branches(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("r", ["a"]), node("a", ["b"]), node("b", ["u"]), node("u", ["z"], unites="a"),
            node("z", x="${{ r.outputs.v }}${{ a.outputs.v }}${{ u.outputs.v }}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("r", one(v="R"))
        await world.do("a", many("A", "B"))
        for held in await world.take("b"):
            await world.report(held, one())
        await world.do("u", one(v="U"))
        assert (await world.state("z")).inputs == {"x": "RAU"}

    lane.run(scene)


def test_a_unite_whose_values_are_missing_ends_errored_with_the_reason(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united())
        await world.trigger()
        await world.do("a", one(v="A"))
        await world.do("b", one(other="x"))
        u = await world.state("u")
        assert u.status == "ERRORED"
        assert "b.outputs.v" in str(u.error)
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


def test_a_notice_that_comes_twice_or_is_forged_fires_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*united())
        await world.trigger()
        a = await world.do("a", many("0", "1"))
        unite = derived_id("unite", a.state, "u")
        notice: Any = {"kind": "settled", "home": "ns", "state": unite, "attempt": "0", "body": "{}"}
        await world.redis.xadd(HOME.reports, notice)
        await world.drain()
        assert await world.states("u") == []
        for held in await world.take("b"):
            await world.report(held, one(v="x"))
        await world.redis.xadd(HOME.reports, notice)
        await world.drain()
        assert len(await world.states("u")) == 1
        await world.do("u", one())
        await world.check_counts()

    lane.run(scene)


def test_an_error_that_two_inner_unites_tolerate_is_none_for_the_unites_around_either(lane: Lane) -> None:
    async def scene(world: World) -> None:
        done = {"identifier": "a", "strategy": "ALL_DONE"}
        await world.graph(
            node("r", ["a"]), node("a", ["d", "x"]), node("d", ["e", "f"]), node("x", ["e", "f"]),
            node("e", ["h"], unites=done), node("f", unites=done), node("h", unites="r"),
            retry_policy={"max_retries": 0},
        )  # fmt: skip
        await world.trigger()
        await world.do("r", one())
        await world.do("a", one())
        await world.do("x", one())
        await world.do("d", failed())
        await world.do("f", one())
        await world.do("e", one())
        await world.do("h", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_values_of_uniting_branches_stand_after_those_of_plain_ones_in_order_of_declaration(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["v", "w", "b"]), node("v", ["m"], unites="a"), node("w", ["m"], unites="a"), node("b", ["m"]),
            node("m", ["o"]), node("o", unites="a", x="${{ m.outputs.v }}"),
        )  # fmt: skip
        for _ in range(3):
            await world.trigger()
            await world.do("a", one())
            via = {}
            for name in ("b", "w", "v"):
                via[(await world.do(name, one())).state] = name
            for held in await world.take("m"):
                await world.report(held, one(v=via[list(held.task.parents.values())[-1]]))
            assert json.loads((await world.take_one("o")).inputs) == {"x": '["b","v","w"]'}

    lane.run(scene)
