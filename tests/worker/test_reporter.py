"""The reporter: many reports in one step, none lost over a lost connection, none for a lost lease."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from exosphere_core.ending import end
from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import streams
from exosphere_core.store.connection import connect_untimed
from exosphere_worker import reporter as module
from exosphere_worker.held import Held, Holdings
from exosphere_worker.outcome import Failed, Lost, Pruned, Released, Requeued, Succeeded
from exosphere_worker.reporter import Reporter
from worker.redis_lanes import HOME, run_on, taken

DONE = Succeeded([{"v": "1"}], fanned_out=False)


def nobody_refuses() -> None:
    raise AssertionError("refused")


@asynccontextmanager
async def reporting(reporter: Reporter) -> AsyncIterator[None]:
    """The reporter runs; at the end all that it took over must be in Redis."""
    running = asyncio.create_task(reporter.run())
    try:
        yield
        async with asyncio.timeout(20):
            await reporter.drained()
    finally:
        await end(running)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many reports each step had that was sent."""
    sizes: list[int] = []

    async def counted(redis: Redis, reports: Sequence[tuple[str, Any]], done: Mapping[str, Sequence[str]]) -> None:
        sizes.append(len(reports))
        await streams.send_reports(redis, reports, done)

    monkeypatch.setattr(module, "send_reports", counted)
    return sizes


def hold(holdings: Holdings, some: Sequence[Held]) -> None:
    for held in some:
        assert holdings.add(held)


async def reported(redis: Redis) -> list[tuple[str, str, str, str, str]]:
    return [
        (entry[b"kind"].decode(), *(entry[field].decode() for field in (b"home", b"state", b"attempt", b"body")))
        for _, entry in await redis.xrange(HOME.reports)
    ]


@pytest.mark.parametrize(
    ("outcome", "kind", "body"),
    [
        (DONE, "executed", '{"outputs":[{"v":"1"}]}'),
        (
            Succeeded([], fanned_out=True, store={"k": "v"}),
            "executed",
            '{"outputs":[],"fanned_out":true,"store":{"k":"v"}}',
        ),
        (Failed("boom"), "failed", '{"error":"boom"}'),
        (Failed("boom", retryable=False), "failed", '{"error":"boom","retryable":false}'),
        (Pruned({"why": "é"}), "pruned", '{"data":{"why":"é"}}'),
        (Requeued(5), "requeued", '{"delay_ms":5}'),
        (Released(), "released", "{}"),
    ],
)
def test_an_outcome_becomes_a_report_and_its_delivery_ends(
    lane_url: str | None, outcome: Any, kind: str, body: str
) -> None:
    async def scene(redis: Redis) -> None:
        (held,) = await taken(redis, "A", 1)
        holdings = Holdings()
        hold(holdings, [held])
        reporter = Reporter(redis, holdings, nobody_refuses)
        async with reporting(reporter):
            reporter.report(held, outcome)
            assert len(holdings) == 1
        assert await reported(redis) == [(kind, "ns", held.state, "1", body)]
        assert await redis.xlen(held.stream) == 0
        assert (await redis.xpending(held.stream, RUNTIMES_GROUP))["pending"] == 0
        assert len(holdings) == 0

    run_on(lane_url, scene)


def test_reports_that_wait_go_out_in_steps_of_a_bounded_count(lane_url: str | None, steps: list[int]) -> None:
    async def scene(redis: Redis) -> None:
        some = await taken(redis, "A", 600)
        holdings = Holdings()
        hold(holdings, some)
        reporter = Reporter(redis, holdings, nobody_refuses)
        for held in some:
            reporter.report(held, DONE)
        async with reporting(reporter):
            pass
        assert steps == [256, 256, 88]
        assert [state for _, _, state, _, _ in await reported(redis)] == [held.state for held in some]
        assert len(holdings) == 0

    run_on(lane_url, scene)


def test_reports_that_wait_go_out_in_steps_of_a_bounded_size(lane_url: str | None, steps: list[int]) -> None:
    async def scene(redis: Redis) -> None:
        some = await taken(redis, "A", 5)
        reporter = Reporter(redis, Holdings(), nobody_refuses)
        # In MB: two fit one step, a huge one goes alone.
        for held, size in zip(some, (1.5, 1.5, 1.5, 5, 1), strict=True):
            reporter.report(held, Succeeded([{"v": "x" * int(size * 1024 * 1024)}], fanned_out=False))
        async with reporting(reporter):
            pass
        assert steps == [2, 1, 1, 1]
        assert len(await reported(redis)) == 5

    run_on(lane_url, scene)


def test_a_lost_lease_is_not_reported(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        early, told, kept = some = await taken(redis, "A", 3)
        holdings = Holdings()
        hold(holdings, some)
        reporter = Reporter(redis, holdings, nobody_refuses)
        early.lost = True
        reporter.report(early, DONE)
        reporter.report(told, Lost())
        assert len(holdings) == 1
        reporter.report(kept, DONE)
        # What ended can't be lost any more: its attempt number tells whether its report counts.
        assert kept.ended
        assert not early.ended
        async with reporting(reporter):
            pass
        assert [state for _, _, state, _, _ in await reported(redis)] == [kept.state]
        assert len(holdings) == 0

    run_on(lane_url, scene)


def test_reports_are_kept_over_a_lost_connection_and_sent_when_it_is_back(redis_url: str) -> None:
    async def scene(redis: Redis) -> None:
        first, second = some = await taken(redis, "A", 2)
        holdings = Holdings()
        hold(holdings, some)
        client = connect_untimed(redis_url)
        reporter = Reporter(client, holdings, nobody_refuses)
        async with reporting(reporter):
            reporter.report(first, DONE)
            await reporter.drained()
            assert await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") >= 1
            reporter.report(second, DONE)
        assert [state for _, _, state, _, _ in await reported(redis)] == [first.state, second.state]
        await client.aclose()

    run_on(redis_url, scene)


def test_a_report_whose_reply_was_lost_is_sent_again_and_the_engine_can_tell(
    lane_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(redis: Redis) -> None:
        (held,) = await taken(redis, "A", 1)
        tries = 0

        async def lossy(*args: Any) -> None:
            nonlocal tries
            tries += 1
            await streams.send_reports(*args)
            if tries == 1:
                raise ConnectionError("the reply was lost")

        monkeypatch.setattr(module, "send_reports", lossy)
        reporter = Reporter(redis, Holdings(), nobody_refuses)
        async with reporting(reporter):
            reporter.report(held, DONE)
        first, second = await reported(redis)
        assert first == second  # same state, same attempt: the second changes nothing

    run_on(lane_url, scene)


def test_a_runtime_that_redis_does_not_know_any_more_says_so_and_reports_over_the_next_client(redis_url: str) -> None:
    async def scene(redis: Redis) -> None:
        (held,) = await taken(redis, "A", 1)
        refused = asyncio.Event()
        stranger = connect_untimed(redis_url.replace("unix://", "unix://nobody:secret@"))
        reporter = Reporter(stranger, Holdings(), refused.set)
        async with reporting(reporter):
            reporter.report(held, DONE)
            async with asyncio.timeout(20):
                await refused.wait()
            reporter.use(redis)
        assert len(await reported(redis)) == 1
        await stranger.aclose()

    run_on(redis_url, scene)
