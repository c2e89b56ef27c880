"""A record that can't be read concerns what needs it, and nothing else: that fails with its name, or is put aside."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.world import HOME, Lane, Pruned, World, failed, many, node, one
from exosphere_core.errors import CorruptRecord, NotFound
from exosphere_core.ids import derived_id
from exosphere_core.keys import RUNTIMES_GROUP, CatalogKeys
from exosphere_core.store import moves, reads, streams
from exosphere_core.store.rejected import read_rejected
from exosphere_core.store.run_pages import read_newest_runs
from exosphere_orchestrator.engine.promoter import Promoter
from exosphere_orchestrator.engine.reaper import Reaper

CATALOG = CatalogKeys("ns")

Break = Callable[[World, str], Awaitable[Any]]


async def no_json(world: World, state: str) -> None:
    await world.redis.hset(HOME.state(state), "task", "{")


async def of_a_wrong_type(world: World, state: str) -> None:
    await world.redis.hset(HOME.state(state), "task", '{"run":7}')


async def no_hash(world: World, state: str) -> None:
    await world.redis.delete(HOME.state(state))
    await world.redis.set(HOME.state(state), "a string")


async def no_text(world: World, state: str) -> None:
    await world.redis.hset(HOME.state(state), "task", b"\xff\xfe")


every_break = pytest.mark.parametrize("spoil", [no_json, of_a_wrong_type, no_hash, no_text])


async def reasons(world: World) -> list[str]:
    return [found.reason for found in await read_rejected(world.redis, [HOME], None, 100)]


def forget(world: World) -> None:
    """The state manager remembers nothing of what it made."""
    world.context.tasks._tasks.clear()
    world.context.plans._plans.clear()


@every_break
def test_an_unreadable_task_holds_up_none_of_the_other_reports_of_its_batch(lane: Lane, spoil: Break) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        runs = [await world.trigger() for _ in range(9)]
        taken = await world.take("a")
        bad = taken[4]
        await spoil(world, bad.state)
        forget(world)
        for held in taken:
            await world.send(held, one())
        await world.drain()
        for run in runs:
            world.run_id = run
            assert (await world.run()).status == ("PENDING" if run == bad.task.run else "SUCCESS")
        (reason,) = await reasons(world)
        assert f"the record {HOME.state(bad.state)} in Redis can't be read" in reason
        assert world.context.counts["rejected"] == 1
        assert await world.redis.xlen(HOME.reports) == 0

    lane.run(scene)


@pytest.mark.parametrize("outputs", [b"{", b'{"v":7}', b"[]", b"\xff"])
def test_a_state_whose_childs_inputs_need_unreadable_outputs_fails_with_the_name_of_the_record(
    lane: Lane, outputs: bytes
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["c"]), node("c", x="${{ a.outputs.v }}"))
        other = await world.trigger()
        run = await world.trigger()
        for held in await world.take("a"):
            await world.report(held, one(v="1"))
        world.run_id = run
        parent = (await world.state("a")).id
        await world.redis.hset(HOME.state(parent), "outputs", outputs)
        for held in await world.take("b"):
            await world.send(held, one())
        await world.drain()
        state = await readable(world, "b")
        assert state.status == "NEXT_CREATED_ERROR"
        assert HOME.state(parent) in str(state.error)
        assert (await world.run()).status == "FAILED"
        assert await reasons(world) == []
        await world.redis.hset(HOME.state(parent), "outputs", b'{"v":"1"}')
        await world.do("c", one())
        world.run_id = other
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_store_of_another_type_fails_the_state_that_reads_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", x="${{ store.key }}"), store_config={"required_keys": ["key"]})
        await world.trigger(store={"key": "1"})
        await world.redis.delete(HOME.store(world.run_id))
        await world.redis.set(HOME.store(world.run_id), "a string")
        await world.do("a", one())
        assert f"{HOME.store(world.run_id)} in Redis can't be read" in str((await world.state("a")).error)
        assert (await world.run()).status == "FAILED"

    lane.run(scene)


async def version_gone(world: World, key: str) -> None:
    await world.redis.delete(key)


async def version_garbage(world: World, key: str) -> None:
    await world.redis.hset(key, "template", "{")


async def version_no_hash(world: World, key: str) -> None:
    await world.redis.delete(key)
    await world.redis.set(key, "a string")


every_lost_version = pytest.mark.parametrize("lose", [version_gone, version_garbage, version_no_hash])


@every_lost_version
@pytest.mark.parametrize(
    ("outcome", "status", "run_status"),
    [
        (one(v="1"), "NEXT_CREATED_ERROR", "FAILED"),
        (many("1", "2"), "NEXT_CREATED_ERROR", "FAILED"),
        (failed("boom"), "ERRORED", "FAILED"),
        (Pruned({}), "PRUNED", "SUCCESS"),
    ],
)
def test_a_run_whose_graph_version_is_lost_ends(
    lane: Lane, lose: Break, outcome: Any, status: str, run_status: str
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), name="other")
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        held = await world.take_one("a")
        await lose(world, CATALOG.version("g", 1))
        forget(world)
        await world.report(held, outcome)
        state = await world.state("a")
        assert state.status == status
        if status != "PRUNED":
            assert "graph:g:1" in str(state.error) or "has no version 1" in str(state.error)
        if status == "ERRORED":
            assert str(state.error).startswith("boom\n")
        assert (await world.run()).status == run_status
        await world.check_counts()
        await world.trigger("other")
        await world.do("a", one())
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


@every_lost_version
def test_a_unite_whose_graph_version_is_lost_ends_its_run(lane: Lane, lose: Break) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a"))
        await world.trigger()
        await world.do("a", one())
        await world.send(await world.take_one("b"), one())
        entries = await world.reports()
        await world.consumer.apply(entries)
        await lose(world, CATALOG.version("g", 1))
        forget(world)
        await world.drain()
        state = await world.state("u")
        assert state.status == "ERRORED"
        assert "graph" in str(state.error)
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


def test_a_unite_without_a_plan_is_put_aside_and_stops_no_other(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a"))
        bad, good = await world.trigger(), await world.trigger()
        for held in await world.take("a"):
            await world.report(held, one())
        world.run_id = bad
        unite = derived_id("unite", (await world.state("a")).id, "u")
        await world.redis.hdel(HOME.unite(unite), "plan")
        for held in await world.take("b"):
            await world.send(held, one())
        await world.drain()
        (reason,) = await reasons(world)
        assert f"the record {HOME.unite(unite)} in Redis can't be read: field 'plan' is missing" in reason
        assert world.context.counts["rejected"] == 1
        world.run_id = good
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        assert await world.redis.xlen(HOME.reports) == 0

    lane.run(scene)


def test_a_unite_over_unreadable_outputs_fails_with_the_name_of_the_record(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a", x="${{ b.outputs.v }}"))
        await world.trigger()
        await world.do("a", many("1", "2"))
        first, second = await world.take("b")
        await world.report(first, one(v="1"))
        await world.redis.hset(HOME.state(first.state), "outputs", "{")
        await world.report(second, one(v="2"))
        assert HOME.state(first.state) in str((await readable(world, "u")).error)
        assert (await world.run()).status == "FAILED"

    lane.run(scene)


@every_break
def test_an_unreadable_due_state_holds_up_none_of_the_others(lane: Lane, spoil: Break) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        states = []
        for _ in range(3):
            await world.trigger(delay_ms=60_000)
            states.append((await world.state("a")).id)
        await spoil(world, states[1])
        await world.redis.zadd(HOME.due, dict.fromkeys(states, 1))
        forget(world)
        promoter = Promoter(world.context, HOME)
        await promoter.run_once()
        assert {held.state for held in await world.take("a")} == {states[0], states[2]}
        assert await world.redis.zcard(HOME.due) == 0
        (found,) = await read_rejected(world.redis, [HOME], None, 100)
        assert found.entry == states[1]
        assert HOME.state(states[1]) in found.reason

    lane.run(scene)


@every_break
def test_a_run_with_an_unreadable_state_can_be_cancelled(lane: Lane, spoil: Break) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "c"]), node("b"), node("c"))
        await world.trigger()
        await world.do("a", one())
        await spoil(world, (await world.state("b")).id)
        forget(world)
        await world.cancel()
        assert (await readable(world, "c")).status == "CANCELLED"
        assert (await world.run()).status == ("PENDING" if spoil is no_hash else "CANCELLED")
        assert await world.redis.xlen(HOME.reports) == 0

    lane.run(scene)


async def readable(world: World, identifier: str) -> reads.StateRecord:
    """The one state of an identifier that can be read."""
    ids = await reads.read_state_ids(world.redis, HOME, world.run_id)
    found = await reads.read_states(world.redis, HOME, ids, {})
    (state,) = [each for each in found if each.task.identifier == identifier]
    return state


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"hello": "world"}, "field state is missing"),
        ({"state": "x", "attempt": "1", "task": "{", "inputs": "{}"}, "its task can't be read"),
        ({"state": b"\xff", "attempt": "1", "task": "{}", "inputs": "{}"}, "a field is not UTF-8"),
    ],
)
def test_an_entry_of_a_ready_stream_that_is_not_ours_keeps_no_lease_from_being_given_back(
    lane: Lane, entry: dict[str, Any], reason: str
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        ready = HOME.ready("A")
        await world.redis.xadd(ready, entry)
        taken = await streams.read_new(world.redis, RUNTIMES_GROUP, "dead", [ready], 10, None)
        assert len(taken) == 2
        await Reaper(world.context, HOME).reclaim(taken)
        await world.do("a", one())
        assert (await world.run()).status == "SUCCESS"
        (why,) = await reasons(world)
        assert reason in why
        assert await world.redis.xlen(ready) == 0
        pending: Any = await world.redis.xpending(ready, RUNTIMES_GROUP)
        assert pending["pending"] == 0

    lane.run(scene)


def test_a_lost_lease_of_a_state_of_another_type_is_put_aside_and_the_others_are_given_back(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        bad = (await world.state("a")).id
        await world.trigger()
        taken = await streams.read_new(world.redis, RUNTIMES_GROUP, "dead", [HOME.ready("A")], 10, None)
        await no_hash(world, bad)
        await Reaper(world.context, HOME).reclaim(taken)
        assert len(await reasons(world)) == 1
        held = await world.take_one("a")
        assert (held.attempt, held.state != bad) == ("2", True)

    lane.run(scene)


def test_a_rerun_executes_anew_what_it_can_not_read_of_the_earlier_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", ["c"]), node("c"))
        earlier = await world.trigger()
        await world.do("a", one(v="1"))
        spoiled = await world.do("b", one())
        await world.do("c", one())
        await no_json(world, spoiled.state)
        forget(world)
        await world.rerun(earlier, identifier="c")
        assert (await world.state("a")).status == "SUCCESS"
        await world.do("b", one())
        await world.do("c", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


@pytest.mark.parametrize("field", ["graph", "version", "status", "root", "created_at"])
def test_a_run_with_a_missing_field_is_told_by_name_and_left_out_of_the_list(lane: Lane, field: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        good, bad = await world.trigger(), await world.trigger()
        await world.redis.hdel(HOME.run(bad), field)
        with pytest.raises(CorruptRecord, match=f"field '{field}' is missing"):
            await reads.read_runs(world.redis, HOME, [bad])
        total, found = await read_newest_runs(world.redis, [HOME], 0, 10)
        assert (total, [run.id for run in found]) == (2, [good])

    lane.run(scene)


def test_unreadable_states_are_refused_one_by_one_when_all_that_failed_is_retried(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "c"]), node("b"), node("c"), retry_policy={"max_retries": 0})
        await world.trigger()
        await world.do("a", one())
        for identifier in ("b", "c"):
            await world.do(identifier, failed())
        await world.redis.hset(HOME.state((await world.state("b")).id), "task", "{")
        retried = await world.retry_failed()
        assert len(retried) == 1
        await world.take_one("c")

    lane.run(scene)


def test_a_dead_letter_stream_of_another_type_stops_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await world.redis.set(HOME.rejected, "a string")
        await world.redis.xadd(HOME.reports, {"hello": "world"})
        held = await world.take_one("a")
        await world.report(held, one())
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_what_a_bug_does_to_one_report_is_put_aside_in_the_end(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    from exosphere_orchestrator.engine import applier

    real = applier.step

    def step(report: Any, of: Any, *more: Any) -> Any:
        if of.task.run == broken:
            raise ZeroDivisionError("a bug")
        return real(report, of, *more)

    broken = ""

    async def scene(world: World) -> None:
        nonlocal broken
        await world.graph(node("a"))
        broken = await world.trigger()
        good = await world.trigger()
        monkeypatch.setattr(applier, "step", step)
        for held in await world.take("a"):
            await world.send(held, one())
        entries = await world.reports()
        for _ in range(4):
            with pytest.raises(ZeroDivisionError):
                await world.consumer.apply(entries)
        await world.consumer.apply(entries)
        assert await reasons(world) == ["ZeroDivisionError: a bug"]
        world.run_id = good
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_plans_tell_which_version_can_not_be_read(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        with pytest.raises(NotFound):
            await world.context.plans.get("ns", "g", 2)
        await version_garbage(world, CATALOG.version("g", 1))
        with pytest.raises(CorruptRecord, match=r"exo:\{ns\}:graph:g:1"):
            await world.context.plans.get("ns", "g", 1)

    lane.run(scene)


def test_an_entry_keeps_no_more_of_itself_than_an_operator_can_read() -> None:
    call = moves.reject(HOME, HOME.reports, "g", "1-0", "r" * 5000, {b"body": b"x" * 5000})
    assert all(len(word) <= moves.KEPT_FIELD_BYTES for word in call.args if isinstance(word, (str, bytes)))
