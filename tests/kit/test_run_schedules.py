"""Schedules of a graph over a span of virtual time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from exosphere_core.errors import BadRequest, InvalidGraph
from exospherehost import BaseNode, CronTrigger, GraphNodeModel, ReQueueAfterSignal
from exospherehost.testing import FiringResult, Kit, run_schedules
from exospherehost.testing.faults import Plan

MONDAY = datetime(2026, 3, 23, tzinfo=UTC)
DAY = timedelta(days=1)


class Work(BaseNode):
    class Inputs(BaseModel):
        key: str = "none"

    class Outputs(BaseModel):
        key: str

    async def execute(self) -> Outputs:
        return self.Outputs(key=self.inputs.key)


class Patient(BaseNode):
    async def execute(self) -> None:
        if not await self.store.get("asked"):
            raise ReQueueAfterSignal(timedelta(hours=1))


def graph(node: type[BaseNode] = Work, **inputs: str) -> list[GraphNodeModel]:
    return [GraphNodeModel(node_name=node.__name__, namespace="kit", identifier="one", inputs=inputs)]


def nights(catchup: str = "latest", **more: Any) -> list[FiringResult]:
    trigger = CronTrigger(expression="0 2 * * *", catchup=catchup)
    return run_schedules(graph(), [Work], begins=MONDAY, ends=MONDAY + 7 * DAY, triggers=[trigger], **more)


def test_each_due_time_of_the_span_starts_a_run_at_its_moment() -> None:
    firings = nights()
    assert [firing.due_at for firing in firings] == [MONDAY + n * DAY + timedelta(hours=2) for n in range(7)]
    assert all(firing.fired_at == firing.due_at and not firing.late for firing in firings)
    assert all(firing.run is not None and firing.run.outputs("one") == {"key": "none"} for firing in firings)


@pytest.mark.parametrize("catchup, made_up, skipped", [("all", 3, 0), ("latest", 1, 1), ("none", 0, 1)])
def test_what_the_machine_missed_is_dealt_with_when_it_is_on_again(catchup: str, made_up: int, skipped: int) -> None:
    back = MONDAY + 4 * DAY + timedelta(hours=12)
    firings = nights(catchup, off=[(MONDAY + 2 * DAY, back)])
    late = [firing for firing in firings if firing.late]
    assert [firing.fired_at for firing in late] == [back] * (made_up + skipped)
    assert sum(firing.run is not None for firing in late) == made_up
    assert sum(firing.skipped is not None for firing in late) == skipped
    assert sum(not firing.late for firing in firings) == 4


def test_a_run_that_waits_while_the_machine_is_off_goes_on_when_it_is_on_again() -> None:
    noon = MONDAY + timedelta(hours=12)
    (firing,) = run_schedules(
        graph(Patient), [Patient], begins=MONDAY, ends=noon + timedelta(minutes=59),
        off=[(MONDAY + timedelta(hours=2, minutes=30), noon)],
        triggers=[{"type": "CRON", "value": {"expression": "0 2 23 3 *"}}],
    )  # fmt: skip
    assert firing.run is not None
    assert firing.run.status == "PENDING", "it asks again each hour"
    assert firing.run.state("one").attempts == 3, "at two, at noon instead of at three, and it waits for one o'clock"


def test_a_graph_that_cant_be_triggered_is_an_error_of_each_firing() -> None:
    firings = run_schedules(
        graph(key="${{ store.key }}"), [Work], begins=MONDAY, ends=MONDAY + 2 * DAY,
        store_config={"required_keys": ["key"]}, triggers=[CronTrigger(expression="0 2 * * *")],
    )  # fmt: skip
    assert [firing.run for firing in firings] == [None, None]
    assert all(firing.error is not None and "key" in firing.error for firing in firings)


@pytest.mark.parametrize(
    "begins, off, told",
    [
        (datetime(2026, 3, 23), [], "begins: 2026-03-23 00:00:00 has no time zone"),
        (MONDAY + 9 * DAY, [], "ends: .* is not after"),
        (MONDAY, [(MONDAY + DAY, MONDAY)], r"off\[0\]: .* is not after"),
    ],
)
def test_a_span_that_is_none_is_one_clear_error(begins: datetime, off: list[Any], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        run_schedules(graph(), [Work], begins=begins, ends=MONDAY + 7 * DAY, off=off)


def test_a_graph_without_a_schedule_or_with_a_bad_one_is_one_clear_error() -> None:
    with pytest.raises(BadRequest, match="no `triggers`"):
        run_schedules(graph(), [Work], begins=MONDAY, ends=MONDAY + DAY)
    with pytest.raises(InvalidGraph) as refused:
        run_schedules(
            graph(), [Work], begins=MONDAY, ends=MONDAY + DAY, triggers=[CronTrigger(expression="99 2 * * *")]
        )
    assert "cron expression '99 2 * * *' can't be read" in str(refused.value.errors)


@pytest.mark.parametrize("fault", [None, "one#2:twice", "one#3:died-before", "one#1:late", "one#4:manager-before"])
def test_a_fault_strikes_one_run_of_a_schedule_and_changes_none(fault: str | None) -> None:
    plan = Plan(fault)
    kit = Kit(plan, "seed")
    trigger = CronTrigger(expression="0 2 * * *", catchup="all")
    off = [(MONDAY + DAY, MONDAY + 4 * DAY)]
    kit.run_schedules(graph(), [Work], begins=MONDAY, ends=MONDAY + 5 * DAY, off=off, triggers=[trigger])
    assert fault is None or plan.struck
    assert [run.status for run in kit.results] == ["SUCCESS"] * 5
    assert sum(run.state("one").executions for run in kit.results) == (
        6 if fault in ("one#2:twice", "one#1:late") else 5
    )
