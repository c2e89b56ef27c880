"""Retrying by hand, on both lanes."""

import json

import pytest

from engine.world import HOME, Lane, World, failed, many, node, one
from exosphere_core.errors import BadRequest, Conflict, NotFound

ONCE = {"max_retries": 0}


def test_a_retried_state_takes_over_everything_and_its_run_goes_on(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["c"], x="${{ a.outputs.v }}"), node("c"), retry_policy=ONCE)
        await world.trigger()
        await world.do("a", one(v="7"))
        broken = await world.do("b", failed("no disk"))
        assert (await world.run()).status == "FAILED"
        new = await world.retry_by_hand(broken.state)
        run = await world.run()
        assert (run.status, run.ended_at) == ("PENDING", None)
        held = await world.take_one("b")
        assert (held.state, held.task.parents, held.task.retry_count) == (new, broken.task.parents, 0)
        assert json.loads(held.inputs) == {"x": "7"}
        await world.report(held, one())
        await world.do("c", one())
        assert (await world.run()).status == "SUCCESS"
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["RETRY_CREATED", "SUCCESS"], "c": ["SUCCESS"]}
        old = next(state for state in await world.states("b") if state.id == broken.state)
        assert (old.error, old.retried_by) == ("no disk", new)
        await world.check_counts()

    lane.run(scene)


def test_a_manual_retry_has_all_automatic_ones_before_it_again(lane: Lane) -> None:
    async def scene(world: World) -> None:
        policy = {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1}
        await world.graph(node("a"), retry_policy=policy)
        await world.trigger()
        await world.do("a", failed(retryable=False))
        (state,) = await world.states("a")
        await world.retry_by_hand(state.id)
        await world.do("a", failed())
        assert sorted((s.status.value, s.task.retry_count) for s in await world.states("a")) == [
            ("CREATED", 1),
            ("RETRY_CREATED", 0),
            ("RETRY_CREATED", 0),
        ]

    lane.run(scene)


def test_the_idempotency_key_of_a_chain_survives_manual_retries(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), retry_policy=ONCE)
        await world.trigger()
        first = await world.do("a", failed())
        await world.retry_by_hand(first.state, "1")
        second = await world.do("a", failed())
        assert second.task.chain == first.state
        await world.retry_by_hand(second.state, "2")
        assert (await world.take_one("a")).task.chain == first.state

    lane.run(scene)


def test_a_waiting_unite_fires_after_a_manual_retry_that_succeeds(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u"], x="${{ a.outputs.v }}"), node("u", unites="a", x="${{ b.outputs.v }}"),
            retry_policy=ONCE,
        )  # fmt: skip
        await world.trigger()
        await world.do("a", many("1", "2"))
        good, bad = await world.take("b")
        await world.report(bad, failed())
        await world.report(good, one(v="g"))
        assert (await world.run()).status == "FAILED"
        await world.retry_by_hand(bad.state)
        await world.do("b", one(v="h"))
        assert json.loads((await world.take_one("u")).inputs) == {"x": '["g","h"]'}
        await world.check_counts()

    lane.run(scene)


def test_a_manual_retry_while_other_branches_run_holds_the_unite_back(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a"), retry_policy=ONCE)
        await world.trigger()
        await world.do("a", many("1", "2"))
        good, bad = await world.take("b")
        await world.report(bad, failed())
        await world.retry_by_hand(bad.state)
        await world.report(good, one())
        assert "u" not in await world.statuses()
        await world.do("b", one())
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_two_errors_need_two_retries_before_a_unite_fires(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a"), retry_policy=ONCE)
        await world.trigger()
        await world.do("a", many("1", "2"))
        for held in await world.take("b"):
            await world.report(held, failed())
        one_state, other = await world.states("b")
        await world.retry_by_hand(one_state.id)
        await world.do("b", one())
        assert (await world.run()).status == "FAILED"
        await world.retry_by_hand(other.id)
        await world.do("b", one())
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def nested(inner: str, outer: str) -> list[dict[str, object]]:
    return [
        node("a", ["b"]), node("b", ["c"]), node("c", ["i"]),
        node("i", ["o"], unites={"identifier": "b", "strategy": inner}),
        node("o", unites={"identifier": "a", "strategy": outer}),
    ]  # fmt: skip


def test_a_retry_arms_the_unites_around_a_waiting_one_too(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*nested("ALL_SUCCESS", "ALL_SUCCESS"), retry_policy=ONCE)
        await world.trigger()
        await world.do("a", one())
        await world.do("b", many("1", "2"))
        good, bad = await world.take("c")
        await world.report(good, one())
        await world.report(bad, failed())
        assert (await world.run()).status == "FAILED"
        await world.retry_by_hand(bad.state)
        await world.do("c", one())
        await world.do("i", one())
        await world.do("o", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_an_error_that_an_inner_unite_tolerates_is_none_for_the_outer_one(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*nested("ALL_DONE", "ALL_SUCCESS"), retry_policy=ONCE)
        await world.trigger()
        await world.do("a", one())
        await world.do("b", many("1", "2"))
        good, bad = await world.take("c")
        await world.report(good, one())
        await world.report(bad, failed())
        await world.do("i", one())
        await world.do("o", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_retry_of_a_tolerated_error_goes_on_and_the_unite_does_not_fire_again(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*nested("ALL_DONE", "ALL_SUCCESS"), retry_policy=ONCE)
        await world.trigger()
        await world.do("a", one())
        await world.do("b", many("1", "2"))
        good, bad = await world.take("c")
        await world.report(good, one())
        await world.report(bad, failed())
        await world.do("i", one())
        await world.retry_by_hand(bad.state)
        # The outer unite waits for the retried branch; it fails again and is tolerated again.
        held = await world.take_one("o")
        await world.report(held, one())
        assert (await world.run()).status == "PENDING"
        await world.do("c", failed())
        assert (await world.run()).status == "SUCCESS"
        assert len(await world.states("i")) == len(await world.states("o")) == 1
        await world.check_counts()

    lane.run(scene)


def test_a_uniting_state_whose_inputs_could_not_be_made_is_retried_with_new_ones(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u"]), node("u", unites="a", x="${{ b.outputs.v }}"), retry_policy=ONCE
        )
        await world.trigger()
        await world.do("a", many("1", "2"))
        first, second = await world.take("b")
        await world.report(first, one(v="1"))
        await world.report(second, one(w="2"))
        state = await world.state("u")
        assert state.status == "ERRORED"
        with pytest.raises(Conflict, match=rf"state {state.id} can't be retried: .*has no value"):
            await world.retry_by_hand(state.id)
        await world.redis.hset(HOME.state(second.state), "outputs", '{"v":"2"}')
        await world.retry_by_hand(state.id)
        assert json.loads((await world.take_one("u")).inputs) == {"x": '["1","2"]'}

    lane.run(scene)


def test_every_refusal_of_a_manual_retry_says_why(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), retry_policy=ONCE)
        await world.trigger()
        broken = await world.do("a", failed())
        new = await world.retry_by_hand(broken.state, "first")
        with pytest.raises(Conflict, match="the retry with fanout_id 'first' was made before"):
            await world.retry_by_hand(broken.state, "first")
        with pytest.raises(Conflict, match="is RETRY_CREATED; only a state that failed can be retried"):
            await world.retry_by_hand(broken.state, "second")
        await world.do("a", failed())
        with pytest.raises(Conflict, match="the retry with fanout_id 'first' was made before"):
            await world.retry_by_hand(new, "first")
        with pytest.raises(NotFound, match="has no state"):
            await world.retry_by_hand("0" * 32)
        with pytest.raises(BadRequest, match="fanout_id"):
            await world.retry_by_hand(new, "a/b")

    lane.run(scene)


def test_a_failed_state_of_a_cancelled_run_is_not_retried(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "c"]), node("b"), node("c"), retry_policy=ONCE)
        await world.trigger()
        await world.do("a", one())
        broken = await world.do("b", failed())
        await world.cancel()
        with pytest.raises(Conflict, match=r"was cancelled; state .* can't be retried, rerun it instead"):
            await world.retry_by_hand(broken.state)

    lane.run(scene)


def test_all_that_failed_in_a_run_is_retried_by_one_call(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a"), retry_policy=ONCE)
        await world.trigger()
        await world.do("a", many(*"123456"))
        held = await world.take("b")
        for place, one_held in enumerate(held):
            await world.report(one_held, failed() if place % 2 else one())
        made = await world.retry_failed()
        assert set(made) == {one_held.state for one_held in held[1::2]}
        for again in await world.take("b"):
            await world.report(again, one())
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        with pytest.raises(Conflict, match="has no state that failed"):
            await world.retry_failed()

    lane.run(scene)


def test_a_state_that_can_not_be_retried_does_not_keep_the_others_from_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("r", ["a", "z"]), node("a", ["b"]), node("b", ["u"]), node("u", unites="a", x="${{ b.outputs.v }}"),
            node("z"), retry_policy=ONCE,
        )  # fmt: skip
        await world.trigger()
        await world.do("r", one())
        await world.do("a", one())
        await world.do("b", one(w="1"))
        broken = await world.do("z", failed())
        assert (await world.state("u")).status == "ERRORED"
        assert set(await world.retry_failed()) == {broken.state}
        await world.do("z", one())
        assert (await world.run()).status == "FAILED"
        with pytest.raises(Conflict, match=r"can't be retried: .*has no value"):
            await world.retry_failed()
        await world.check_counts()

    lane.run(scene)
