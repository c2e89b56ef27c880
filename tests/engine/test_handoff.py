"""States of another namespace's nodes: handed over once, whatever breaks off; their reports come home."""

import asyncio
import json
from typing import Any

import pytest

from engine.handover import (
    THERE,
    check_tidy,
    foreign,
    forward,
    hand_over,
    outbox,
    reap_there,
    report_there,
    take_one_there,
    take_there,
)
from engine.world import HOME, Lane, Requeued, World, failed, many, node, one
from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import handoff, moves, streams
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.catalog import now_ms
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.handoff import OutboxEntry, read_outbox_entry
from exosphere_orchestrator.engine import courier as couriers
from exosphere_orchestrator.engine import reaper as reapers
from exosphere_orchestrator.engine.courier import Courier


class Killed(BaseException):
    """The process ends here."""


async def begin(world: World, width: int = 1) -> None:
    """`a` has given its outputs; as many states of the neighbour's node wait on the outbox."""
    await world.graph(node("a", ["b"]), foreign("b", "c", x="${{ a.outputs.v }}"), node("c", x="${{ b.outputs.v }}"))
    await world.trigger()
    await world.do("a", many(*map(str, range(width))) if width > 1 else one(v="0"))


async def finish(world: World, width: int = 1) -> None:
    """The neighbour executes what it has, each once, and the run ends."""
    held = await take_there(world, "b")
    assert sorted(json.loads(one_held.inputs)["x"] for one_held in held) == sorted(map(str, range(width)))
    for one_held in held:
        await report_there(world, one_held, one(v="done"))
    for one_held in await world.take("c"):
        await world.report(one_held, one())
    assert (await world.run()).status == "SUCCESS"
    await check_tidy(world)


def test_a_state_is_queued_where_its_node_is_and_its_report_comes_home(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        assert await take_there(world, "b") == []
        assert (await world.state("b")).status == "CREATED"
        held = await take_one_there(world, "b")
        assert (await world.state("b")).status == "QUEUED"
        await report_there(world, held, one(v="2"))
        assert json.loads((await world.do("c", one())).inputs) == {"x": "2"}
        assert (await world.run()).status == "SUCCESS"
        await check_tidy(world)

    lane.run(scene)


def test_the_order_of_the_branches_is_kept_on_the_way(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world, 250)
        for _ in range(3):
            await hand_over(world)
        held = await take_there(world, "b")
        ids = [one_held.state for one_held in held]
        assert len(set(ids)) == len(ids) == 99
        assert ids == [state.id for state in await world.states("b")][:99]

    lane.run(scene)


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("step", ["deliver", "delivered"])
def test_a_courier_that_is_killed_before_or_after_any_step_loses_and_doubles_nothing(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    async def scene(world: World) -> None:
        await begin(world, 3)
        with monkeypatch.context() as patch:
            _kill_at(patch, couriers, step, after)
            with pytest.raises(Killed):
                await hand_over(world)
        # Some more come, so that the next page holds old ones and new ones.
        other = world.run_id
        await world.trigger()
        await world.do("a", one(v="3"))
        await hand_over(world)
        assert [state.status for state in await world.states("b")] == ["CREATED"]
        held = await take_there(world, "b")
        assert sorted(json.loads(one_held.inputs)["x"] for one_held in held) == ["0", "1", "2", "3"]
        assert await outbox(world) == []
        world.run_id = other
        assert {state.status for state in await world.states("b")} == {"QUEUED"}

    lane.run(scene)


def _kill_at(patch: pytest.MonkeyPatch, module: Any, step: str, after: bool) -> None:
    """Calls of a script end the process, before or after Redis has applied them."""
    for name in ("apply", "apply_all"):
        if not hasattr(module, name):
            continue
        original = getattr(module, name)

        async def call(redis: Any, calls: Any, original: Any = original) -> Any:
            hit = step in {one_call.name for one_call in ([calls] if isinstance(calls, Call) else calls)}
            if hit and not after:
                raise Killed
            reply = await original(redis, calls)
            if hit:
                raise Killed
            return reply

        patch.setattr(module, name, call)


def test_two_couriers_in_any_order_queue_each_state_once(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world, 4)
        page = await _entries(world)
        # Each step is a pair of courier and what it saw; the second one saw more.
        early, late = page[:2], page
        first = await _deliver(world, early)
        second = await _deliver(world, late)
        assert second[:2] == first
        assert all(second)
        assert await _deliver(world, early) == first
        for entry, ready in zip(late, second, strict=True):
            assert (await apply(world.redis, handoff.delivered(HOME, entry, ready)))[0] == b"applied"
        for entry, ready in zip(early, first, strict=True):
            assert (await apply(world.redis, handoff.delivered(HOME, entry, ready)))[0] == b"known"
        assert await outbox(world) == []
        await finish(world, 4)

    lane.run(scene)


def test_a_courier_that_slept_through_the_whole_way_of_a_state_changes_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        page = await _entries(world)
        await hand_over(world)
        first = await world.state("b")
        await world.trigger()
        await world.do("a", one(v="1"))
        await hand_over(world)
        assert await _deliver(world, page) == [""]
        assert (await apply(world.redis, handoff.delivered(HOME, page[0], "")))[0] == b"known"
        assert len(await take_there(world, "b")) == 2
        assert (await world.states())[0].id != first.id

    lane.run(scene)


async def _entries(world: World) -> list[OutboxEntry]:
    return [entry for raw in await outbox(world) if (entry := read_outbox_entry(raw))]


async def _deliver(world: World, entries: list[OutboxEntry]) -> list[str]:
    return [word.decode() for word in await apply(world.redis, handoff.deliver(HOME, THERE, entries))]


def test_a_state_that_ends_on_its_way_is_taken_off_the_other_queue(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await begin(world)

        async def cancelled_meanwhile(redis: Any, call: Call) -> Any:
            reply = await apply(redis, call)
            await world.cancel()
            return reply

        monkeypatch.setattr(couriers, "apply", cancelled_meanwhile)
        await hand_over(world)
        assert await take_there(world, "b") == []
        assert (await world.run()).status == "CANCELLED"
        await check_tidy(world)

    lane.run(scene)


def test_a_cancelled_run_leaves_nothing_on_the_outbox_or_in_the_other_queue(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world, 3)
        raw = await outbox(world)
        await Courier(world.context, HOME).carry(raw[:2])
        (held, _) = await take_there(world, "b")
        await world.cancel()
        assert (await world.run()).status == "CANCELLED"
        assert await world.redis.xlen(THERE.ready("B")) == 0
        # The third one was still on its way: the courier finds that it has ended.
        await hand_over(world)
        assert await world.redis.xlen(THERE.ready("B")) == 0
        await report_there(world, held, one(v="late"))
        assert set((await world.statuses())["b"]) == {"CANCELLED"}
        await check_tidy(world)

    lane.run(scene)


def test_cancelling_takes_only_the_entries_of_its_own_run_though_ids_of_two_streams_are_alike(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        # Handed over a moment later, so that its id in the other queue is one that the outbox has not had.
        (pushed,) = await outbox(world)
        async with asyncio.timeout(20):
            while await now_ms(world.redis) <= int(pushed.id.partition("-")[0]):
                await asyncio.sleep(0)
        await hand_over(world)
        cancelled = world.run_id
        away = (await world.redis.hget(HOME.state((await world.state("b")).id), "entry")).decode()
        await world.trigger()
        held = await world.take_one("a")
        # The next state comes to the outbox under the id that the first one has in the other queue.
        await world.redis.xadd(HOME.outbox, {"state": "x"}, id=away[1:])
        await world.send(held, one(v="1"))
        world.run_id = cancelled
        await world.cancel()
        assert len(await outbox(world)) == 2

    lane.run(scene)


def test_a_namespace_that_refuses_does_not_hold_up_another(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b", "d"]), foreign("b"), {**node("d"), "namespace": "third"})
        await world.trigger()
        await world.do("a", one())
        await world.redis.delete(THERE.ready("B"))
        await world.redis.set(THERE.ready("B"), "no stream")
        monkeypatch.setattr(couriers, "_PAUSE_MS", 10)
        courier = Courier(world.context, HOME)
        monkeypatch.setattr(courier, "_redis", world.redis)
        await courier.run_once()
        assert [entry.fields[b"state"].decode() for entry in await outbox(world)] == [(await world.state("b")).id]
        await world.redis.delete(THERE.ready("B"))
        await ensure_groups(world.redis, [THERE.ready("B")], RUNTIMES_GROUP)
        async with asyncio.timeout(20):
            while await outbox(world):
                await courier.run_once()
        assert len(await take_there(world, "b")) == 1
        await courier.close()

    lane.run(scene)


def test_what_comes_behind_states_that_could_not_be_handed_over_does_not_overtake_them(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other namespace is back when half of the outbox is carried: its states of the first half must not pass for delivered."""

    async def scene(world: World) -> None:
        await begin(world, 4)
        await world.redis.rename(THERE.ready("B"), THERE.ready("moved"))
        await world.redis.set(THERE.ready("B"), "no stream")
        monkeypatch.setattr(couriers, "_PAGE", 2)
        monkeypatch.setattr(couriers, "_PAUSE_MS", 10)
        courier = Courier(world.context, HOME)
        monkeypatch.setattr(courier, "_redis", world.redis)
        await courier.run_once()
        await world.redis.rename(THERE.ready("moved"), THERE.ready("B"))
        async with asyncio.timeout(20):
            while await outbox(world):
                await courier.run_once()
        held = await take_there(world, "b")
        assert [json.loads(one_held.inputs)["x"] for one_held in held] == ["0", "1", "2", "3"]
        await courier.close()

    lane.run(scene)


def test_a_courier_finds_what_lies_below_the_entries_that_it_saw(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outbox was lost and begins anew with a clock that went back."""

    async def scene(world: World) -> None:
        await begin(world)
        monkeypatch.setattr(couriers, "BLOCK_MS", 10)
        courier = Courier(world.context, HOME)
        monkeypatch.setattr(courier, "_redis", world.redis)
        monkeypatch.setattr(courier, "_after", "9999999999999-0")
        for _ in range(2):
            await courier.run_once()
        await finish(world)

    lane.run(scene)


def test_what_is_no_state_on_the_outbox_is_put_aside_and_stops_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.redis.xadd(HOME.outbox, {"hello": "world"})
        await begin(world)
        await hand_over(world)
        ((_, kept),) = await world.redis.xrange(HOME.rejected)
        assert kept[b"reason"] == b"it is no state"
        await finish(world)

    lane.run(scene)


def test_a_lost_lease_of_the_other_namespace_comes_back_under_a_new_attempt(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        dead = await take_one_there(world, "b")
        await reap_there(world)
        living = await take_one_there(world, "b")
        assert (living.state, living.attempt) == (dead.state, "2")
        await report_there(world, dead, one(v="late"))
        assert (await world.state("b")).status == "QUEUED"
        await report_there(world, living, one(v="right"))
        assert json.loads((await world.do("c", one())).inputs) == {"x": "right"}
        await check_tidy(world)

    lane.run(scene)


@pytest.mark.parametrize("after", [True, False])
def test_a_reaper_that_is_killed_before_or_after_it_called_a_state_back_loses_and_doubles_nothing(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        await take_one_there(world, "b")
        with monkeypatch.context() as patch:
            _kill_at(patch, reapers, "recall", after)
            with pytest.raises(Killed):
                await reap_there(world)
        await reap_there(world)
        await hand_over(world)
        (held,) = await take_there(world, "b")
        assert held.attempt == "2"
        assert await world.redis.hget(HOME.state(held.state), "lost_leases") == b"1"
        await report_there(world, held, one(v="1"))
        await world.do("c", one())
        await check_tidy(world)

    lane.run(scene)


def test_a_lease_that_is_lost_before_the_courier_has_noted_where_the_state_is_comes_back_too(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        page = await _entries(world)
        (ready,) = await _deliver(world, page)
        await take_there(world, "b")
        await reap_there(world)
        assert (await apply(world.redis, handoff.delivered(HOME, page[0], ready)))[0] == b"stale"
        await hand_over(world)
        (held,) = await take_there(world, "b")
        assert held.attempt == "2"

    lane.run(scene)


def test_what_was_reported_before_its_lease_was_found_lost_is_left_to_its_report(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        held = await take_one_there(world, "b")
        entries = await streams.read_entries(world.redis, held.stream, [held.entry])
        await world.send(held, one(v="0"))
        await reapers.Reaper(world.context, THERE).reclaim(entries)
        await forward(world)
        await world.drain()
        await world.do("c", one())
        assert (await world.run()).status == "SUCCESS"
        await check_tidy(world)

    lane.run(scene)


def test_a_state_of_the_other_namespace_that_lost_its_worker_too_often_fails(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(foreign("b"), retry_policy={"max_retries": 0})
        await world.trigger()
        for _ in range(3):
            await take_one_there(world, "b")
            await reap_there(world)
        await world.drain()
        assert "lost its worker 3 times" in str((await world.state("b")).error)
        assert (await world.run()).status == "FAILED"
        await check_tidy(world)

    lane.run(scene)


def test_retries_and_requeues_of_the_other_namespace_take_the_same_way(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(foreign("b"), retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1})
        await world.trigger()
        await report_there(world, await take_one_there(world, "b"), Requeued(1))
        await _promote(world)
        await report_there(world, await take_one_there(world, "b"), failed())
        await _promote(world)
        await report_there(world, await take_one_there(world, "b"), failed("again"))
        (state,) = [state for state in await world.states() if state.status == "ERRORED"]
        new = await world.retry_by_hand(state.id)
        held = await take_one_there(world, "b")
        assert held.state == new
        await report_there(world, held, one())
        assert (await world.run()).status == "SUCCESS"
        await check_tidy(world)

    lane.run(scene)


async def _promote(world: World) -> None:
    """The time has come for which the one waiting state waited."""
    ((state, _),) = await world.redis.zrange(HOME.due, 0, -1, withscores=True)
    await world.redis.zadd(HOME.due, {state: 1})
    await apply(world.redis, moves.promote(HOME, state.decode(), HOME.outbox))


def test_a_report_that_is_forwarded_twice_counts_once(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        held = await take_one_there(world, "b")
        await world.send(held, one(v="1"))
        entries = await streams.read_entries(
            world.redis, THERE.reports, [(await world.redis.xrange(THERE.reports))[0][0].decode()]
        )
        await forward(world)
        await world.redis.xadd(THERE.reports, entries[0].fields)
        await forward(world)
        await world.drain()
        assert world.context.counts["stale"] == 1
        assert await world.statuses() == {"a": ["SUCCESS"], "b": ["SUCCESS"], "c": ["CREATED"]}

    lane.run(scene)


def test_a_namespace_can_not_report_for_states_that_it_does_not_execute(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begin(world)
        held = await take_one_there(world, "b")
        fields: Any = {"kind": "executed", "home": "ns", "attempt": "1", "body": '{"outputs":[{}]}'}
        third = {**fields, "state": (await world.state("a")).id, "via": "ns"}
        await world.redis.xadd(THERE.reports, third)
        await world.redis.xadd(THERE.reports, {**fields, "home": "nobody", "state": held.state})
        await world.redis.xadd(HOME.reports, {**fields, "state": held.state, "via": THERE.namespace})
        await world.redis.xadd(THERE.reports, {**fields, "kind": "cancelled", "state": world.run_id})
        await world.redis.xadd(THERE.reports, {**fields, "kind": "settled", "state": held.state})
        await forward(world)
        await world.drain()
        reasons = [kept[b"reason"].decode() for _, kept in await world.redis.xrange(THERE.rejected)]
        assert sorted(reasons) == [
            "its kind is said by the run's own namespace only",
            "its kind is said by the run's own namespace only",
            "the state is of another namespace",
            "the state is of another namespace",
        ]
        ((_, kept),) = await world.redis.xrange(HOME.rejected)
        assert kept[b"reason"] == b"the state is of another namespace"
        assert await world.redis.exists("exo:{nobody:0}:inbox") == 0
        assert (await world.state("b")).status == "QUEUED"

    lane.run(scene)


def test_a_run_whose_root_is_elsewhere_is_run_again_with_recorded_outputs(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(foreign("b", "c"), node("c", x="${{ b.outputs.v }}"))
        first = await world.trigger()
        await report_there(world, await take_one_there(world, "b"), one(v="1"))
        await world.do("c", one())
        await world.rerun(first, identifier="c")
        assert await outbox(world) == []
        assert json.loads((await world.do("c", one())).inputs) == {"x": "1"}
        assert (await world.run()).status == "SUCCESS"
        await world.rerun(first, identifier="b")
        await report_there(world, await take_one_there(world, "b"), one(v="2"))
        assert json.loads((await world.do("c", one())).inputs) == {"x": "2"}
        await check_tidy(world)

    lane.run(scene)


def test_a_script_touches_one_slot_only(lane: Lane) -> None:
    """Every key of every call of the hand-over has one hash tag; the lane with a cluster checks what scripts touch."""

    async def scene(world: World) -> None:
        await begin(world, 2)
        (entry, _) = await _entries(world)
        for call in (
            handoff.deliver(HOME, THERE, [entry]), handoff.delivered(HOME, entry, "1-1"),
            handoff.recall(HOME, entry.task, entry.state, "1", 3, b"{}"),
            moves.cancel(HOME, world.run_id, "g", [(entry.state, entry.task)], []),
        ):  # fmt: skip
            assert len({key[: key.index("}")] for key in call.keys}) == 1
        with pytest.raises(ResponseError):
            await apply(world.redis, Call("deliver", [], []))

    lane.run(scene)
