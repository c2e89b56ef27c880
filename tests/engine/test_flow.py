"""How a run flows: chains, fan-out, signals, retries, store, versions, limits."""

import pytest

from engine.world import HOME, Lane, Pruned, Requeued, World, failed, many, node, one
from exosphere_core.errors import BadRequest, InvalidGraph, NotFound
from exosphere_core.store import catalog
from exosphere_core.store.calls import apply
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_worker.outcome import Released, Succeeded

CHAIN = (
    node("a", ["b"], x="start"),
    node("b", ["c"], x="${{ a.outputs.v }}!"),
    node("c", x="${{a.outputs.v}}-${{ b.outputs.v }}"),
)


def test_a_chain_passes_values_on_and_ends_in_success(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*CHAIN)
        await world.trigger()
        a = await world.do("a", one(v="1"))
        b = await world.do("b", one(v="2"))
        assert (await world.state("c")).inputs == {"x": "1-2"}
        assert (await world.run()).status == "PENDING"
        await world.do("c", one(v="3"))
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["SUCCESS"], "c": ["SUCCESS"]}
        assert (await world.state("c")).task.parents == {"a": a.state, "b": b.state}
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_state_reads_queued_while_a_runtime_has_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*CHAIN)
        await world.trigger()
        assert await world.statuses() == {"a": ["CREATED"]}
        held = await world.take_one("a")
        assert await world.statuses() == {"a": ["QUEUED"]}
        await world.report(held, one(v="1"))
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["CREATED"]}

    lane.run(scene)


def test_a_node_with_two_parents_and_no_unites_runs_once_for_each(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "c"]), node("b", ["d"]), node("c", ["d"]), node("d", x="${{ a.outputs.v }}"))
        await world.trigger()
        await world.do("a", one(v="1"))
        await world.do("b", one())
        await world.do("c", one())
        assert len(await world.take("d")) == 2

    lane.run(scene)


def test_a_list_makes_a_branch_for_each_element_in_order(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", x="${{ a.outputs.v }}"))
        await world.trigger()
        await world.do("a", many("x", "y", "z"))
        assert [state.outputs["v"] for state in await world.states("a")] == ["x", "y", "z"]
        assert [state.status for state in await world.states("a")] == ["SUCCESS"] * 3
        taken = await world.take("b")
        assert [held.inputs for held in taken] == [b'{"x":"x"}', b'{"x":"y"}', b'{"x":"z"}']
        siblings = [state.id for state in await world.states("a")]
        assert [held.task.parents["a"] for held in taken] == siblings
        for held in taken:
            await world.report(held, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_none_runs_the_children_once_and_an_empty_list_runs_none(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        await world.do("a", Succeeded([{}], fanned_out=False))
        await world.do("b", Succeeded([], fanned_out=True))
        assert (await world.run()).status == "SUCCESS"
        await world.trigger()
        await world.do("a", Succeeded([], fanned_out=True))
        assert await world.statuses() == {"a": ["SUCCESS"]}
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_wide_fan_out_is_made_in_chunks_and_is_gone_on_with_by_another_state_manager(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u"], x="${{ a.outputs.v }}"), node("u", unites="a", x="${{ b.outputs.v }}")
        )
        await world.trigger()
        held = await world.take_one("a")
        await world.send(held, many(*(str(number) for number in range(480))))
        entries = await world.reports()
        # The first state manager dies after two chunks.
        from exosphere_orchestrator.engine.applier import prepare

        batch = await prepare(world.context, HOME, entries, world.context.limits)
        (step,) = batch.steps
        assert step.parts == 40
        for _ in range(2):
            assert (await apply(world.redis, next(step.calls).call))[0] == b"applied"
        assert "EXECUTED" in (await world.statuses())["a"]
        other = world.another_state_manager()
        await other.apply(entries)
        await other.settled()
        await world.check_counts()
        assert (await world.statuses())["a"] == ["SUCCESS"] * 480
        # One report of the middle comes twice: it changes nothing.
        await other.apply(entries)
        await other.settled()
        taken = await world.take("b")
        assert len(taken) == 480
        for held in taken:
            await world.send(held, one(v=held.inputs.decode()))
        await world.drain(other)
        united = await world.take_one("u")
        assert united.inputs.count(b"x") == 481
        await world.report(united, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_prune_ends_its_branch_and_keeps_its_data(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*CHAIN)
        await world.trigger()
        await world.do("a", Pruned({"why": "nothing to do"}))
        state = await world.state("a")
        assert (state.status, state.data) == ("PRUNED", b'{"why":"nothing to do"}')
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_requeue_runs_the_same_state_again_after_its_delay(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        held = await world.do("a", Requeued(40))
        assert world.noted == [(held.state, 40)]
        assert await world.take("a") == []
        (due,) = await world.redis.zrange(HOME.due, 0, -1, withscores=True)
        state = await world.state("a")
        assert (state.status, state.due_at, due[1]) == ("CREATED", int(due[1]), state.due_at)
        await world.promote(held.state)
        again = await world.take_one("a")
        assert (again.state, again.attempt, again.task.retry_count) == (held.state, "2", 0)
        await world.report(again, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_failure_with_retries_left_makes_a_new_state_that_goes_on_with_the_branch(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*CHAIN, retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 20})
        await world.trigger()
        first = await world.do("a", failed("first"))
        old, new = await world.states("a")
        assert (old.status, old.error, old.id) == ("RETRY_CREATED", "first", first.state)
        assert (new.status, new.task.retry_count, new.inputs) == ("CREATED", 1, {"x": "start"})
        assert new.task.chain == first.state
        assert world.noted == [(new.id, 20)]
        await world.promote(new.id)
        await world.do("a", one(v="1"))
        assert (await world.state("b")).task.parents == {"a": new.id}
        await world.do("b", one(v="2"))
        await world.do("c", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_failure_without_retries_left_ends_the_run_as_failed(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*CHAIN, retry_policy={"max_retries": 0})
        await world.trigger()
        await world.do("a", failed("no way"))
        state = await world.state("a")
        assert (state.status, state.error) == ("ERRORED", "no way")
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


def test_a_final_error_is_not_retried_and_a_node_may_have_a_policy_of_its_own(lane: Lane) -> None:
    async def scene(world: World) -> None:
        declared = node("a", ["b"])
        declared["retry_policy"] = {"max_retries": 5}
        await world.graph(declared, node("b"), retry_policy={"max_retries": 0})
        await world.trigger()
        await world.do("a", failed("final", retryable=False))
        assert await world.statuses() == {"a": ["ERRORED"]}
        await world.trigger()
        await world.do("a", failed("again"))
        assert await world.statuses() == {"a": ["RETRY_CREATED", "CREATED"]}

    lane.run(scene)


def test_a_released_state_is_ready_again_at_once_under_a_new_attempt(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        held = await world.do("a", Released())
        again = await world.take_one("a")
        assert (again.state, again.attempt) == (held.state, "2")

    lane.run(scene)


def test_a_report_of_an_attempt_that_is_not_current_changes_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*CHAIN)
        await world.trigger()
        held = await world.take_one("a")
        await world.report(held, Released())
        again = await world.take_one("a")
        await world.report(held, one(v="late"))
        assert (await world.state("a")).status == "QUEUED"
        await world.report(again, one(v="right"))
        await world.report(again, one(v="twice"))
        await world.report(again, failed("after the fact"))
        assert (await world.state("a")).outputs == {"v": "right"}
        assert world.context.counts["stale"] == 3
        assert len(await world.states("b")) == 1
        await world.check_counts()

    lane.run(scene)


def test_children_that_cannot_be_made_end_the_state_with_the_reason(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(*CHAIN)
        await world.trigger()
        await world.do("a", one(other="1"))
        state = await world.state("a")
        assert (state.status, state.outputs) == ("NEXT_CREATED_ERROR", {"other": "1"})
        assert state.error is not None
        assert "'b'" in state.error
        assert "a.outputs.v" in state.error
        assert "other" in state.error
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


def test_more_branches_than_the_limit_are_refused_by_name(lane: Lane) -> None:
    async def scene(world: World) -> None:
        limited = World(world.redis, Limits(max_fan_out=2, max_value_bytes=None))
        await limited.graph(node("a", ["b"]), node("b"))
        await limited.trigger()
        await limited.do("a", many("1", "2", "3"))
        state = (await limited.states("a"))[0]
        assert state.status == "NEXT_CREATED_ERROR"
        assert state.error == "'a' fanned out into 3 branches; the limit is 2 (EXOSPHERE_MAX_FAN_OUT)"
        await limited.close()

    lane.run(scene)


def test_inputs_over_the_limit_are_refused_by_name(lane: Lane) -> None:
    async def scene(world: World) -> None:
        limited = World(world.redis, Limits(max_fan_out=None, max_value_bytes=50))
        await limited.graph(node("a", ["b"]), node("b", x="${{ a.outputs.v }}"))
        await limited.trigger()
        await limited.do("a", one(v="y" * 60))
        state = await limited.state("a")
        assert state.status == "NEXT_CREATED_ERROR"
        assert "inputs of 'b' are 68 bytes of JSON; the limit is 50 (EXOSPHERE_MAX_VALUE_BYTES)" in str(state.error)
        await limited.close()

    lane.run(scene)


def test_store_values_are_read_by_placeholders_and_writes_land_with_the_success(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"], x="${{ store.cursor }}/${{ store.batch }}"),
            node("b", ["c"], x="${{ store.cursor }}"),
            node("c", x="${{ store.cursor }}"),
            store_config={"required_keys": ["batch"], "default_values": {"cursor": "0"}},
        )
        with pytest.raises(BadRequest, match="'batch'"):
            await world.trigger()
        await world.trigger(store={"batch": "b1", "extra": "kept"})
        held = await world.take_one("a")
        assert held.inputs == b'{"x":"0/b1"}'
        await world.report(held, Succeeded([{}], fanned_out=False, store={"cursor": "7"}))
        assert (await world.state("b")).inputs == {"x": "7"}
        await world.do("b", Succeeded([{}], fanned_out=False))
        assert (await world.state("c")).inputs == {"x": "7"}
        from exosphere_core.store.reads import read_store

        assert await read_store(world.redis, HOME, world.run_id) == {"cursor": "7", "batch": "b1", "extra": "kept"}

    lane.run(scene)


def test_a_callers_text_is_never_parsed_for_placeholders(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"], x="default"), node("b", x="${{ a.outputs.v }}"))
        await world.trigger(inputs={"x": "${{ store.secret }}"})
        held = await world.take_one("a")
        assert held.inputs == b'{"x":"${{ store.secret }}"}'
        await world.report(held, one(v="${{ a.outputs.v }}"))
        assert (await world.state("b")).inputs == {"x": "${{ a.outputs.v }}"}

    lane.run(scene)


def test_a_run_keeps_the_version_that_it_was_triggered_with(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", x="old"))
        await world.trigger()
        await world.graph(node("a", ["c"]), node("c", x="new"))
        await world.do("a", one())
        assert (await world.state("b")).inputs == {"x": "old"}
        assert (await world.run()).version == 1

    lane.run(scene)


def test_a_delayed_run_waits_for_its_time(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger(delay_ms=30)
        state = await world.state("a")
        assert world.noted == [(state.id, 30)]
        assert state.due_at == state.created_at + 30
        assert await world.take("a") == []
        await world.promote(state.id)
        await world.do("a", one())
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_the_same_run_id_is_triggered_once(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        run = await world.trigger()
        await world.trigger(run_id=run)
        assert len(await world.take("a")) == 1
        await world.check_counts()

    lane.run(scene)


def test_a_graph_that_is_unknown_or_not_valid_can_not_be_triggered(lane: Lane) -> None:
    async def scene(world: World) -> None:
        with pytest.raises(NotFound, match="has no graph 'nope'"):
            await world.trigger("nope")
        await world.graph(node("a"))
        await catalog.judge_version(world.redis, "ns", "g", 1, "INVALID", ["node 'a': not registered"])
        with pytest.raises(InvalidGraph, match="node 'a': not registered"):
            await world.trigger()

    lane.run(scene)
