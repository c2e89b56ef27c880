"""Finding runs over several shards: each that is meant once, newest first, whatever is made and removed meanwhile."""

from collections.abc import Sequence
from random import Random

import pytest

from engine.world import Lane, World
from exosphere_core.keys import ShardKeys
from exosphere_core.states import RunStatus
from exosphere_core.store import run_search
from exosphere_core.store.run_search import Place, Wanted, find_runs

ANY = Wanted(None, frozenset(RunStatus), 0, None)

#: Moment, id, graph and status of a run.
Made = tuple[int, str, str, RunStatus]


def homes(count: int) -> list[ShardKeys]:
    return [ShardKeys("ns", shard) for shard in range(count)]


async def make_runs(world: World, home: ShardKeys, count: int, moments: Sequence[int], seed: int) -> list[Made]:
    """Write runs of two graphs and all statuses to a shard."""
    random = Random(seed)
    made: list[Made] = []
    pipeline = world.redis.pipeline(transaction=False)
    for _ in range(count):
        run = f"{random.getrandbits(112):028x}{home.shard:04x}"
        moment, graph, status = random.choice(moments), random.choice("gh"), random.choice(list(RunStatus))
        record = {"graph": graph, "version": 1, "status": status, "root": "r", "created_at": moment}
        pipeline.hset(home.run(run), mapping=record)
        pipeline.zadd(home.runs, {run: moment})
        made.append((moment, run, graph, status))
    await pipeline.execute()
    return made


async def make_shards(world: World, counts: Sequence[int], moments: Sequence[int]) -> list[Made]:
    """Return what was made newest first."""
    made = [await make_runs(world, home, count, moments, home.shard) for home, count in zip(homes(len(counts)), counts, strict=True)]  # fmt: skip
    return sorted((run for part in made for run in part), reverse=True)


async def all_pages(world: World, shards: int, wanted: Wanted, limit: int) -> list[str]:
    """The ids on all pages, one after the other."""
    told: list[str] = []
    after: Place | None = None
    for _ in range(1000):
        page = await find_runs(world.redis, homes(shards), wanted, after, limit)
        assert len(page.runs) <= limit
        told += [run.id for run in page.runs]
        if page.whole:
            return told
        assert page.reached is not None
        assert after is None or page.reached < after, "a page leads nowhere"
        after = page.reached
    raise AssertionError("the list has no end")


@pytest.mark.parametrize(
    ("counts", "moments"),
    [([300], range(50)), ([200, 400, 100], range(30)), ([0, 500, 5], range(10_000)), ([150, 150], [7])],
    ids=["one shard", "three shards", "uneven shards", "all of one moment"],
)
def test_each_run_that_is_meant_is_on_one_page_newest_first(
    lane: Lane, counts: list[int], moments: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_search, "PAGE", 64)
    searches = [
        ANY,
        ANY._replace(graph="g"),
        ANY._replace(statuses=frozenset({RunStatus.FAILED})),
        ANY._replace(statuses=frozenset({RunStatus.FAILED, RunStatus.SUCCESS}), graph="h", first=7, last=20),
        ANY._replace(first=8, last=12),
        ANY._replace(graph="nothing"),
    ]

    async def scene(world: World) -> None:
        made = await make_shards(world, counts, moments)
        for wanted in searches:
            expected = [
                run
                for moment, run, graph, status in made
                if wanted.takes(graph, status)
                and wanted.first <= moment
                and (wanted.last is None or moment <= wanted.last)
            ]
            assert await all_pages(world, len(counts), wanted, 41) == expected, wanted

    lane.run(scene)


def test_runs_that_are_removed_or_made_while_one_reads_neither_hide_nor_repeat_the_others(lane: Lane) -> None:
    async def scene(world: World) -> None:
        made = await make_shards(world, [60, 60], range(20))
        told: list[str] = []
        after: Place | None = None
        removed: set[str] = set()
        for turn in range(100):
            page = await find_runs(world.redis, homes(2), ANY, after, 7)
            told += [run.id for run in page.runs]
            if page.whole:
                break
            after = page.reached
            # The run that the cursor names, and one that is still to come, are removed; newer ones are made.
            for _, run, *_ in (made[len(told) - 1], made[min(len(told) + 3, len(made) - 1)]):
                home = ShardKeys("ns", int(run[-4:], 16))
                await world.redis.zrem(home.runs, run)
                await world.redis.delete(home.run(run))
                removed.add(run)
            await make_runs(world, ShardKeys("ns", turn % 2), 3, [1000 + turn], 100 + turn)
        assert len(told) == len(set(told))
        before = [run for _, run, *_ in made]
        assert [run for run in before if run in set(told) | removed] == before
        assert [run for run in told if run in before] == told, "newer runs were told of"

    lane.run(scene)


def test_one_call_looks_at_a_bounded_part_and_says_how_far_it_came(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_search, "_MOST_LOOKED_AT", 50)
    monkeypatch.setattr(run_search, "PAGE", 20)

    async def scene(world: World) -> None:
        made = await make_shards(world, [80, 80], range(1000))
        page = await find_runs(world.redis, homes(2), ANY._replace(graph="nothing"), None, 10)
        assert (page.runs, page.looked_at, page.whole) == ([], 50, False)
        assert page.reached == Place(made[49][0], made[49][1])
        last = await find_runs(world.redis, homes(2), ANY._replace(graph="nothing"), Place(*made[149][:2]), 10)
        assert (last.looked_at, last.whole) == (10, True)

    lane.run(scene)


def test_a_record_that_can_not_be_read_and_an_index_entry_that_is_no_id_are_passed_by(lane: Lane) -> None:
    async def scene(world: World) -> None:
        made = await make_shards(world, [5], range(1000))
        home = ShardKeys("ns", 0)
        await world.redis.zadd(home.runs, {"junk": 2000, "0" * 32: 3000})
        await world.redis.delete(home.run(made[1][1]))
        await world.redis.set(home.run(made[1][1]), "no hash")
        await world.redis.hset(home.run(made[2][1]), "version", "x")
        rest = [run for _, run, *_ in made if run not in (made[1][1], made[2][1])]
        assert await all_pages(world, 1, ANY, 2) == rest
        everything = ANY._replace(statuses=frozenset(RunStatus) - {RunStatus.PENDING})
        assert await all_pages(world, 1, everything, 1) == [
            run for _, run, _, status in made if run in rest and status != RunStatus.PENDING
        ]

    lane.run(scene)
