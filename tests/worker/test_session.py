"""A runtime's links: one for everything, or one for each shard of a cluster, of which none holds up another."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pydantic import BaseModel

from exosphere_core.api import STREAM_PROTOCOL, Delivery
from exosphere_core.ids import new_run_id
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.records import ReadyField, Task, encode
from exosphere_core.store.connection import Redis, connect_untimed
from exosphere_core.store.groups import ensure_groups
from exosphere_worker.executor import NodeRunner
from exosphere_worker.node import BaseNode
from exosphere_worker.session import Session
from exosphere_worker.vitals import Vitals

SHARDS = [ShardKeys("ns", shard) for shard in range(3)]


class A(BaseNode):
    class Inputs(BaseModel):
        pass

    class Outputs(BaseModel):
        pass

    async def execute(self) -> None:
        return


async def deliverable(redis: Redis, home: ShardKeys) -> str:
    run = new_run_id(home.shard)
    task = Task(run=run, home="ns", graph="g", version=1, identifier="a", node="A", namespace="ns")
    state = run.replace("-", "")
    fields: Any = {
        ReadyField.STATE: state, ReadyField.ATTEMPT: "1", ReadyField.TASK: encode(task), ReadyField.INPUTS: b"{}",
    }  # fmt: skip
    await redis.xadd(home.ready("A"), fields)
    return state


async def until_reported(redis: Redis, home: ShardKeys, states: list[str]) -> None:
    async with asyncio.timeout(20):
        while [fields[b"state"].decode() for _, fields in await redis.xrange(home.reports)] != states:
            await asyncio.sleep(0.01)


def session_at(url: str, vitals: Vitals) -> Session:
    delivery = Delivery(redis_url=url, shards=len(SHARDS), lease_ms=3000, protocol=STREAM_PROTOCOL)
    manager: Any = AsyncMock()
    manager.register.return_value = delivery
    manager.instance = "by-hand"
    return Session(manager, delivery, "ns", {"A": NodeRunner(A, ThreadPoolExecutor(1))}, 2, 16, vitals)


def test_the_first_report_finds_a_connection(redis_url: str) -> None:
    async def scene() -> None:
        redis = connect_untimed(redis_url)
        await redis.flushall()
        await ensure_groups(redis, [home.ready("A") for home in SHARDS], RUNTIMES_GROUP)
        before = {client["id"] for client in await redis.client_list()}
        stop = asyncio.Event()
        working = asyncio.create_task(session_at(redis_url, Vitals()).run(stop, 1.0))

        async def commands() -> set[str]:
            return {client["cmd"] for client in await redis.client_list() if client["id"] not in before}

        async with asyncio.timeout(20):
            # One waits for states, one has said that it is there, and the heartbeat has its own.
            while not {"xreadgroup", "ping"} <= await commands():
                await asyncio.sleep(0.01)
        stop.set()
        await working
        await redis.aclose()

    asyncio.run(scene())


@pytest.mark.parametrize(("lane", "links"), [("redis_url", ("",)), ("cluster_url", ("0", "1", "2"))])
def test_states_of_every_shard_are_executed_and_reported(
    request: pytest.FixtureRequest, lane: str, links: tuple[str, ...]
) -> None:
    url: str = request.getfixturevalue(lane)

    async def scene() -> None:
        redis = connect_untimed(url)
        await redis.flushall()
        await ensure_groups(redis, [home.ready("A") for home in SHARDS], RUNTIMES_GROUP)
        states = {home: [await deliverable(redis, home) for _ in range(5)] for home in SHARDS}
        vitals, stop = Vitals(), asyncio.Event()
        session = session_at(url, vitals)
        assert vitals.read == links
        working = asyncio.create_task(session.run(stop, 1.0))
        for home in SHARDS:
            await until_reported(redis, home, states[home])
        stop.set()
        await working
        await redis.aclose()

    asyncio.run(scene())


def test_a_shard_that_can_not_be_read_holds_up_that_one_alone(cluster_url: str) -> None:
    async def scene() -> None:
        redis = connect_untimed(cluster_url)
        await redis.flushall()
        await ensure_groups(redis, [home.ready("A") for home in SHARDS], RUNTIMES_GROUP)
        broken = SHARDS[1]
        late = await deliverable(redis, broken)
        await redis.rename(broken.ready("A"), broken.ready("aside"))
        await redis.set(broken.ready("A"), "no stream")
        vitals, stop = Vitals(), asyncio.Event()
        working = asyncio.create_task(session_at(cluster_url, vitals).run(stop, 1.0))
        for home in (SHARDS[0], SHARDS[2]):
            for _ in range(3):
                state = await deliverable(redis, home)
                await until_reported(redis, home, [state])
                await redis.delete(home.reports)
        assert list(vitals.unread) == ["1"]
        await redis.rename(broken.ready("aside"), broken.ready("A"))
        await until_reported(redis, broken, [late])
        stop.set()
        await working
        await redis.aclose()

    asyncio.run(scene())
