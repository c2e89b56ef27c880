"""A state's record tells which runtime executed it last and for how long, as far as the report of that told it."""

from typing import Any

import pytest

from engine.handover import foreign, forward, take_one_there
from engine.world import HOME, Lane, Pruned, Requeued, World, failed, many, node, one
from exosphere_worker.outcome import Outcome, Released

TOLD = {"by": "host-1-ab", "ran": "1234"}


async def told(world: World, state: str) -> tuple[str | None, int | None]:
    (record,) = [record for record in await world.states() if record.id == state]
    return record.worker, record.ran_ms


@pytest.mark.parametrize(
    ("outcome", "retries"),
    [
        (one(v="1"), 0), (many("1", "2"), 0), (many(*map(str, range(60))), 0), (failed("boom"), 0),
        (failed("boom"), 3), (Pruned({}), 0), (Requeued(60_000), 0),
    ],
    ids=["success", "fan-out", "wide fan-out", "failure", "retry", "prune", "requeue"],
)  # fmt: skip
def test_whatever_comes_of_an_execution_its_record_tells_by_whom_and_how_long(
    lane: Lane, outcome: Outcome, retries: int
) -> None:
    async def scene(world: World) -> None:
        policy = {"max_retries": retries, "backoff_factor": 1}
        await world.graph(node("a", ["b"]), node("b"), retry_policy=policy)
        await world.trigger()
        held = await world.take_one("a")
        assert await told(world, held.state) == (None, None)
        await world.report(held, outcome, **TOLD)
        assert await told(world, held.state) == ("host-1-ab", 1234)

    lane.run(scene)


def test_children_that_cannot_be_made_leave_it_told_who_executed_the_state(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", x="${{ a.outputs.missing }}"))
        await world.trigger()
        held = await world.take_one("a")
        await world.report(held, one(v="1"), **TOLD)
        assert await world.statuses() == {"a": ["NEXT_CREATED_ERROR"]}
        assert await told(world, held.state) == ("host-1-ab", 1234)

    lane.run(scene)


def test_what_is_given_back_changes_nothing_of_it_and_the_next_report_that_counts_does(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        first = await world.take_one("a")
        await world.report(first, Requeued(1), **TOLD)
        await world.promote(first.state)
        again = await world.take_one("a")
        await world.report(again, Released(), by="other", ran="5")
        assert await told(world, first.state) == ("host-1-ab", 1234)
        await world.report(await world.take_one("a"), one(v="1"), by="last")
        # Nothing is left of the earlier attempt where the last one did not tell.
        assert await told(world, first.state) == ("last", None)

    lane.run(scene)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"by": "", "ran": ""},
        {"by": "x" * 201, "ran": "-1"},
        {"by": "two\nlines", "ran": "1.5"},
        {"by": b"\xff\xfe", "ran": b"\xff"},
        {"by": "\u202e", "ran": "1000000000001"},
        {"by": b"\x00", "ran": "²"},
        {"by": "y" * 100_000, "ran": "9" * 100_000},
    ],
)
def test_what_can_not_be_read_of_it_counts_as_not_told_and_the_report_counts(
    lane: Lane, fields: dict[str, Any]
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        held = await world.take_one("a")
        await world.report(held, one(v="1"), **fields)
        assert await world.statuses() == {"a": ["SUCCESS"]}
        assert await told(world, held.state) == (None, None)
        assert await world.redis.xlen(HOME.rejected) == 0

    lane.run(scene)


@pytest.mark.parametrize(("ran", "read"), [("0", 0), ("000", 0), ("1000000000000", 10**12)])
def test_the_ends_of_the_range_count(lane: Lane, ran: str, read: int) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        held = await world.take_one("a")
        await world.report(held, one(v="1"), by="ü" * 200, ran=ran)
        assert await told(world, held.state) == ("ü" * 200, read)

    lane.run(scene)


def test_a_malformed_report_that_fails_its_state_tells_it_all_the_same(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), retry_policy={"max_retries": 0})
        await world.trigger()
        held = await world.take_one("a")
        await world.report(held, one(v="1"), body=b"no JSON", **TOLD)
        assert await world.statuses() == {"a": ["ERRORED"]}
        assert await told(world, held.state) == ("host-1-ab", 1234)

    lane.run(scene)


def test_it_comes_with_a_report_that_is_forwarded(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(foreign("b"))
        await world.trigger()
        held = await take_one_there(world, "b")
        await world.send(held, one(v="1"), **TOLD)
        await forward(world)
        await world.drain()
        assert await told(world, held.state) == ("host-1-ab", 1234)

    lane.run(scene)
