"""Many runs that are triggered by one call, on all lanes."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Lost

from engine.world import HOME, Lane, World, node, one
from exosphere_core.errors import BadRequest, Conflict, NotFound, Overloaded, TooLarge
from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import ShardKeys
from exosphere_core.store import calls, many_runs, reads, upkeep
from exosphere_orchestrator import many_runs as starting
from exosphere_orchestrator.admission import intake
from exosphere_orchestrator.admission.budget import MemoryBudget
from exosphere_orchestrator.admission.intake import Intake
from exosphere_orchestrator.catalog import deletion
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.many_runs import AskedRun, ManyRunsStarter, StartedMany

#: More than one script makes.
SEVERAL = [AskedRun({"x": str(number)}) for number in range(2 * many_runs.MOST_IN_ONE + 5)]


async def triggered(world: World, asked: Sequence[AskedRun], key: str = "k", **more: Any) -> StartedMany:
    """A state manager that remembers nothing triggers `g` many times."""
    limits = more.get("limits", Limits(1000, 1_000_000, max_fields=2))
    starter = ManyRunsStarter(
        world.redis, more.get("plans") or GraphPlans(world.redis), limits, more.get("shards", 1), world._note, more.get("intake")
    )  # fmt: skip
    return await starter.trigger("ns", "g", asked, key)


async def count(world: World) -> int:
    return int(await world.redis.zcard(HOME.runs))


def test_each_run_has_its_own_inputs_and_store_and_runs_to_its_end(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"], x="default", day="day ${{ store.day }}"),
            node("b"),
            store_config={"required_keys": ["day"], "default_values": {"of": "all"}},
        )
        asked = [
            AskedRun({"x": "${{ literal }}", "z": "9"}, {"day": "1"}),
            AskedRun({}, {" day ": "2", "of": "this"}),
            AskedRun({"day": "mine"}, {"day": "3"}),
        ]
        started = await triggered(world, asked)
        assert started.ignored_inputs == ["z"]
        expected = [
            ({"x": "${{ literal }}", "day": "day 1"}, {"day": "1", "of": "all"}),
            ({"x": "default", "day": "day 2"}, {"day": "2", "of": "this"}),
            ({"x": "default", "day": "mine"}, {"day": "3", "of": "all"}),
        ]
        held = {each.task.run: each for each in await world.take("a")}
        assert held.keys() == set(started.run_ids)
        for run, (inputs, store) in zip(started.run_ids, expected, strict=True):
            world.run_id = run
            assert json.loads(held[run].inputs) == inputs
            assert await reads.read_store(world.redis, HOME, run) == store
            await world.report(held[run], one())
            await world.do("b", one())
            assert (await world.run()).status == "SUCCESS"
        for world.run_id in started.run_ids:
            await world.check_counts()

    lane.run(scene)


def test_a_run_is_recorded_as_a_single_trigger_records_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        single = await world.trigger(inputs={"x": "2"}, store={"s": "3"})
        (many,) = (await triggered(world, [AskedRun({"x": "2"}, {"s": "3"})])).run_ids
        records = []
        for run in (single, many):
            world.run_id = run
            state = await world.state("a")
            fields = await world.redis.hgetall(HOME.run(run))
            kept = await world.redis.hgetall(HOME.state(state.id))
            records.append(
                (
                    fields.keys() - {b"request"},
                    [fields[name] for name in (b"graph", b"version", b"status", b"open", b"made/a")],
                    kept.keys(),
                    kept[b"task"].replace(run.encode(), b"run"),
                    kept[b"inputs"],
                    await world.redis.sismember(HOME.active("g"), run),
                    await reads.read_store(world.redis, HOME, run),
                )
            )
        assert records[0] == records[1]

    lane.run(scene)


def test_a_repeat_is_given_the_same_runs_in_their_order_and_makes_none_twice(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        first = await triggered(world, SEVERAL)
        assert len(set(first.run_ids)) == len(SEVERAL)
        assert await triggered(world, SEVERAL) == first
        assert await count(world) == len(SEVERAL)
        held = {each.task.run: json.loads(each.inputs)["x"] for each in await world.take("a")}
        assert [held[run] for run in first.run_ids] == [each.inputs["x"] for each in SEVERAL]

    lane.run(scene)


def test_two_equal_calls_at_once_make_each_run_once(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        answers = await asyncio.gather(*(triggered(world, SEVERAL) for _ in range(4)))
        assert len({tuple(answer.run_ids) for answer in answers}) == 1
        assert await count(world) == len(SEVERAL)
        assert len(await world.take("a")) == len(SEVERAL)

    lane.run(scene)


def test_of_two_different_calls_at_once_with_one_key_one_makes_its_runs_and_the_other_none(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        others = [AskedRun({"x": "other"}) for _ in range(len(SEVERAL) + 3)]
        answers = await asyncio.gather(*(triggered(world, each) for each in (SEVERAL, others)), return_exceptions=True)
        (made,) = (answer for answer in answers if isinstance(answer, StartedMany))
        (refused,) = (answer for answer in answers if isinstance(answer, Conflict))
        assert "idempotency key 'k' was used for another bulk trigger of graph 'g'" in refused.detail
        assert await count(world) == len(made.run_ids)

    lane.run(scene)


@pytest.mark.parametrize("losses", [1, 3, 4])
def test_a_call_whose_replies_are_lost_half_way_is_completed_by_its_repeat(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, losses: int
) -> None:
    asked = 0

    async def losing(redis: Any, call: calls.Call) -> Any:
        nonlocal asked
        asked += 1
        if 2 <= asked < 2 + losses and asked % 2:
            # It does not come to Redis; the others do, and their answers are lost.
            raise Lost("Redis is away")
        reply = await calls.apply(redis, call)
        if 2 <= asked < 2 + losses:
            raise Lost("the reply was lost")
        return reply

    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        monkeypatch.setattr(intake, "apply", losing)
        monkeypatch.setattr(starting, "_PAUSE_S", 0)
        monkeypatch.setattr(starting, "_UNDER_WAY", 1)
        if losses > 2:
            with pytest.raises(Lost):
                await triggered(world, SEVERAL)
        started = await triggered(world, SEVERAL)
        assert await count(world) == len(SEVERAL)
        assert {each.task.run for each in await world.take("a")} == set(started.run_ids)

    lane.run(scene)


def bad(number: int, run: AskedRun) -> list[AskedRun]:
    return [*SEVERAL[:number], run, *SEVERAL[number:]]


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        (bad(3, AskedRun(store={"a.b": "1"})), BadRequest, r"^runs\.3: store key 'a\.b'"),
        (bad(0, AskedRun(store={"s": "1", " s": "2"})), BadRequest, r"^runs\.0: store: 's' is given more than once"),
        (bad(80, AskedRun({"x": "1", "y": "2", "z": "3"})), TooLarge, r"^runs\.80: inputs has 3 fields; the limit is 2"),
        (bad(85, AskedRun({"x": "y" * 200})), BadRequest, r"^runs\.85: inputs of 'a' are 208 bytes.* limit is 100"),
    ],
)  # fmt: skip
def test_one_bad_run_is_named_by_its_number_and_none_is_made(
    lane: Lane, asked: list[AskedRun], error: type[Exception], text: str
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        with pytest.raises(error, match=text):
            await triggered(world, asked, limits=Limits(10, 100, max_fields=2))
        assert await count(world) == 0
        assert (await triggered(world, asked[:1] if text[:8] != "^runs\\.0" else SEVERAL)).run_ids

    lane.run(scene)


def test_runs_with_a_delay_wait_for_their_time(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        started = await triggered(world, [AskedRun(), AskedRun(start_delay=60_000)])
        (held,) = await world.take("a")
        assert held.task.run == started.run_ids[0]
        world.run_id = started.run_ids[1]
        waiting = await world.state("a")
        assert world.noted == [(waiting.id, 60_000)]
        assert waiting.due_at == waiting.created_at + 60_000
        assert await world.redis.zscore(HOME.due, waiting.id) == waiting.due_at

    lane.run(scene)


def test_large_runs_are_parted_so_that_no_script_is_given_much(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        large = [AskedRun({"x": "y" * 40_000}, {f"k{n}": "v" * 20 for n in range(1500)}) for _ in range(4)]
        with calls.recorded() as applied:
            started = await triggered(world, large)
        assert len(applied) == 4
        assert len(await world.take("a")) == 4
        for run in started.run_ids:
            assert len(await reads.read_store(world.redis, HOME, run)) == 1500

    lane.run(scene)


def test_runs_take_turns_at_the_shards_and_stay_on_their_own(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        started = await triggered(world, SEVERAL, shards=4)
        assert (await triggered(world, SEVERAL, shards=4)) == started
        shards = [shard_of_ours(run) for run in started.run_ids]
        assert shards[:4] == shards[4:8]
        assert set(shards[:4]) == {0, 1, 2, 3}
        for run in started.run_ids:
            assert await reads.read_runs(world.redis, ShardKeys("ns", shard_of_ours(run)), [run])

    lane.run(scene)


def test_what_does_not_fit_the_limit_is_refused_as_a_whole_and_a_repeat_is_let_in_when_there_is_room(
    lane: Lane,
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        world.run_id = await world.trigger()
        most = len(SEVERAL)
        with pytest.raises(
            Overloaded,
            match=rf"1 states wait or run at node 'A', {most} more are asked for, and the limit is {most} \(EXO",
        ) as full:
            await triggered(world, SEVERAL, intake=Intake(most))
        assert "were made" not in full.value.detail
        assert await count(world) == 1
        await world.do("a", one())
        await triggered(world, SEVERAL, intake=Intake(most))
        # A repeat asks for nothing new, however full it is, and in whatever memory.
        budget = MemoryBudget(80)
        await triggered(world, SEVERAL, intake=Intake(1, budget))

    lane.run(scene)


def test_a_call_that_is_refused_half_way_says_so_and_its_repeat_makes_the_others(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = many_runs.MOST_IN_ONE

    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        filled = Intake(10_000)
        make = filled.make

        async def making(*given: Any) -> Any:
            reply = await make(*given)
            filled.max_queued = first
            return reply

        monkeypatch.setattr(filled, "make", making)
        with pytest.raises(Overloaded, match=f"{first} of {len(SEVERAL)} runs were made: send the call again with the"):
            await triggered(world, SEVERAL, intake=filled)
        assert await count(world) == first
        await triggered(world, SEVERAL)
        assert await count(world) == len(SEVERAL)

    lane.run(scene)


async def delete(world: World) -> None:
    await deletion.delete(world.redis, "ns", "g", 1, force=True)


async def pause(world: World) -> None:
    await world.redis.hset("exo:{ns}:graph:g", "paused_at", "1")


@pytest.mark.parametrize(("closing", "error"), [(delete, NotFound), (pause, Conflict)])
def test_a_repeat_of_a_whole_call_is_answered_whatever_became_of_the_graph_and_a_new_one_is_refused(
    lane: Lane, closing: Callable[[World], Any], error: type[Exception]
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        first = await triggered(world, SEVERAL)
        await closing(world)
        assert (await triggered(world, SEVERAL)).run_ids == first.run_ids
        with pytest.raises(error):
            await triggered(world, SEVERAL, key="another")
        with pytest.raises(Conflict, match="with other runs"):
            await triggered(world, SEVERAL[1:])

    lane.run(scene)


class DeletingPlans(GraphPlans):
    """The graph is deleted just after its plan was read."""

    def __init__(self, world: World) -> None:
        super().__init__(world.redis)
        self._world = world

    async def get(self, *what: Any) -> Any:
        plan = await super().get(*what)
        await delete(self._world)
        return plan


def test_a_call_that_read_the_graph_before_its_deletion_makes_no_run_after_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        with pytest.raises(NotFound, match="namespace 'ns' has no graph 'g'"):
            await triggered(world, SEVERAL, plans=DeletingPlans(world))
        assert await count(world) == 0

    lane.run(scene)


def test_runs_that_were_removed_are_made_anew_by_a_repeat_and_share_no_state_with_those_of_old(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        asked = SEVERAL[:2]
        started = await triggered(world, asked)
        held = await world.take("a")
        for each in held:
            await world.report(each, one())
        await upkeep.delete_run(world.redis, HOME, started.run_ids[0])
        assert await triggered(world, asked) == started
        (again,) = await world.take("a")
        assert again.task.run == started.run_ids[0]
        assert again.state not in {each.state for each in held}

    lane.run(scene)


def test_a_call_that_is_applied_again_makes_what_was_lost_and_nothing_else(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        with calls.recorded() as applied:
            started = await triggered(world, SEVERAL)
        lost = started.run_ids[-1]
        for key in (HOME.run(lost), HOME.states(lost)):
            await world.redis.delete(key)
        replies = await calls.apply_all(world.redis, applied)
        assert sorted(replies) == [[b"existed", 0], [b"existed", 0], [b"made", 1]]
        assert await calls.apply_all(world.redis, applied) == [[b"existed", 0]] * 3

    lane.run(scene)
