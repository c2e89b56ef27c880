"""Reports of many MB: applied within the limit, refused with it beyond, and read few at a time."""

from dataclasses import replace

from engine.world import HOME, Lane, World, many, node, one
from exosphere_core.store.rejected import read_rejected
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.engine.portion import Portion

MIB = 1024 * 1024


def limit(world: World, max_report_bytes: int) -> None:
    world.context = replace(world.context, limits=Limits(100_000, 64 * MIB, max_report_bytes))
    world.consumer.context = world.context


def test_outputs_of_20_mb_reach_the_child(lane: Lane) -> None:
    async def scene(world: World) -> None:
        limit(world, 64 * MIB)
        await world.graph(node("a", ["b"]), node("b", x="${{ a.outputs.v }}"))
        await world.trigger()
        await world.do("a", one(v="x" * (20 * MIB)))
        held = await world.take_one("b")
        assert len(held.inputs) > 20 * MIB
        await world.report(held, one())
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_report_beyond_the_limit_fails_its_state_at_once_and_is_put_aside(lane: Lane) -> None:
    async def scene(world: World) -> None:
        limit(world, 1000)
        await world.graph(node("a"))
        good, bad = await world.trigger(), await world.trigger()
        for held in await world.take("a"):
            await world.send(held, one(v="x" * (2000 if held.task.run == bad else 10)))
        await world.drain()
        state = await world.state("a")
        assert state.status == "ERRORED", "it was tried again, which would give as much"
        assert "EXOSPHERE_MAX_REPORT_BYTES" in str(state.error)
        assert (await world.run()).status == "FAILED"
        (found,) = await read_rejected(world.redis, [HOME], None, 10)
        assert found.reason == "its body has 2022 bytes; the limit is 1000 (EXOSPHERE_MAX_REPORT_BYTES)"
        assert max(len(text) for _, text in found.fields) <= 2000
        await world.check_counts()
        world.run_id = good
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_report_that_can_not_be_read_counts_as_a_failure_of_its_attempt(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1})
        await world.trigger()
        held = await world.take_one("a")
        garbage = {"kind": "executed", "home": "ns", "state": held.state, "attempt": "1", "body": '{"outputs":7}'}
        await world.redis.xadd(HOME.reports, {**garbage, "attempt": "9"})  # of no attempt that is current
        await world.redis.xack(held.stream, "runtimes", held.entry)
        await world.redis.xdel(held.stream, held.entry)
        await world.redis.xadd(HOME.reports, garbage)
        await world.drain()
        assert await world.statuses() == {"a": ["RETRY_CREATED", "CREATED"]}
        first = (await world.states())[0]
        assert str(first.error).startswith("the worker's report was refused: its body can't be read")
        assert len(await read_rejected(world.redis, [HOME], None, 10)) == 2

    lane.run(scene)


def test_a_fan_out_counts_as_one_report(lane: Lane) -> None:
    async def scene(world: World) -> None:
        limit(world, 1000)
        await world.graph(node("a"))
        await world.trigger()
        await world.do("a", many(*["x" * 100] * 20))
        assert "EXOSPHERE_MAX_REPORT_BYTES" in str((await world.state("a")).error)

    lane.run(scene)


def entries(count: int, size: int) -> list[Entry]:
    return [Entry("s", "1-0", {b"body": b"x" * size})] * count


def test_few_reports_are_read_at_once_where_they_are_large_and_many_where_they_are_small() -> None:
    portion = Portion(256)
    assert portion.count == 16
    for _ in range(2):
        portion.note(entries(portion.count, 1000))
    assert portion.count == 256
    portion.note(entries(20, 20 * MIB))
    assert portion.count == 1
    portion.note(entries(1, 20 * MIB))
    assert portion.count == 1
    portion.note([])
    portion.note(entries(1, 1000))
    assert portion.count == 4
