"""After a round every key is one that retention removes, one that stays, or one that goes by itself."""

from collections.abc import Awaitable, Callable

import pytest

from chaos.strays import compare
from engine.world import HOME, Lane, World, failed, many, node, one
from exosphere_core.keys import ShardKeys
from exosphere_core.store.upkeep import delete_run

OTHER = ShardKeys(HOME.namespace, 3)
SOMEBODY = "f" * 32
SOME_RUN = f"{SOMEBODY[:8]}-ffff-ffff-ffff-{'f' * 8}0000"


async def _played(world: World) -> str:
    """A run that has ended, with a store, a manual retry and a unite; and another one that is under way. Returns the first."""
    nodes = [node("a", ["b"]), node("b", ["u"]), node("u", unites="a", bs="${{ b.outputs.v }}", k="${{ store.k }}")]
    await world.graph(
        *nodes, retry_policy={"max_retries": 0, "strategy": "FIXED", "backoff_factor": 1},
        store_config={"default_values": {"k": "1"}},
    )  # fmt: skip
    run = await world.trigger()
    await world.do("a", many("1", "2"))
    good, bad = await world.take("b")
    await world.report(bad, failed("boom"))
    await world.report(good, one(v="good"))
    await world.retry_by_hand(bad.state)
    await world.do("b", one(v="better"))
    await world.do("u", one())
    await world.trigger()
    return run


async def _state_off_its_list(world: World, run: str) -> str:
    state = (await world.redis.lrange(HOME.states(run), 0, 0))[0].decode()
    await world.redis.lrem(HOME.states(run), 1, state)
    return HOME.state(state)


async def _unite_off_its_list(world: World, run: str) -> str:
    unite = (await world.redis.lpop(HOME.unites(run))).decode()
    return HOME.unite(unite)


async def _run_off_the_ended(world: World, run: str) -> str:
    await world.redis.zrem(HOME.ended, run)
    return HOME.states(run)


async def _run_that_is_listed_only(world: World, run: str) -> str:
    await world.redis.zadd(HOME.runs, {SOME_RUN: 1})
    return f"{HOME.runs} lists run {SOME_RUN}"


async def _members_of_no_unite(world: World, run: str) -> str:
    await world.redis.zadd(HOME.members(SOMEBODY), {"a": 0})
    return HOME.members(SOMEBODY)


async def _inputs_that_stay(world: World, run: str) -> str:
    await world.redis.hset(HOME.laid_inputs(SOMEBODY), "inputs", "{}")
    return HOME.laid_inputs(SOMEBODY)


async def _store_of_no_run(world: World, run: str) -> str:
    await world.redis.hset(HOME.store(SOME_RUN), "k", "1")
    return HOME.store(SOME_RUN)


async def _record_of_a_shard_that_has_no_runs(world: World, run: str) -> str:
    await world.redis.hset(OTHER.run(SOME_RUN), "status", "SUCCESS")
    return OTHER.run(SOME_RUN)


async def _list_that_retention_does_not_remove(world: World, run: str) -> str:
    await world.redis.rpush(f"{HOME.run(run)}:notes", "x")
    return f"{HOME.run(run)}:notes"


@pytest.mark.parametrize(
    "leave",
    [
        _state_off_its_list,
        _unite_off_its_list,
        _run_off_the_ended,
        _run_that_is_listed_only,
        _members_of_no_unite,
        _inputs_that_stay,
        _store_of_no_run,
        _record_of_a_shard_that_has_no_runs,
        _list_that_retention_does_not_remove,
    ],
)
def test_what_belongs_to_nobody_is_told_by_its_name(lane: Lane, leave: Callable[[World, str], Awaitable[str]]) -> None:
    async def scene(world: World) -> None:
        run = await _played(world)
        keys, strays = await compare(world.redis, [HOME, OTHER])
        assert (keys > 10, strays) == (True, [])
        left = await leave(world, run)
        _, strays = await compare(world.redis, [HOME, OTHER])
        assert any(line.startswith((f"{left} ", f"{left},")) for line in strays), strays

    lane.run(scene)


def test_a_removed_run_leaves_nothing_and_what_goes_by_itself_may_be_there(lane: Lane) -> None:
    async def scene(world: World) -> None:
        run = await _played(world)
        before, _ = await compare(world.redis, [HOME])
        await delete_run(world.redis, HOME, run)
        await world.redis.hset(HOME.laid_inputs(SOMEBODY), "inputs", "{}")
        await world.redis.pexpire(HOME.laid_inputs(SOMEBODY), 600_000)
        after, strays = await compare(world.redis, [HOME])
        assert strays == []
        assert after < before - 5

    lane.run(scene)
