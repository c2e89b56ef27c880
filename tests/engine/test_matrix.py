"""The whole transition matrix: each move in each stored status, on both lanes. What is not legal changes nothing."""

import pytest

from engine.told import stored, told, watched
from engine.world import HOME, Lane, World, node, one
from exosphere_core.ids import derived_id
from exosphere_core.records import EventKind, Executed
from exosphere_core.states import MOVES, STORED, Status
from exosphere_core.store import handoff, moves, short_moves
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.handoff import OutboxEntry
from exosphere_core.store.moves import Delivery
from exosphere_core.store.short_moves import Ended, Stepped
from exosphere_orchestrator.engine.inputs import UNLIMITED
from exosphere_orchestrator.engine.succession import retry_of, succeed
from exosphere_worker.held import Held

REPORT = "1-1"

#: Moves that no report of a delivery causes.
BY_HAND = {"retry_by_hand", "cancel"}


async def _scene(world: World) -> Held:
    """One state of a chain, taken by a runtime."""
    await world.graph(node("a", ["b"]), node("b"))
    await world.trigger()
    return await world.take_one("a")


def _sent(held: Held, attempt: str) -> OutboxEntry:
    """The entry of a state, as if it were on the outbox."""
    return OutboxEntry(held.entry, held.task, (held.state.encode(), attempt.encode(), b"{}", held.inputs))


async def _call(world: World, move: str, held: Held, attempt: str) -> Call:
    of = Delivery(held.state, attempt, held.task, HOME, HOME.reports, REPORT)
    plan = await world.context.plans.get("ns", "g", 1)
    made = succeed(plan, held.state, held.task, Executed([{"v": "1"}]), {}, {}, UNLIMITED)
    (part,) = made.parts
    again, task = retry_of(held.state, held.task)
    calls = {
        "promote": moves.promote(HOME, held.state, HOME.ready("A")),
        "expand": moves.expand(of, made.outputs, 1, part.offspring),
        "advance": moves.advance(of, made.outputs, None, "", part.offspring, 1, {}),
        "step": short_moves.step([Stepped(of, made.outputs, part.offspring.children[0], held.task)]),
        "leaf": short_moves.leaf([Ended(of, made.outputs, "")]),
        "finish": short_moves.finish([Ended(of, made.outputs, "")], []),
        "fail": moves.fail(of, Status.ERRORED, "boom", b"", []),
        "fail_next": moves.fail(of, Status.NEXT_CREATED_ERROR, "boom", b"{}", []),
        "retry": moves.retry(of, "boom", again, task, 1000),
        "prune": moves.prune(of, b"{}"),
        "requeue": moves.requeue(of, 1000),
        "retry_by_hand": moves.retry_by_hand(HOME, held.state, again, task, b"", "mark"),
        "cancel": moves.cancel(HOME, held.task.run, "g", [(held.state, held.task)], []),
        "reclaim": moves.reclaim(HOME, held.task, held.state, attempt, held.entry, 3, b"{}"),
        "recall": handoff.recall(HOME, held.task, held.state, attempt, 3, b"{}"),
        "delivered": handoff.delivered(HOME, _sent(held, attempt), "9-9"),
    }
    return calls[move]


async def _everything(world: World) -> dict[str, object]:
    """All records and queues, but for the stream entries and acknowledgements that a late report takes away."""
    found: dict[str, object] = {}
    for key in sorted(await world.redis.keys("*")):
        kind = await world.redis.type(key)
        name = key.decode()
        if kind == b"hash":
            found[name] = await world.redis.hgetall(key)
        elif kind == b"list":
            found[name] = await world.redis.lrange(key, 0, -1)
        elif kind == b"zset":
            found[name] = await world.redis.zrange(key, 0, -1, withscores=True)
        elif kind == b"stream" and not name.endswith("ready:A"):
            found[name] = await world.redis.xlen(key)
    return found


@pytest.mark.parametrize("status", sorted(STORED))
@pytest.mark.parametrize("move", sorted(MOVES))
def test_a_move_applies_where_it_is_legal_and_changes_nothing_elsewhere(lane: Lane, move: str, status: Status) -> None:
    async def scene(world: World) -> None:
        held = await _scene(world)
        key = HOME.state(held.state)
        # An EXECUTED state is being expanded by this very report.
        await world.redis.hset(key, mapping={"status": status.value, "report": REPORT})
        if move == "promote":
            await world.redis.zadd(HOME.due, {held.state: 1})
        if move == "cancel":
            await world.redis.hset(HOME.run(held.task.run), "cancelled_at", "1")
        call = await _call(world, move, held, held.attempt)
        before = await _everything(world)
        await apply(world.redis, call)
        after = await _everything(world)
        now = (await world.redis.hget(key, "status")).decode()
        if status in MOVES[move].legal_from:
            assert now == MOVES[move].to
            assert after != before
        else:
            assert now == status
            if move == "promote":
                assert after.pop(HOME.due, None) is None
                before.pop(HOME.due)
            assert after == before

    lane.run(scene)


@pytest.mark.parametrize("move", sorted(MOVES))
def test_a_move_tells_those_who_watch_of_a_state_as_it_reads_afterwards(lane: Lane, move: str) -> None:
    async def scene(world: World) -> None:
        held = await _scene(world)
        key = HOME.state(held.state)
        await world.redis.hset(key, mapping={"status": min(MOVES[move].legal_from).value, "report": REPORT})
        if move == "promote":
            await world.redis.zadd(HOME.due, {held.state: 1})
        if move == "cancel":
            await world.redis.hset(HOME.run(held.task.run), "cancelled_at", "1")
        await watched(world)
        before = (await stored(world))[held.state]
        reply = await apply(world.redis, await _call(world, move, held, held.attempt))
        if move in ("step", "finish"):
            # They leave what is watched to the move that tells.
            assert reply == [b"other", b"CREATED"]
            await apply(world.redis, await _call(world, "advance", held, held.attempt))
        after = (await stored(world))[held.state]
        events = [each for each in await told(world) if each.state == held.state and each.kind is EventKind.STATE]
        assert [(each.status, each.attempt) for each in events] == ([after] if after != before else [])
        assert all(each.identifier == "a" for each in events)

    lane.run(scene)


@pytest.mark.parametrize("move", sorted(set(MOVES) - BY_HAND - {"promote"}))
def test_a_move_of_another_attempt_changes_nothing(lane: Lane, move: str) -> None:
    async def scene(world: World) -> None:
        held = await _scene(world)
        call = await _call(world, move, held, "7")
        before = await _everything(world)
        reply = await apply(world.redis, call)
        assert reply[0] == b"stale"
        assert await _everything(world) == before

    lane.run(scene)


@pytest.mark.parametrize("move", sorted(set(MOVES) - {"promote"}))
def test_a_move_of_a_state_that_does_not_exist_makes_nothing(lane: Lane, move: str) -> None:
    async def scene(world: World) -> None:
        held = await _scene(world)
        held.state = derived_id("child", held.task.run, "no such")
        call = await _call(world, move, held, "1")
        await apply(world.redis, call)
        assert await world.redis.exists(HOME.state(held.state)) == 0
        assert (await world.statuses())["a"][0] in ("CREATED", "QUEUED")

    lane.run(scene)


def test_a_fan_out_in_the_middle_is_gone_on_with_only_by_its_own_report(lane: Lane) -> None:
    async def scene(world: World) -> None:
        held = await _scene(world)
        await world.redis.hset(HOME.state(held.state), mapping={"status": "EXECUTED", "report": "9-9"})
        for move in ("expand", "advance", "fail_next"):
            call = await _call(world, move, held, held.attempt)
            assert (await apply(world.redis, call))[0] == b"stale"

    lane.run(scene)


def test_a_failure_found_in_the_middle_of_a_fan_out_says_that_it_must_be_gone_on_with(lane: Lane) -> None:
    async def scene(world: World) -> None:
        held = await _scene(world)
        await world.redis.hset(HOME.state(held.state), mapping={"status": "EXECUTED", "report": REPORT})
        call = await _call(world, "fail_next", held, held.attempt)
        assert (await apply(world.redis, call))[0] == b"continued"

    lane.run(scene)


def test_the_engine_goes_on_with_a_half_made_fan_out_whose_limit_was_lowered_meanwhile(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        held = await world.take_one("a")
        await world.send(held, one(v="1"))
        (entry,) = await world.reports()
        await world.redis.hset(HOME.state(held.state), mapping={"status": "EXECUTED", "report": entry.id})
        world.context.limits = type(UNLIMITED)(max_fan_out=0, max_value_bytes=None)
        await world.consumer.apply([entry])
        await world.consumer.settled()
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["CREATED"]}

    lane.run(scene)


def test_a_chunk_applied_twice_changes_nothing_the_second_time(lane: Lane) -> None:
    async def scene(world: World) -> None:
        held = await _scene(world)
        call = await _call(world, "expand", held, held.attempt)
        await apply(world.redis, call)
        before = await _everything(world)
        await apply(world.redis, call)
        after = await _everything(world)
        assert _without_times(before) == _without_times(after)

    lane.run(scene)


def _without_times(everything: dict[str, object]) -> dict[str, object]:
    return {
        key: {name: text for name, text in value.items() if name != b"updated_at"} if isinstance(value, dict) else value
        for key, value in everything.items()
    }
