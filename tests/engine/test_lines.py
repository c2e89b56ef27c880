"""What nodes write is kept beside their run, numbered, the newest of it, and goes with the run. On both lanes."""

import asyncio
from typing import Any

import pytest

from engine.world import HOME, Lane, World, node, one
from exosphere_core.ids import new_run_id
from exosphere_core.keys import ShardKeys
from exosphere_core.log_lines import Level, LineKind, levels_from
from exosphere_core.records import Line, encode
from exosphere_core.store.calls import recorded
from exosphere_core.store.connection import connect
from exosphere_core.store.lines import Filter, LinePage, add_lines, read_lines, read_standing
from exosphere_core.store.upkeep import delete_run

LOTS = 2**31


def line(text: str, **more: Any) -> Line:
    given = {
        "at": 1, "kind": LineKind.LOG, "level": Level.INFO, "state": "s1", "node": "A", "identifier": "a", "attempt": 1, **more,
    }  # fmt: skip
    return Line(text=text, **given)


async def add(world: World, *texts: str, most: int = LOTS, most_bytes: int = LOTS) -> int:
    lines = {(HOME, world.run_id): [line(text) for text in texts]}
    return await add_lines(world.redis, lines, most, most_bytes)


async def read(world: World, after: int = 0, limit: int = 1000, **meant: Any) -> LinePage:
    return await read_lines(world.redis, HOME, world.run_id, after, limit, Filter(**meant))


async def texts(world: World, after: int = 0, **meant: Any) -> list[str]:
    return [each.line.text for each in (await read(world, after, **meant)).lines]


async def begin(world: World) -> None:
    await world.graph(node("a"))
    await world.trigger()


def test_lines_are_numbered_from_one_and_read_in_order_from_any_of_them_on(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        assert await read(world) == LinePage([], 0, 0, at_end=True)
        assert await add(world, "one", "two") == 2
        assert await add(world, "three") == 1
        page = await read(world)
        assert [(each.number, each.line.text) for each in page.lines] == [(1, "one"), (2, "two"), (3, "three")]
        assert (page.dropped, page.position, page.at_end) == (0, 3, True)
        assert await texts(world, after=2) == ["three"]
        page = await read(world, limit=2)
        assert (len(page.lines), page.position, page.at_end) == (2, 2, False)

    lane.run(scene)


def test_more_lines_than_one_script_takes_keep_their_order(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        written = [str(number) for number in range(450)]
        assert await add(world, *written) == 450
        assert await texts(world) == written

    lane.run(scene)


def test_of_too_many_lines_the_oldest_go_and_the_numbers_tell_how_many(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        await add(world, "one", "two", "three", most=2)
        await add(world, "four", most=2)
        page = await read(world)
        assert [(each.number, each.line.text) for each in page.lines] == [(3, "three"), (4, "four")]
        assert page.dropped == 2
        assert (await read(world, after=1)).dropped == 1
        assert (await read(world, after=2)).dropped == 0

    lane.run(scene)


@pytest.mark.parametrize("kept", [1, 7, 150])
def test_of_too_many_bytes_the_oldest_lines_go_and_as_few_as_possible(lane: Lane, kept: int) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        size = len(encode(line("0" * 4)))
        most = size * kept + size // 2
        for start in range(0, 300, 90):
            await add(world, *(f"{number:04}" for number in range(start, start + 90)), most_bytes=most)
        assert await texts(world) == [f"{number:04}" for number in range(360 - kept, 360)]
        assert (await read(world)).dropped == 360 - kept

    lane.run(scene)


def test_a_line_larger_than_all_bytes_that_are_kept_stays_alone(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        await add(world, "a", "b" * 1000, most_bytes=300)
        assert await texts(world) == ["b" * 1000]
        await add(world, "c", most_bytes=300)
        assert await texts(world) == ["c"]

    lane.run(scene)


def test_lines_are_found_by_state_node_level_and_kind(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        written = [
            line("1", state="aa1", identifier="a"),
            line("2", state="ab2", identifier="b", level=Level.ERROR),
            line("3", state="ab2", identifier="b", kind=LineKind.PROGRESS),
            line("4", state="ab3", identifier="b", level=Level.WARNING),
        ]
        assert await add_lines(world.redis, {(HOME, world.run_id): written}, LOTS, LOTS) == 4
        assert await texts(world, state="ab2") == ["2", "3"]
        assert await texts(world, state="ab") == ["2", "3", "4"]
        assert await texts(world, identifier="a") == ["1"]
        assert await texts(world, levels=levels_from(Level.WARNING)) == ["2", "4"]
        assert await texts(world, kinds={LineKind.PROGRESS}) == ["3"]
        assert await texts(world, state="ab2", levels=levels_from(Level.ERROR)) == ["2"]
        page = await read(world, state="nobody")
        assert (page.lines, page.position, page.at_end) == ([], 4, True)

    lane.run(scene)


def test_one_look_goes_over_a_bounded_number_of_lines_and_says_how_far_it_came(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exosphere_core.store.lines._PAGE", 10)
    monkeypatch.setattr("exosphere_core.store.lines._MOST_LOOKED_AT", 20)

    async def scene(world: World) -> None:
        await begin(world)
        await add(world, *map(str, range(30)))
        page = await read(world, state="nobody")
        assert (page.lines, page.position, page.at_end) == ([], 20, False)
        assert (await read(world, after=page.position, state="nobody")).at_end

    lane.run(scene)


def test_lines_of_runs_in_several_slots_of_a_cluster_are_added_at_once(cluster_url: str) -> None:
    async def scene() -> None:
        redis = connect(cluster_url)
        try:
            places = [(ShardKeys("ns", shard), new_run_id(shard)) for shard in range(5)]
            for home, run in places:
                await redis.hset(home.run(run), "status", "PENDING")
            assert await add_lines(redis, {place: [line(place[1])] for place in places}, LOTS, LOTS) == 5
            for home, run in places:
                page = await read_lines(redis, home, run, 0, 10, Filter())
                assert [each.line.text for each in page.lines] == [run]
                await redis.delete(home.run(run), home.lines(run))
        finally:
            await redis.aclose()

    asyncio.run(scene())


def test_nothing_is_kept_of_a_run_that_is_gone(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        lines = {(HOME, run): [line("late")] for run in (new_run_id(0), world.run_id)}
        assert await add_lines(world.redis, lines, LOTS, LOTS) == 1
        assert [key async for key in world.redis.scan_iter(match=HOME.lines("*"))] == [
            HOME.lines(world.run_id).encode()
        ]

    lane.run(scene)


def test_the_lines_of_a_run_are_deleted_with_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        await world.do("a", one())
        # The last ones may come in after the end.
        assert await add(world, "late") == 1
        await delete_run(world.redis, HOME, world.run_id)
        assert not await world.redis.exists(HOME.lines(world.run_id))
        assert await add(world, "too late") == 0
        assert await read_standing(world.redis, HOME, world.run_id) is None

    lane.run(scene)


def test_lines_change_nothing_of_the_record_of_their_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        before = await world.redis.hgetall(HOME.run(world.run_id))
        await add(world, "one")
        assert await world.redis.hgetall(HOME.run(world.run_id)) == before

    lane.run(scene)


def test_lines_are_not_among_the_calls_that_are_applied_again_after_redis_lost_something(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        with recorded() as calls:
            await add(world, "one")
        assert calls == []

    lane.run(scene)


def test_whoever_follows_a_run_is_told_of_each_addition(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        channel = world.redis.pubsub()
        await channel.subscribe("exo:run-told")
        assert (await channel.get_message(timeout=20))["type"] == "subscribe"
        await add(world, "one")
        told = await channel.get_message(timeout=20)
        assert told["data"] == HOME.lines(world.run_id).encode()
        await channel.aclose()

    lane.run(scene)
