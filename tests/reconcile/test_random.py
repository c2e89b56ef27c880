"""Random graphs: a whole system is left alone, and a broken one ends as the reference model says."""

import asyncio
import os
from collections import Counter

import fakeredis
import pytest
from redis.asyncio import Redis

from reconcile.broken_play import play
from reconcile.living import beside, watched
from semantics.draws import tape_of
from semantics.generate import random_scenario

#: How many seeds, by lane. `RECONCILE_SEEDS=2000` plays more.
BROKEN = {"fakeredis": 6, "redis": 40}
#: These found a fault once.
KEPT = {"fakeredis": (), "redis": (1269, 1314, 2168, 2381, 2854, 3124, 5393, 5719, 5769, 7199)}
LIVING = {"fakeredis": 1, "redis": 4}
MORE = os.environ.get("RECONCILE_SEEDS")


def redis_of(lane: str, request: pytest.FixtureRequest) -> Redis:
    return Redis.from_url(request.getfixturevalue("redis_url")) if lane == "redis" else fakeredis.FakeAsyncRedis()


@pytest.mark.parametrize("lane", BROKEN)
def test_a_run_whose_records_were_broken_ends_as_the_model_says(lane: str, request: pytest.FixtureRequest) -> None:
    async def scene() -> None:
        redis = redis_of(lane, request)
        mended: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        try:
            for seed in (*range(int(MORE or BROKEN[lane])), *KEPT[lane]):
                try:
                    outcome = await play(redis, seed)
                except AssertionError as why:
                    raise AssertionError(f"seed {seed}: {why}") from None
                if outcome is not None:
                    mended.update(kind.name for kind in outcome.mended.mended)
                    kinds[outcome.kind] += 1
        finally:
            await redis.aclose()
        # It met what it is about.
        assert {"LIST", "INDEX"} <= mended.keys()
        if lane == "redis":
            assert {"RUN_COUNTERS", "CHILD", "UNITE"} <= mended.keys()
            assert {"plain", "retried", "cancelled", "rerun"} <= kinds.keys()

    asyncio.run(scene())


@pytest.mark.parametrize("how", [watched, beside])
@pytest.mark.parametrize("lane", LIVING)
def test_a_living_system_is_left_as_it_is(lane: str, how: object, request: pytest.FixtureRequest) -> None:
    async def scene() -> None:
        redis = redis_of(lane, request)
        try:
            for seed in range(LIVING[lane]):
                for journal in await (watched if how is watched else beside)(redis, random_scenario(tape_of(seed))):
                    assert not journal.mended, f"seed {seed}: {journal.mended}"
        finally:
            await redis.aclose()

    asyncio.run(scene())
