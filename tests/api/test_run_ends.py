"""Telling waiters that a run has ended, over Redis' channel."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from api.service import KEY, PATIENCE_MS
from exosphere_core.keys import RUN_ENDED, RUN_TOLD
from exosphere_orchestrator.engine.engine import new_context
from exosphere_orchestrator.http import run_ends
from exosphere_orchestrator.http.run_ends import RunEnds
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.vault import new_key


async def told(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), PATIENCE_MS / 1000)
    event.clear()


def test_waiters_are_told_when_a_notice_may_have_been_missed_and_of_the_end_of_their_run_alone(redis_url: str) -> None:
    async def scene() -> None:
        settings = Settings.model_validate({"redis_url": redis_url, "api_key": KEY, "encryption_key": new_key()})
        redis = Redis.from_url(redis_url)
        ends = RunEnds(new_context(settings, redis, redis))
        mine, other = ends.expect("mine"), ends.expect("other")
        listening = asyncio.create_task(ends.run())
        try:
            # A run that ended just before the channel was subscribed to gave no notice.
            await told(mine)
            await told(other)
            await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await told(mine)
            await told(other)
            await redis.publish(RUN_ENDED, "mine")
            await told(mine)
            assert not other.is_set()
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await redis.aclose()

    asyncio.run(scene())


def test_runs_are_listened_to_only_while_somebody_waits_for_one_and_shortly_after(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_ends, "_LINGER_S", 0.05)

    async def scene() -> None:
        settings = Settings.model_validate({"redis_url": redis_url, "api_key": KEY, "encryption_key": new_key()})
        redis = Redis.from_url(redis_url)
        ends = RunEnds(new_context(settings, redis, redis))
        heard: list[bytes | None] = []

        async def listened_to(count: int) -> None:
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while [number for _, number in await redis.pubsub_numsub(RUN_ENDED, RUN_TOLD)] != [count, count]:
                    await asyncio.sleep(0.005)

        listening = asyncio.create_task(ends.run())
        try:
            await ends.listen("exo:runs:any", heard.append)
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while not heard:
                    await asyncio.sleep(0.005)
            await listened_to(0)
            for name in ("first", "second"):
                event = ends.expect(name)
                # A run that ended before the channel was subscribed to gave no notice.
                await told(event)
                await listened_to(1)
                await redis.publish(RUN_ENDED, name)
                await told(event)
                ends.forget(name, event)
                await listened_to(0)
            # Who comes while the last one has just gone keeps the channel.
            gone, kept = ends.expect("gone"), ends.expect("kept")
            await told(kept)
            ends.forget("gone", gone)
            await listened_to(1)
            await redis.publish(RUN_ENDED, "kept")
            await told(kept)
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await redis.aclose()

    asyncio.run(scene())


def test_a_listener_hears_once_that_its_channel_is_subscribed_to_and_again_after_a_loss(redis_url: str) -> None:
    async def scene() -> None:
        settings = Settings.model_validate({"redis_url": redis_url, "api_key": KEY, "encryption_key": new_key()})
        redis = Redis.from_url(redis_url)
        ends = RunEnds(new_context(settings, redis, redis))
        early: list[bytes | None] = []
        late: list[bytes | None] = []

        async def heard(messages: list[bytes | None], expected: list[bytes | None]) -> None:
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while messages != expected:
                    await asyncio.sleep(0.005)

        await ends.listen("exo:runs:early", early.append)
        listening = asyncio.create_task(ends.run())
        try:
            await heard(early, [None])
            await ends.listen("exo:runs:late", late.append)
            await heard(late, [None])
            await redis.publish("exo:runs:late", "news")
            await heard(late, [None, b"news"])
            assert early == [None]
            # Who takes the place of one that has just gone is told at once, or when it is subscribed to again.
            ends.unlisten("exo:runs:early")
            await ends.listen("exo:runs:early", late.append)
            await heard(late, [None, b"news", None])
            await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await heard(late, [None, b"news", None, None, None])
            ends.unlisten("exo:runs:late")
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while (await redis.pubsub_numsub("exo:runs:late"))[0][1]:
                    await asyncio.sleep(0.005)
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await redis.aclose()

    asyncio.run(scene())


def test_while_nothing_happens_it_asks_whether_redis_is_there_and_its_subscription_holds(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_ends, "BLOCK_MS", 20)

    async def scene() -> None:
        settings = Settings.model_validate({"redis_url": redis_url, "api_key": KEY, "encryption_key": new_key()})
        redis = Redis.from_url(redis_url)
        ends = RunEnds(new_context(settings, redis, redis))
        heard: list[bytes | None] = []

        async def pings() -> int:
            stats: dict[str, Any] = await redis.info("commandstats")
            return int(stats.get("cmdstat_ping", {"calls": 0})["calls"])

        await ends.listen("exo:runs:quiet", heard.append)
        before = await pings()
        listening = asyncio.create_task(ends.run())
        try:
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while await pings() < before + 3:
                    await asyncio.sleep(0.005)
            await redis.publish("exo:runs:quiet", "news")
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while b"news" not in heard:
                    await asyncio.sleep(0.005)
            # Subscribed to once: None would tell of a loss.
            assert heard == [None, b"news"]
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await redis.aclose()

    asyncio.run(scene())
