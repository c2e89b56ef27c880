"""The reporter: many reports in one step, none lost over a lost connection, none for a lost lease."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from exosphere_core.ending import end
from exosphere_core.errors import TooLarge
from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import streams
from exosphere_core.store.connection import connect_untimed
from exosphere_worker import reporter as module
from exosphere_worker.clock import elapsed_s
from exosphere_worker.held import Held, Holdings
from exosphere_worker.outcome import Failed, Lost, Pruned, Released, Requeued, Succeeded
from exosphere_worker.outgoing import Outgoing
from exosphere_worker.reporter import Reporter, Ways
from exosphere_worker.vitals import Vitals
from worker.redis_lanes import HOME, queue, run_on, taken

DONE = Succeeded([{"v": "1"}], fanned_out=False)


LEASE_MS = 60_000


def never() -> None:
    raise AssertionError("it must not come to this")


async def nothing_is_handed_over(reports: Sequence[Outgoing]) -> None:
    raise AssertionError("handed over")


def reporter_of(redis: Redis, holdings: Holdings | None = None, lease_ms: int = LEASE_MS, **ways: Any) -> Reporter:
    known: dict[str, Any] = {"hand_over": nothing_is_handed_over, "on_refused": never, "on_doubt": never, **ways}
    return Reporter(redis, Holdings() if holdings is None else holdings, lease_ms, Ways(**known))


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

    async def counted(redis: Redis, reports: Sequence[tuple[str, Any]], done: Mapping[str, Sequence[str]]) -> int:
        sizes.append(len(reports))
        return await streams.send_reports(redis, reports, done)

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


async def states_reported(redis: Redis) -> list[str]:
    return [state for _, _, state, _, _ in await reported(redis)]


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
        reporter = reporter_of(redis, holdings)
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
        reporter = reporter_of(redis, holdings)
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
        reporter = reporter_of(redis)
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
        reporter = reporter_of(redis, holdings)
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
        reporter = reporter_of(client, holdings)
        async with reporting(reporter):
            reporter.report(first, DONE)
            await reporter.drained()
            assert await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") >= 1
            reporter.report(second, DONE)
        # The first one again, before anything else: Redis may have lost it.
        assert await states_reported(redis) == [first.state, first.state, second.state]
        await client.aclose()

    run_on(redis_url, scene)


def test_a_report_whose_reply_was_lost_is_sent_again_and_the_engine_can_tell(
    lane_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(redis: Redis) -> None:
        (held,) = await taken(redis, "A", 1)
        tries = 0

        async def lossy(*args: Any) -> int:
            nonlocal tries
            tries += 1
            at_ms = await streams.send_reports(*args)
            if tries == 1:
                raise ConnectionError("the reply was lost")
            return at_ms

        monkeypatch.setattr(module, "send_reports", lossy)
        reporter = reporter_of(redis)
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
        reporter = reporter_of(stranger, on_refused=refused.set)
        async with reporting(reporter):
            reporter.report(held, DONE)
            async with asyncio.timeout(20):
                await refused.wait()
            reporter.use(redis)
        assert len(await reported(redis)) == 1
        await stranger.aclose()

    run_on(redis_url, scene)


def test_what_redis_lost_is_sent_again_after_the_connection_was_lost(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        some = await taken(redis, "A", 3)
        reporter = reporter_of(redis)
        async with reporting(reporter):
            for held in some:
                reporter.report(held, DONE)
            await reporter.drained()
            await redis.delete(HOME.reports)
            reporter.connection_lost()
            async with asyncio.timeout(20):
                await reporter.resent()
            assert await states_reported(redis) == [held.state for held in some]

    run_on(lane_url, scene)


def test_a_delivery_that_was_reported_and_comes_again_is_reported_again(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        first, never_reported = await taken(redis, "A", 2)
        reporter = reporter_of(redis)
        async with reporting(reporter):
            reporter.report(first, DONE)
            await reporter.drained()
            await redis.delete(HOME.reports)
            # As it comes when Redis lost the report and made the entry anew.
            entry = (await redis.xadd(first.stream, {"state": first.state})).decode()
            await redis.xreadgroup(RUNTIMES_GROUP, "me", {first.stream: ">"})
            assert reporter.report_again(replace(first, entry=entry))
            assert not reporter.report_again(never_reported)
            assert not reporter.report_again(replace(first, attempt="2"))
        assert await states_reported(redis) == [first.state]
        pending = await redis.xpending_range(first.stream, RUNTIMES_GROUP, "-", "+", 10)
        assert [each["message_id"].decode() for each in pending] == [never_reported.entry]

    run_on(lane_url, scene)


def test_a_report_whose_lease_is_in_doubt_waits_until_it_is_confirmed_or_lost(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        confirmed, lost, fresh = some = await taken(redis, "A", 3)
        holdings = Holdings()
        hold(holdings, some)
        asked = asyncio.Event()
        reporter = reporter_of(redis, holdings, on_doubt=asked.set)
        # As if this process had stood still for longer than a lease.
        for held in (confirmed, lost):
            held.renewed_at -= LEASE_MS / 1000 + 1
        async with reporting(reporter):
            for held in some:
                reporter.report(held, DONE)
            async with asyncio.timeout(20):
                await asked.wait()
            assert await states_reported(redis) == [fresh.state]
            reporter.lease_lost(lost)
            holdings.renewed(confirmed.stream, [confirmed.entry], elapsed_s())
            reporter.leases_confirmed()
        assert await states_reported(redis) == [fresh.state, confirmed.state]
        assert len(holdings) == 0

    run_on(lane_url, scene)


def test_leases_that_were_given_up_are_not_reported(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        ended, running = some = await taken(redis, "A", 2)
        holdings = Holdings()
        hold(holdings, some)
        reporter = reporter_of(redis, holdings)
        reporter.report(ended, DONE)
        assert holdings.give_up() == some
        async with reporting(reporter):
            reporter.report(running, DONE)
        assert await reported(redis) == []
        assert len(holdings) == 0

    run_on(lane_url, scene)


def test_what_redis_refuses_for_want_of_memory_is_handed_over_and_later_reports_go_the_direct_way(
    redis_url: str,
) -> None:
    async def scene(redis: Redis) -> None:
        first, second = await taken(redis, "A", 2)
        handed_over: list[str] = []

        async def hand_over(reports: Sequence[Outgoing]) -> None:
            handed_over.extend(report.state for report in reports)

        reporter = reporter_of(redis, hand_over=hand_over)
        async with reporting(reporter):
            try:
                await redis.config_set("maxmemory", 1)
                reporter.report(first, DONE)
                await reporter.drained()
            finally:
                await redis.config_set("maxmemory", 0)
            assert await reported(redis) == []
            reporter.report(second, DONE)
        assert handed_over == [first.state]
        assert await states_reported(redis) == [second.state]

    run_on(redis_url, scene)


def test_a_report_too_large_to_be_handed_over_waits_for_memory_and_holds_no_other_up(redis_url: str) -> None:
    async def scene(redis: Redis) -> None:
        large, *others = some = await taken(redis, "A", 3)
        handed_over: list[str] = []

        async def hand_over(reports: Sequence[Outgoing]) -> None:
            if any(report.state == large.state for report in reports):
                raise TooLarge("the body is too large")
            handed_over.extend(report.state for report in reports)
            if len(handed_over) == len(others):
                await redis.config_set("maxmemory", 0)

        reporter = reporter_of(redis, hand_over=hand_over)
        await redis.config_set("maxmemory", 1)
        try:
            async with reporting(reporter):
                for held in some:
                    reporter.report(held, DONE)
        finally:
            await redis.config_set("maxmemory", 0)
        assert handed_over == [held.state for held in others]
        assert await states_reported(redis) == [large.state]

    run_on(redis_url, scene)


def test_an_entry_that_is_no_delivery_is_reported_and_leaves_the_queue(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        (ready,) = await queue(redis, "A")
        await redis.xadd(ready, {b"bin": b"\xff\x00", b"long": b"x" * 5000})
        (entry,) = await streams.read_new(redis, RUNTIMES_GROUP, "me", [ready], 1, None)
        reporter = reporter_of(redis)
        async with reporting(reporter):
            reporter.report_unreadable(HOME, "A", entry, "field state is missing")
        ((kind, home, _, _, body),) = await reported(redis)
        assert (kind, home) == ("unreadable", "ns")
        told = json.loads(body)
        assert (told["stream"], told["entry"], told["reason"]) == (ready, entry.id, "field state is missing")
        assert (told["fields"]["bin"], len(told["fields"]["long"])) == ("\\xff\x00", 200)
        assert await redis.xlen(ready) == 0
        assert (await redis.xpending(ready, RUNTIMES_GROUP))["pending"] == 0

    run_on(lane_url, scene)


def test_how_long_a_state_had_waited_is_told_by_the_clock_of_redis(
    lane_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(redis: Redis) -> None:
        first, unknown = await taken(redis, "A", 2)
        vitals = Vitals()
        reporter = Reporter(
            redis, Holdings(), LEASE_MS, Ways(nothing_is_handed_over, never, never), vitals=vitals
        )  # fmt: skip
        ready_ms = first.ready_ms
        # This machine's wall clock is of no account; what the node took is not counted as waiting.
        monkeypatch.setattr(time, "time", lambda: 0.0)
        first.began_at = time.monotonic()
        monkeypatch.setattr(module, "send_reports", later(ready_ms + 1_000_000))
        async with reporting(reporter):
            reporter.report(first, DONE)
            reporter.report(unknown, Released())
            await reporter.drained()
        waited = vitals.nodes["A"].waited
        # One that was given back before it began has not waited for its turn in vain here.
        assert sum(waited.counts) == 1
        assert 500.0 < waited.total_s <= 1000.0

    def later(at_ms: int) -> Any:
        async def send(*args: Any) -> int:
            await streams.send_reports(*args)
            return at_ms

        return send

    run_on(lane_url, scene)
