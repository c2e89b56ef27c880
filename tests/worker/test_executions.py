"""From delivery to outcome: one whose lease may be lost begins only once a heartbeat has confirmed it."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import Mock

import pytest
from pydantic import BaseModel
from redis.asyncio import Redis

from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import streams
from exosphere_core.store.streams import Entry
from exosphere_worker.clock import elapsed_s
from exosphere_worker.executions import LONG_AGO, Executions
from exosphere_worker.executor import NodeRunner
from exosphere_worker.held import Holdings
from exosphere_worker.node import BaseNode
from exosphere_worker.outcome import Released
from exosphere_worker.outgoing import report_on
from exosphere_worker.reporter import Reporter, Ways
from exosphere_worker.slots import Slots
from exosphere_worker.vitals import Vitals
from worker.redis_lanes import HOME, deliverable, queue, run_on

LEASE_S = 60.0


class A(BaseNode):
    class Inputs(BaseModel):
        pass

    class Outputs(BaseModel):
        pass

    async def execute(self) -> None:
        begun.append(self.state_id)


begun: list[str] = []


class Scene:
    """Executions over one ready stream, with a reporter, and a heartbeat that a test plays."""

    def __init__(self, redis: Redis, ready: str, lease_s: float) -> None:
        self.redis = redis
        self.ready = ready
        self.holdings = Holdings()
        self.doubts = 0
        unused: Any = Mock()
        self.reporter = Reporter(
            redis, self.holdings, round(lease_s * 1000), Ways(unused, unused, self.doubt), consumer="me"
        )
        self.vitals = Vitals()
        self.slots = Slots(4, self.vitals)
        self.executions = Executions(
            unused, {"A": NodeRunner(A, ThreadPoolExecutor(1))}, {ready: (HOME, "A")}, self.holdings, self.reporter,
            self.slots, self.vitals, lease_s, self.doubt,
        )  # fmt: skip

    def outcomes(self) -> dict[str, int]:
        """What came of deliveries, as far as something did."""
        return {name: count for name, count in self.vitals.nodes["A"].outcomes.items() if count}

    def doubt(self) -> None:
        self.doubts += 1

    async def deliver(self) -> Entry:
        await deliverable(self.redis, "A")
        (entry,) = await streams.read_new(self.redis, RUNTIMES_GROUP, "me", [self.ready], 1, None)
        return entry

    async def until_doubted(self, times: int) -> None:
        async with asyncio.timeout(20):
            while self.doubts < times:
                await asyncio.sleep(0)

    async def until_idle(self) -> None:
        async with asyncio.timeout(20):
            while self.vitals.running:
                await asyncio.sleep(0)


@asynccontextmanager
async def scene_on(redis: Redis, lease_s: float = LEASE_S) -> AsyncIterator[Scene]:
    begun.clear()
    (ready,) = await queue(redis, "A")
    yield Scene(redis, ready, lease_s)


def test_a_fresh_delivery_begins_at_once(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        async with scene_on(redis) as played:
            played.executions.begin(await played.deliver(), elapsed_s())
            await played.until_idle()
            assert len(begun) == 1
            assert played.doubts == 0
            assert (played.vitals.taken, played.outcomes()) == (1, {"succeeded": 1})

    run_on(lane_url, scene)


def test_what_came_of_it_is_reported_with_the_name_of_the_runtime_and_how_long_the_node_took(
    lane_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def execute(self: A) -> None:
        await asyncio.sleep(0.03)

    monkeypatch.setattr(A, "execute", execute)

    async def scene(redis: Redis) -> None:
        async with scene_on(redis) as played:
            sending = asyncio.create_task(played.reporter.run())
            played.executions.begin(await played.deliver(), elapsed_s())
            await played.until_idle()
            await played.reporter.drained()
            sending.cancel()
            ((_, fields),) = await redis.xrange(HOME.reports)
            assert fields[b"by"] == b"me"
            assert int(fields[b"ran"]) >= 29

    run_on(lane_url, scene)


def test_what_is_given_back_does_not_count_as_executed(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        async with scene_on(redis) as played:
            held = played.executions.read(await played.deliver(), elapsed_s())
            assert held is not None
            words = report_on(held, Released(), consumer="me").words
            assert words[::2] == ("kind", "home", "state", "attempt", "body")

    run_on(lane_url, scene)


def test_one_whose_read_was_sent_longer_ago_than_a_lease_begins_once_a_heartbeat_held_it(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        async with scene_on(redis) as played:
            entry = await played.deliver()
            played.executions.begin(entry, elapsed_s() - LEASE_S - 1)
            await played.until_doubted(1)
            # A beat that was under way already did not ask for this one.
            played.executions.leases_confirmed()
            await played.until_doubted(2)
            assert begun == []
            assert await played.slots.free() == 3
            played.holdings.renewed(entry.stream, [entry.id], elapsed_s())
            played.executions.leases_confirmed()
            await played.until_idle()
            assert len(begun) == 1
            assert await played.slots.free() == 4

    run_on(lane_url, scene)


def test_one_that_was_lost_meanwhile_is_neither_executed_nor_reported(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        async with scene_on(redis) as played:
            entry = await played.deliver()
            played.executions.begin(entry, LONG_AGO)
            await played.until_doubted(1)
            played.executions.lease_lost(entry.stream, entry.id)
            played.executions.leases_confirmed()
            await played.until_idle()
            assert begun == []
            assert len(played.holdings) == 0
            assert (played.vitals.lost_leases, played.outcomes()) == (1, {"lost": 1})
            await played.reporter.drained()
            assert await redis.xlen(HOME.reports) == 0

    run_on(lane_url, scene)


def test_one_in_doubt_lends_its_slot_while_no_heartbeat_is_answered_and_needs_it_again_to_begin(
    lane_url: str | None,
) -> None:
    async def scene(redis: Redis) -> None:
        async with scene_on(redis, lease_s=0.3) as played:
            for _ in range(4):
                played.executions.begin(await played.deliver(), LONG_AGO)
            async with asyncio.timeout(20):
                assert await played.slots.free() > 0
                while played.vitals.running:
                    await asyncio.sleep(0)
            assert begun == []
            for held in played.holdings.all():
                held.renewed_at = elapsed_s() + 60
            played.executions.leases_confirmed()
            async with asyncio.timeout(20):
                while len(begun) < 4:
                    await asyncio.sleep(0)
            await played.until_idle()
            assert await played.slots.free() == 4

    run_on(lane_url, scene)


def test_one_in_doubt_when_the_runtime_stops_is_given_back(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        async with scene_on(redis) as played:
            entry = await played.deliver()
            played.executions.begin(entry, LONG_AGO)
            await played.until_doubted(1)
            await played.executions.break_off(20)
            assert begun == []
            reporting = asyncio.create_task(played.reporter.run())
            played.holdings.renewed(entry.stream, [entry.id], elapsed_s())
            async with asyncio.timeout(20):
                await played.reporter.drained()
            reporting.cancel()
            ((_, fields),) = await redis.xrange(HOME.reports)
            assert fields[b"kind"] == b"released"

    run_on(lane_url, scene)
