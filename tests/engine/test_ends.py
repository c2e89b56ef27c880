"""Branches of one run that end alike share one script, and each comes to what it would have come to alone."""

from collections.abc import Sequence

import pytest

from engine.told import watched
from engine.world import HOME, Lane, World, failed, many, node, one
from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store import calls
from exosphere_core.store.calls import Call
from exosphere_core.store.rejected import read_rejected
from exosphere_worker.held import Held

#: Nested unites: `b` leads to `in`, which reads it; `out` reads `b` too, and `in` leads to it.
NESTED = (
    node("a", ["f"]),
    node("f", ["b"], v="${{ a.outputs.v }}"),
    node("b", ["in"], v="${{ f.outputs.v }}"),
    node("in", ["out"], unites="f", vs="${{ b.outputs.v }}"),
    node("out", unites="a", vs="${{ in.outputs.v }}", bs="${{ b.outputs.v }}"),
)


def ends(sent: Sequence[Call]) -> list[int]:
    """How many branches each call ended, the largest first."""
    return sorted((int(call.args[0]) for call in sent if call.name == "finish"), reverse=True)


async def fanned_out(world: World, width: int) -> list[Held]:
    """Branches of one node that a unite waits for."""
    await world.graph(node("a", ["b"]), node("b", v="${{ a.outputs.v }}", next_nodes=["u"]), node("u", unites="a", vs="${{ b.outputs.v }}"))  # fmt: skip
    await world.trigger()
    await world.do("a", many(*map(str, range(width))))
    return await world.take("b")


async def joined(world: World) -> bytes:
    """What the unite of `fanned_out` is given; then the run ends."""
    last = await world.take_one("u")
    await world.report(last, one())
    await world.check_counts()
    assert (await world.run()).status == "SUCCESS"
    return last.inputs


def test_branches_that_end_in_one_batch_take_one_script(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        for held in await fanned_out(world, 5):
            await world.send(held, one(v=held.inputs.decode()[6:7]))
        await world.drain()
        assert ends(sent) == [5]
        assert await world.redis.xpending(HOME.reports, STATE_MANAGERS_GROUP) == {
            "pending": 0, "min": None, "max": None, "consumers": [],
        }  # fmt: skip
        assert await joined(world) == b'{"vs":"[\\"0\\",\\"1\\",\\"2\\",\\"3\\",\\"4\\"]"}'

    lane.run(scene)


@pytest.mark.parametrize("batched", [True, False])
def test_nested_unites_come_to_the_same_however_their_branches_end(lane: Lane, sent: list[Call], batched: bool) -> None:
    async def scene(world: World) -> None:
        await world.graph(*NESTED)
        await world.trigger()
        await world.do("a", many("x", "y"))
        for held in await world.take("f"):
            await world.report(held, many("1", "2", "3"))
        for number, held in enumerate(await world.take("b")):
            await (world.send if batched else world.report)(held, one(v=str(number)))
        await world.drain()
        assert ends(sent) == ([3, 3] if batched else [1] * 6)
        inner = await world.take("in")
        assert [held.inputs for held in inner] == [
            b'{"vs":"[\\"0\\",\\"1\\",\\"2\\"]"}',
            b'{"vs":"[\\"3\\",\\"4\\",\\"5\\"]"}',
        ]
        for held in inner:
            await world.send(held, one(v=held.inputs.decode()[10:11]))
        await world.drain()
        last = await world.take_one("out")
        assert last.inputs == b'{"vs":"[\\"0\\",\\"3\\"]","bs":"[\\"0\\",\\"1\\",\\"2\\",\\"3\\",\\"4\\",\\"5\\"]"}'
        await world.report(last, one())
        await world.check_counts()
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_more_branches_than_one_script_ends_take_several(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        for held in await fanned_out(world, 70):
            await world.send(held, one(v="x"))
        await world.drain()
        assert ends(sent) == [32, 32, 6]
        assert (await joined(world)).count(b"x") == 70

    lane.run(scene)


def test_large_outputs_share_no_script(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        for held in await fanned_out(world, 4):
            await world.send(held, one(v="x" * 30_000))
        await world.drain()
        assert ends(sent) == [2, 2]
        assert (await joined(world)).count(b"x") == 120_000

    lane.run(scene)


def test_ends_of_different_runs_and_nodes_share_none(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "c"]), node("b", ["u"]), node("c", ["u"]), node("u", unites="a"))
        for _ in range(2):
            await world.trigger()
            await world.do("a", many("1", "2"))
        for held in [*await world.take("b"), *await world.take("c")]:
            await world.send(held, one())
        await world.drain()
        assert ends(sent) == [2, 2, 2, 2]
        assert len(await world.take("u")) == 2

    lane.run(scene)


def test_a_branch_that_is_reported_twice_in_a_batch_counts_once(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        first, second, third = await fanned_out(world, 3)
        for held, value in ((first, "1"), (second, "2"), (first, "late")):
            await world.send(held, one(v=value))
        await world.drain()
        assert ends(sent) == [3]
        assert world.context.counts["stale"] == 1
        assert await world.redis.hget(HOME.unite(next(iter(first.task.unites.values()))), "pending") == b"1"
        await world.report(third, one(v="3"))
        assert await joined(world) == b'{"vs":"[\\"1\\",\\"2\\",\\"3\\"]"}'

    lane.run(scene)


def test_a_late_branch_among_others_changes_nothing_and_is_acknowledged(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        first, second, third = await fanned_out(world, 3)
        await world.report(first, failed(retryable=False))
        for held in (first, second, third):
            await world.send(held, one(v="1"))
        await world.drain()
        assert ends(sent) == [3]
        assert (await world.statuses())["b"] == ["ERRORED", "SUCCESS", "SUCCESS"]
        assert await world.redis.xpending(HOME.reports, STATE_MANAGERS_GROUP) == {
            "pending": 0, "min": None, "max": None, "consumers": [],
        }  # fmt: skip
        await world.check_counts()

    lane.run(scene)


def test_late_branches_alone_write_nothing(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        branches = await fanned_out(world, 2)
        for _ in range(2):
            for held in branches:
                await world.send(held, one(v="1"))
            before = await world.redis.hgetall(HOME.run(world.run_id))
            await world.drain()
        assert ends(sent) == [2, 2]
        assert world.context.counts["stale"] == 2
        assert await world.redis.hgetall(HOME.run(world.run_id)) == before

    lane.run(scene)


def test_of_branches_that_end_together_the_one_that_was_made_ready_again_takes_the_whole_way(
    lane: Lane, sent: list[Call]
) -> None:
    async def scene(world: World) -> None:
        branches = await fanned_out(world, 3)
        await world.redis.hset(HOME.state(branches[1].state), "restored", "1")
        for held in branches:
            await world.send(held, one(v=held.task.branch[-3:-2]))
        await world.drain()
        assert [call.name for call in sent if call.name in ("finish", "advance")][-2:] == ["finish", "advance"]
        assert ends(sent) == [3]
        assert (await world.statuses())["b"] == ["SUCCESS"] * 3
        await joined(world)

    lane.run(scene)


def test_branches_of_a_run_that_somebody_watches_are_told_of_one_by_one(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        branches = await fanned_out(world, 3)
        sent.clear()
        await watched(world)
        for held in branches:
            await world.send(held, one(v="1"))
        await world.drain()
        assert ends(sent) == [3]
        assert [call.name for call in sent if call.name == "advance"] == ["advance"] * 3
        await joined(world)

    lane.run(scene)


def test_a_record_that_redis_can_not_read_holds_up_no_other_branch(lane: Lane, sent: list[Call]) -> None:
    async def scene(world: World) -> None:
        branches = await fanned_out(world, 3)
        await world.redis.delete(HOME.state(branches[1].state))
        await world.redis.set(HOME.state(branches[1].state), "a string")
        for held in branches:
            await world.send(held, one(v="1"))
        entries = await world.reports()
        for _ in range(4):
            with pytest.raises(calls.ResponseError, match="WRONGTYPE"):
                await world.consumer.apply(entries)
            # The others are applied by now, and their entries are stale.
        await world.consumer.apply(entries)
        (put_aside,) = await read_rejected(world.redis, [HOME], None, 100)
        assert "WRONGTYPE" in put_aside.reason
        assert await world.redis.hget(HOME.state(branches[0].state), "status") == b"SUCCESS"
        assert await world.redis.hget(HOME.state(branches[2].state), "status") == b"SUCCESS"
        assert await world.redis.hget(HOME.unite(next(iter(branches[0].task.unites.values()))), "pending") == b"1"

    lane.run(scene)
