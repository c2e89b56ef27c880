"""Telling waiters that a run has ended, over Redis' channel."""

import asyncio

from redis.asyncio import Redis

from api.service import KEY, PATIENCE_MS
from exosphere_core.keys import RUN_ENDED
from exosphere_orchestrator.engine.engine import new_context
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
