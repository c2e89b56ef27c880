"""Rules about unites within, after and beside other unites that no other test shows by itself, on both lanes."""

import json
from typing import Any

from engine.world import Lane, World, failed, many, node, one

ONCE: dict[str, Any] = {"retry_policy": {"max_retries": 0}}


def uniting(strategy: str, identifier: str = "a") -> dict[str, str]:
    return {"identifier": identifier, "strategy": strategy}


def test_a_uniting_state_without_inputs_counts_as_errored_for_the_unite_around_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["c"]), node("c", ["i"]),
            node("i", ["o"], unites="b", x="${{ c.outputs.v }}"), node("o", unites=uniting("ALL_DONE")),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", one())
        await world.do("b", one())
        await world.do("c", one(other="1"))
        inner = await world.state("i")
        assert (inner.status, inner.inputs) == ("ERRORED", {})
        await world.do("o", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_unites_follow_one_another(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u"]), node("u", ["c"], unites="a"),
            node("c", ["w"], x="${{ a.outputs.v }}"), node("w", unites="u", x="${{ c.outputs.v }}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", one(v="A"))
        await world.do("b", one())
        await world.do("u", many("1", "2"))
        for number, held in enumerate(await world.take("c")):
            assert json.loads(held.inputs) == {"x": "A"}
            await world.report(held, one(v=str(number)))
        w = await world.take_one("w")
        assert json.loads(w.inputs) == {"x": '["0","1"]'}
        assert list(w.task.parents) == ["a", "u"]
        await world.report(w, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_uniting_state_counts_only_for_unites_that_were_armed_no_later_than_its_own(lane: Lane) -> None:
    async def scene(world: World) -> None:
        # The two overlap and neither lies within the other: u unites a, w unites b, and u leads to w.
        await world.graph(
            node("a", ["b"]), node("b", ["c"]), node("c", ["u", "w"]), node("u", ["w"], unites="a"),
            node("w", unites="b", x="${{ u.outputs.v }}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", one())
        await world.do("b", one())
        await world.do("c", one())
        # The state of u belongs to the execution of a, of which that of b is a part: w does not wait for it.
        assert json.loads((await world.take_one("w")).inputs) == {"x": "[]"}
        await world.do("u", one(v="1"))
        assert len(await world.states("w")) == 1

    lane.run(scene)


NESTED = (node("a", ["b"]), node("b", ["c"]), node("c", ["i"]))


def test_an_inner_unite_that_waited_fires_after_the_outer_one_which_does_not_fire_again(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*NESTED, node("i", ["o"], unites="b"), node("o", unites=uniting("ALL_DONE")), **ONCE)
        await world.trigger()
        await world.do("a", one())
        await world.do("b", one())
        broken = await world.do("c", failed())
        await world.do("o", one())
        assert (await world.run()).status == "SUCCESS"
        await world.retry_by_hand(broken.state)
        await world.do("c", one())
        await world.do("i", one())
        assert (await world.run()).status == "SUCCESS"
        assert len(await world.states("o")) == 1
        await world.check_counts()

    lane.run(scene)


def test_an_outer_unite_waits_for_the_retry_of_an_error_that_an_inner_one_tolerated(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*NESTED, node("i", ["o"], unites=uniting("ALL_DONE", "b")), node("o", unites="a"), **ONCE)
        await world.trigger()
        await world.do("a", one())
        await world.do("b", one())
        broken = await world.do("c", failed())
        await world.retry_by_hand(broken.state)
        await world.do("i", one())
        assert await world.states("o") == []
        await world.do("c", failed())
        await world.do("o", one())
        assert (await world.run()).status == "SUCCESS"
        assert len(await world.states("i")) == 1
        await world.check_counts()

    lane.run(scene)
