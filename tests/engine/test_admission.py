"""Which new runs are let in: by the depth of the queue, the count of pending runs, and the memory budget."""

import pytest

from engine.world import HOME, Lane, World, node, one
from exosphere_core.errors import Overloaded
from exosphere_core.store.servers import ServerLook
from exosphere_orchestrator.admission.budget import MemoryBudget
from exosphere_orchestrator.admission.intake import Intake
from exosphere_orchestrator.runs import RunStarter


def starter(world: World, intake: Intake) -> RunStarter:
    world.context.intake = intake
    return RunStarter(world.redis, world.context.plans, world.context.limits, 1, lambda *_: None, intake)


def test_past_the_limit_of_pending_runs_a_trigger_is_refused_until_one_has_ended(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        runs = starter(world, Intake(max_queued=3))
        for delay_ms in (0, 60_000, 60_000):
            world.run_id = (await runs.trigger("ns", "g", {}, {}, delay_ms)).run_id
        with pytest.raises(
            Overloaded, match=r"3 runs are pending, and the limit is 3 \(EXOSPHERE_MAX_QUEUED\)"
        ) as full:
            await runs.trigger("ns", "g", {}, {}, 0)
        assert full.value.retry_after_s
        with pytest.raises(Overloaded):
            await world.rerun(world.run_id)
        await world.do("a", one())
        await runs.trigger("ns", "g", {}, {}, 0)
        assert await world.redis.zcard(HOME.runs) == 4

    lane.run(scene)


def test_past_the_depth_of_its_queue_a_trigger_is_refused_and_other_queues_are_open(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.graph(node("b"), name="h")
        runs = starter(world, Intake(max_queued=3))
        await world.trigger()
        await world.take_one("a")
        for number in range(2):
            await world.redis.xadd(HOME.ready("A"), {"state": str(number)})
        with pytest.raises(Overloaded, match="3 states wait or run at node 'A', and the limit is 3"):
            await runs.trigger("ns", "g", {}, {}, 0)
        await runs.trigger("ns", "h", {}, {}, 0)

    lane.run(scene)


def test_a_repeat_of_an_accepted_trigger_is_answered_whatever_is_full(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        budget = MemoryBudget(80)
        runs = starter(world, Intake(1, budget))
        first = await runs.trigger("ns", "g", {}, {}, 0, key="k")
        assert await runs.trigger("ns", "g", {}, {}, 0, key="k") == first
        budget.note([look(99)])
        assert await runs.trigger("ns", "g", {}, {}, 0, key="k") == first
        with pytest.raises(Overloaded, match="EXOSPHERE_MAX_MEMORY_PERCENT"):
            await runs.trigger("ns", "g", {}, {}, 0, key="l")

    lane.run(scene)


def look(used: int, most: int = 100) -> ServerLook:
    return ServerLook("id", used, most)


def test_the_budget_closes_at_its_limit_and_opens_again_well_below() -> None:
    budget = MemoryBudget(80)
    opens = []
    for used in (0, 79, 80, 79, 76, 75, 79, 80):
        budget.note([look(used)])
        opens.append(not budget.refusal)
    assert opens == [True, True, False, False, False, True, True, False]
    assert budget.refusal == (
        "Redis uses 80 bytes of memory and the budget is 80 (80 % of its maxmemory 100, EXOSPHERE_MAX_MEMORY_PERCENT); "
        "new runs are let in again below 76"
    )


@pytest.mark.parametrize(
    ("max_bytes", "used", "most", "refused"),
    [
        (None, 10**12, 0, ""),
        (50, 49, 0, ""),
        (50, 50, 0, "EXOSPHERE_MAX_MEMORY_BYTES"),
        (50, 50, 100, "EXOSPHERE_MAX_MEMORY_BYTES"),
        (90, 80, 100, "EXOSPHERE_MAX_MEMORY_PERCENT"),
    ],
)
def test_the_smaller_of_both_limits_counts(max_bytes: int | None, used: int, most: int, refused: str) -> None:
    budget = MemoryBudget(80, max_bytes)
    budget.note([look(used, most)])
    assert bool(budget.refusal) == bool(refused)
    assert refused in budget.refusal


def test_the_fullest_server_decides() -> None:
    budget = MemoryBudget(80)
    budget.note([look(1), look(90), look(2)])
    assert "90 bytes" in budget.refusal
