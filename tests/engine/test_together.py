"""Steps and ends of any runs that were reported together share one script, and each comes to what it would have come to alone."""

from collections.abc import Sequence
from contextlib import suppress

import pytest

from engine.told import watched
from engine.world import HOME, Lane, World, failed, node, one
from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store import calls
from exosphere_core.store.calls import Call
from exosphere_core.store.rejected import Rejected, read_rejected
from exosphere_worker.held import Held

#: Script → the node whose states it ends in the graph of `runs`, and how many keys it has beside those of its states, and for each.
SCRIPTS = {"step": ("a", 1, 6), "leaf": ("b", 2, 4)}


def shares(sent: Sequence[Call], script: str) -> list[int]:
    """How many states each call of a script ended, the largest first."""
    _, beside, each = SCRIPTS[script]
    return sorted(((len(call.keys) - beside) // each for call in sent if call.name == script), reverse=True)


async def runs(world: World, script: str, count: int) -> list[Held]:
    """The states of so many runs of a chain of two that the script will end, taken by a runtime."""
    await world.graph(node("a", ["b"]), node("b", v="${{ a.outputs.v }}"))
    for _ in range(count):
        await world.trigger()
    found = await world.take("a")
    if script == "leaf":
        for held in found:
            await world.report(held, one(v="0"))
        found = await world.take("b")
    return found


async def check(world: World, states: Sequence[Held], script: str, values: Sequence[str]) -> None:
    """Each run goes on from its own value, and ends; nothing is pending, and all counters are right."""
    if script == "step":
        following = {held.task.run: held for held in await world.take("b")}
        for held, value in zip(states, values, strict=True):
            child = following.pop(held.task.run)
            assert child.inputs == b'{"v":"%s"}' % value.encode()
            await world.report(child, one())
        assert not following
    for held in states:
        world.run_id = held.task.run
        await world.check_counts()
        assert (await world.run()).status == "SUCCESS"
        assert await world.redis.zscore(HOME.ended, held.task.run) is not None
    assert (await world.redis.xpending(HOME.reports, STATE_MANAGERS_GROUP))["pending"] == 0


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_reported_together_takes_one_script(lane: Lane, sent: list[Call], script: str) -> None:
    async def scene(world: World) -> None:
        states = await runs(world, script, 5)
        sent.clear()
        for number, held in enumerate(states):
            await world.send(held, one(v=str(number)))
        await world.drain()
        assert shares(sent, script) == [5]
        await check(world, states, script, list("01234"))

    lane.run(scene)


@pytest.mark.parametrize("script", SCRIPTS)
def test_more_than_one_script_moves_take_several(lane: Lane, sent: list[Call], script: str) -> None:
    async def scene(world: World) -> None:
        states = await runs(world, script, 70)
        sent.clear()
        for held in states:
            await world.send(held, one(v="x"))
        await world.drain()
        assert shares(sent, script) == [32, 32, 6]
        await check(world, states, script, ["x"] * 70)

    lane.run(scene)


@pytest.mark.parametrize(("script", "expected"), [("step", [1, 1, 1, 1]), ("leaf", [2, 2])])
def test_large_outputs_share_none(lane: Lane, sent: list[Call], script: str, expected: list[int]) -> None:
    async def scene(world: World) -> None:
        states = await runs(world, script, 4)
        sent.clear()
        for held in states:
            await world.send(held, one(v="x" * 30_000))
        await world.drain()
        # Of a step the inputs of its child count, too.
        assert shares(sent, script) == expected
        await check(world, states, script, ["x" * 30_000] * 4)

    lane.run(scene)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_state_that_is_reported_twice_in_a_batch_counts_once(lane: Lane, sent: list[Call], script: str) -> None:
    async def scene(world: World) -> None:
        states = await runs(world, script, 2)
        sent.clear()
        for held, value in ((states[0], "1"), (states[1], "2"), (states[0], "late")):
            await world.send(held, one(v=value))
        await world.drain()
        assert shares(sent, script) == [3]
        assert world.context.counts["stale"] == 1
        await check(world, states, script, ["1", "2"])

    lane.run(scene)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_late_report_among_others_changes_nothing_and_is_acknowledged(
    lane: Lane, sent: list[Call], script: str
) -> None:
    async def scene(world: World) -> None:
        first, *others = states = await runs(world, script, 3)
        await world.report(first, failed(retryable=False))
        before = await world.redis.hgetall(HOME.run(first.task.run))
        sent.clear()
        for held in states:
            await world.send(held, one(v="1"))
        await world.drain()
        assert shares(sent, script) == [3]
        assert await world.redis.hget(HOME.state(first.state), "status") == b"ERRORED"
        assert await world.redis.hgetall(HOME.run(first.task.run)) == before
        await check(world, others, script, ["1", "1"])

    lane.run(scene)


@pytest.mark.parametrize("script", SCRIPTS)
def test_late_reports_alone_write_nothing(lane: Lane, sent: list[Call], script: str) -> None:
    async def scene(world: World) -> None:
        states = await runs(world, script, 2)
        for held in states:
            await world.report(held, one(v="1"))
        before = [await world.redis.hgetall(HOME.run(held.task.run)) for held in states]
        sent.clear()
        for held in states:
            await world.send(held, one(v="2"))
        await world.drain()
        assert shares(sent, script) == [2]
        assert world.context.counts["stale"] == 2
        assert [await world.redis.hgetall(HOME.run(held.task.run)) for held in states] == before
        await check(world, states, script, ["1", "1"])

    lane.run(scene)


@pytest.mark.parametrize("why", ["watched", "made ready again"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_the_one_that_there_is_more_to_takes_the_whole_way(lane: Lane, sent: list[Call], script: str, why: str) -> None:
    async def scene(world: World) -> None:
        states = await runs(world, script, 3)
        middle = states[1]
        if why == "watched":
            world.run_id = middle.task.run
            await watched(world)
        else:
            await world.redis.hset(HOME.state(middle.state), "restored", "1")
        sent.clear()
        for held in states:
            await world.send(held, one(v="x"))
        await world.drain()
        assert [call.name for call in sent] == [script, "advance"]
        assert shares(sent, script) == [3]
        await check(world, states, script, ["x"] * 3)

    lane.run(scene)


@pytest.mark.parametrize("kind", ["state", "run"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_what_redis_can_not_read_or_write_holds_up_no_other_run(lane: Lane, script: str, kind: str) -> None:
    """With a run it is found in the middle of the script: those before it are moved then, and must be moved once."""

    async def scene(world: World) -> None:
        first, broken, last = await runs(world, script, 3)
        key = HOME.state(broken.state) if kind == "state" else HOME.run(broken.task.run)
        await world.redis.delete(key)
        await world.redis.set(key, "a string")
        for held, value in ((first, "1"), (broken, "2"), (last, "3")):
            await world.send(held, one(v=value))
        entries = await world.reports()
        put_aside: Sequence[Rejected] = ()
        for _ in range(5):
            # The others are applied after the first time, and their entries are stale.
            with suppress(calls.ResponseError):
                await world.consumer.apply(entries)
            if put_aside := await read_rejected(world.redis, [HOME], None, 100):
                break
        assert [("state", broken.state) in each.fields for each in put_aside] == [True]
        assert await world.redis.hget(HOME.state(first.state), "outputs") == b'{"v":"1"}'
        assert await world.redis.hget(HOME.state(last.state), "outputs") == b'{"v":"3"}'
        if kind == "run":
            assert await world.redis.hget(HOME.state(broken.state), "status") == b"CREATED"
        if script == "step":
            children = await world.take("b")
            assert [held.inputs for held in children] == [b'{"v":"1"}', b'{"v":"3"}']
            for held in children:
                await world.report(held, one())
        for held in (first, last):
            world.run_id = held.task.run
            assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_steps_and_ends_of_different_kinds_share_a_script_with_their_own_kind(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "c"]), node("b", ["d"]), node("c"), node("d"))
        for _ in range(2):
            await world.trigger()
        for held in await world.take("a"):
            await world.report(held, one())
        sent.clear()
        for held in [*await world.take("b"), *await world.take("c")]:
            await world.send(held, one())
        await world.drain()
        assert (shares(sent, "step"), shares(sent, "leaf")) == ([2], [2])
        for held in await world.take("d"):
            await world.send(held, one())
        await world.drain()
        assert shares(sent, "leaf") == [2, 2]
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)
