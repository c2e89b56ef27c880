"""Pages of the list of runs, over several shards."""

from random import Random

import pytest

from engine.world import Lane, World
from exosphere_core.keys import ShardKeys
from exosphere_core.store.run_pages import read_newest_runs


async def make_runs(world: World, shards: int, counts: list[int], moments: int, seed: int) -> list[str]:
    """Write so many runs to each shard, many of them of the same moment; return them newest first."""
    random = Random(seed)
    made: list[tuple[int, str]] = []
    for shard, count in zip(range(shards), counts, strict=True):
        home = ShardKeys("ns", shard)
        pipeline = world.redis.pipeline(transaction=False)
        for _ in range(count):
            run, moment = f"{random.getrandbits(128):032x}", random.randrange(moments)
            record = {"graph": "g", "version": 1, "status": "PENDING", "root": "r", "created_at": moment}
            pipeline.hset(home.run(run), mapping=record)
            pipeline.zadd(home.runs, {run: moment})
            made.append((moment, run))
        await pipeline.execute()
    return [run for _, run in sorted(made, reverse=True)]


@pytest.mark.parametrize(
    ("counts", "moments"),
    [([700], 50), ([400, 900, 300], 30), ([0, 1200, 5, 300], 10_000), ([350, 350, 350], 1)],
    ids=["one shard", "three shards", "uneven shards", "all of one moment"],
)
def test_each_run_is_on_one_page_in_the_order_of_their_creation(lane: Lane, counts: list[int], moments: int) -> None:
    async def scene(world: World) -> None:
        made = await make_runs(world, len(counts), counts, moments, seed=7)
        homes = [ShardKeys("ns", shard) for shard in range(len(counts))]
        told: list[str] = []
        for skip in range(0, len(made) + 90, 90):
            total, page = await read_newest_runs(world.redis, homes, skip, 90)
            assert total == len(made)
            told += [run.id for run in page]
        assert told == made

    lane.run(scene)


def test_a_page_far_behind_the_last_run_is_empty(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await make_runs(world, 3, [10, 0, 2], 5, seed=1)
        homes = [ShardKeys("ns", shard) for shard in range(3)]
        assert await read_newest_runs(world.redis, homes, 99_999_900, 100) == (12, [])

    lane.run(scene)
