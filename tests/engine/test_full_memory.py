"""Memory is full under `noeviction`: what runs goes on and ends right, what is new is refused and leaves nothing behind.

On the server of the embedded default, and on those that REDIS_SERVERS names.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from engine.told import check_told, watched
from engine.world import HOME, Lane, Pruned, Requeued, World, failed, many, node, one
from exosphere_core.api import NodeBody
from exosphere_core.errors import Overloaded
from exosphere_core.keys import RUNTIMES_GROUP, CatalogKeys
from exosphere_core.store import once, streams, upkeep
from exosphere_core.store.due import read_due
from exosphere_core.store.faults import is_out_of_memory
from exosphere_orchestrator.catalog import deletion, nodes
from exosphere_orchestrator.engine.promoter import Promoter
from exosphere_orchestrator.engine.reaper import Reaper
from redis_servers import RedisServer, server_binaries

NO_RETRY: dict[str, Any] = {"retry_policy": {"max_retries": 0}}
SOON: dict[str, Any] = {"retry_policy": {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1}}


@pytest.fixture(scope="module", params=range(len(server_binaries())))
def full_lane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    folder: Path = tmp_path_factory.mktemp("redis")
    with RedisServer(folder, binary=server_binaries()[request.param]) as server:
        yield Lane("redis", server.url)


@asynccontextmanager
async def full(redis: Redis) -> AsyncIterator[None]:
    """Redis has no memory left meanwhile."""
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(ResponseError) as refused:
            await redis.set("probe", "1")
        assert is_out_of_memory(refused.value)
        yield
    finally:
        await redis.config_set("maxmemory", 0)


async def reported(world: World, identifier: str, *outcomes: Any) -> None:
    """Runtimes report while there is memory, and the engine applies it when there is none."""
    for held, outcome in zip(await world.take(identifier), outcomes, strict=True):
        await world.send(held, outcome)
    async with full(world.redis):
        await world.drain()


async def everything(redis: Redis) -> dict[bytes, Any]:
    """All keys with what they hold; a dump of a hash is none of it, as the order of its fields changes by itself."""
    return {
        key: await redis.hgetall(key) if await redis.type(key) == b"hash" else await redis.dump(key)
        for key in await redis.keys("*")
    }


def test_a_run_with_all_kinds_of_moves_ends_right(full_lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]),
            node("b", ["c"], x="${{ a.outputs.v }}"),
            node("c", ["u"]),
            node("u", ["z"], unites={"identifier": "a", "strategy": "ALL_DONE"}, cs="${{ c.outputs.v }}"),
            node("z"),
            **SOON,
        )
        await world.trigger()
        await watched(world)
        # Wider than one script makes, and joined with large inputs.
        await reported(world, "a", many(*(str(number) for number in range(60))))
        outcomes = [one(v="1") for _ in range(57)]
        await reported(world, "b", Requeued(1), failed(), Pruned({}), *outcomes)
        promoter = Promoter(world.context, HOME)
        async with full(world.redis):
            while await read_due(world.redis, HOME, 10_000, 10):
                await promoter.run_once()
        await reported(world, "b", one(v="1"), failed(retryable=False))
        await reported(world, "c", *(one(v=f"{number:02000}") for number in range(58)))
        u = await world.take_one("u")
        assert len(json.loads(json.loads(u.inputs)["cs"])) == 58
        await world.send(u, one())
        async with full(world.redis):
            await world.drain()
        await reported(world, "z", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()
        await check_told(world)

    full_lane.run(scene)


def test_a_unite_that_waits_and_one_that_is_pruned_and_a_lost_lease_are_dealt_with(full_lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u"]), node("u", unites="a"), **NO_RETRY,
        )  # fmt: skip
        await world.trigger()
        await reported(world, "a", many("1", "2"))
        held = await world.take("b")
        async with full(world.redis):
            reaper = Reaper(world.context, HOME)
            await reaper.reclaim(await streams.read_entries(world.redis, held[0].stream, [each.entry for each in held]))
        await reported(world, "b", failed(), one(v="1"))
        assert (await world.run()).status == "FAILED"
        await world.trigger()
        await reported(world, "a", many("1"))
        await reported(world, "b", Pruned({}))
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["PRUNED"], "u": ["PRUNED"]}
        await world.check_counts()

    full_lane.run(scene)


def test_a_run_can_be_cancelled_and_a_graph_deleted_and_ended_runs_are_removed(full_lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        run = await world.trigger()
        await reported(world, "a", one())
        async with full(world.redis):
            await world.cancel()
            assert (await world.run()).status == "CANCELLED"
            await deletion.delete(world.redis, "ns", "g", 1, force=False)
            await upkeep.delete_run(world.redis, HOME, run)
        assert await world.redis.keys("*run:*") == []
        assert await world.redis.keys("*state:*") == []

    full_lane.run(scene)


def test_a_running_node_records_its_results_and_a_runtime_registers_again(full_lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        run = await world.trigger()
        held = await world.take_one("a")
        fields: dict[str, Any] = {"type": "object", "properties": {}}
        body = NodeBody(name="A", inputs_schema=fields, outputs_schema=fields)
        chain = once.Chain(HOME, run, held.state)
        async with full(world.redis):
            assert await once.record_once(world.redis, chain, "k", b"1") == b"1"
            assert await once.read_once(world.redis, chain, "k") == b"1"
            await nodes.register(world.redis, "ns", "rt", [body], 1)
            await streams.acknowledge(world.redis, held.stream, RUNTIMES_GROUP, [held.entry])
        assert await world.redis.hexists(CatalogKeys("ns").nodes, "A")

    full_lane.run(scene)


def test_what_is_new_is_refused_and_leaves_nothing_behind(full_lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), **NO_RETRY)
        run = await world.trigger()
        held = await world.do("a", failed())
        before = await everything(world.redis)
        async with full(world.redis):
            for begin in (
                lambda: world.trigger(),
                lambda: world.trigger(delay_ms=5, store={"s": "1"}),
                lambda: world.rerun(run),
                lambda: world.retry_by_hand(held.state),
                world.retry_failed,
            ):
                with pytest.raises(Overloaded, match="out of memory") as refused:
                    await begin()
                assert refused.value.retry_after_s
        assert await everything(world.redis) == before
        world.run_id = run
        await world.retry_by_hand(held.state)
        await world.do("a", one())
        assert (await world.run()).status == "SUCCESS"

    full_lane.run(scene)
