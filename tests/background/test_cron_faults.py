"""Replicas that die over a firing, and firings that fail: nothing fires twice, nothing is forgotten, nothing is held up."""

import pytest

from background.desk import CATALOG, HOUR_MS, HOURLY, NOON, Desk, Lane
from exosphere_core.graph.model import CronTrigger
from exosphere_core.store.servers import ServerLook
from exosphere_orchestrator.background import cron
from exosphere_orchestrator.background.cron import CLAIM_LEASE_MS, fire_due_schedules
from exosphere_orchestrator.runs import RunStarter, Started
from exosphere_orchestrator.schedules import Verdict

TAKEN_OVER = NOON + CLAIM_LEASE_MS


async def die_over(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, after_run: bool) -> None:
    """A replica claims what is due, and its process ends before or after it made the run."""

    async def dies(*_: object) -> Started:
        raise ConnectionError("the process is gone")

    owner, name = (cron.schedules, "record_firings") if after_run else (RunStarter, "trigger")
    with monkeypatch.context() as crash:
        crash.setattr(owner, name, dies)
        with pytest.raises(ConnectionError):
            await fire_due_schedules(desk.jobs)
    assert len(await desk.runs()) == after_run
    assert await desk.firings() == []


@pytest.mark.parametrize("after_run", [False, True])
def test_what_a_dead_replica_had_claimed_is_fired_once_by_the_others(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, after_run: bool
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due("0,2 * * * *")
        await die_over(desk, monkeypatch, after_run=after_run)
        desk.moment = TAKEN_OVER - 1
        assert await desk.fire() == 0, "it may still be at it"
        desk.moment = TAKEN_OVER
        assert await desk.fire() == 1
        (run,) = await desk.runs()
        (firing,) = await desk.firings()
        assert (firing.run_id, firing.due_at) == (run.id, NOON)
        assert not await desk.redis.exists(CATALOG.claims)
        desk.moment = NOON + 2 * 60_000
        assert await desk.fire() == 1
        assert len(await desk.runs()) == 2

    lane.run(scene)


def test_a_schedule_waits_until_its_claim_was_carried_out(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due("* * * * *")
        desk.moment = NOON + 30_000
        await die_over(desk, monkeypatch, after_run=False)
        desk.moment = NOON + 61_000
        assert await desk.fire() == 0
        desk.moment = NOON + 30_000 + CLAIM_LEASE_MS
        assert await desk.fire() == 2
        assert [firing.due_at for firing in await desk.firings()] == [NOON + 60_000, NOON]

    lane.run(scene)


def test_a_run_that_a_dead_replica_made_counts_although_its_graph_can_not_run_any_more(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        await die_over(desk, monkeypatch, after_run=True)
        await desk.graph(HOURLY, store_config={"required_keys": ["cursor"]})
        desk.moment = TAKEN_OVER
        assert await desk.fire() == 1
        (firing,) = await desk.firings()
        assert (firing.run_id, firing.error) == ((await desk.runs())[0].id, None)

    lane.run(scene)


def test_a_claim_whose_graph_was_deleted_is_forgotten(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        await die_over(desk, monkeypatch, after_run=False)
        await desk.redis.delete(CATALOG.schedules_of("g"))
        desk.moment = TAKEN_OVER
        assert await desk.fire() == 0
        assert not await desk.redis.exists(CATALOG.claims)
        assert await desk.runs() == []

    lane.run(scene)


def test_a_schedule_whose_trigger_is_gone_is_dropped(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        await desk.redis.zadd(CATALOG.schedules, {"g/7": 1, "gone/0": 1})
        assert await desk.fire() == 3
        assert await desk.schedules() == {"g/0": NOON + HOUR_MS}
        assert await desk.firings("gone") == []
        assert len(await desk.runs()) == 1

    lane.run(scene)


def test_an_invalid_graph_is_recorded_and_its_schedule_goes_on(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.graph(HOURLY)  # its nodes are not registered
        await desk.set_due("g/0", NOON)
        desk.moment = NOON
        assert await desk.fire() == 1
        assert await desk.runs() == []
        (firing,) = await desk.firings()
        assert "graph 'g' can't run, its validation status is INVALID" in (firing.error or "")
        assert (firing.run_id, firing.due_at) == (None, NOON)
        await desk.register()
        await desk.graph(HOURLY)
        desk.moment = NOON + HOUR_MS
        assert await desk.fire() == 1
        assert len(await desk.runs()) == 1

    lane.run(scene)


def test_a_missing_store_key_is_recorded_and_holds_no_other_schedule_up(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY, name="a", store_config={"required_keys": ["cursor"]})
        await desk.due(HOURLY, name="b")
        assert await desk.fire() == 2
        assert [run.graph for run in await desk.runs()] == ["b"]
        (firing,) = await desk.firings("a")
        assert "'cursor'" in (firing.error or "")

    lane.run(scene)


def test_inputs_that_are_too_large_are_recorded(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        nodes = [{"node_name": "A", "namespace": "ns", "identifier": "a", "inputs": {"x": "${{ store.big }}"}}]
        await desk.register("x")
        await desk.graph(HOURLY, nodes=nodes, store_config={"default_values": {"big": "x" * 2_000_000}})
        await desk.set_due("g/0", NOON)
        desk.moment = NOON
        assert await desk.fire() == 1
        (firing,) = await desk.firings()
        assert "EXOSPHERE_MAX_VALUE_BYTES" in (firing.error or "")

    lane.run(scene)


def test_a_trigger_that_breaks_is_recorded_and_holds_no_other_schedule_up(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY, name="a")
        await desk.due(HOURLY, name="b")
        trigger = RunStarter.trigger

        async def breaks(starter: RunStarter, namespace: str, graph: str, *rest: object) -> Started:
            if graph == "a":
                raise RuntimeError("nobody expected this")
            return await trigger(starter, namespace, graph, *rest)

        monkeypatch.setattr(RunStarter, "trigger", breaks)
        assert await desk.fire(replicas=1) == 2
        assert [run.graph for run in await desk.runs()] == ["b"]
        (firing,) = await desk.firings("a")
        assert firing.error == "the trigger failed: RuntimeError: nobody expected this"
        assert await desk.schedules() == {"a/0": NOON + HOUR_MS, "b/0": NOON + HOUR_MS}

    lane.run(scene)


def test_a_schedule_that_can_not_be_judged_holds_no_other_up_and_stays_due(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY, name="a", zone="Europe/Paris")
        await desk.due(HOURLY, name="b")
        judge = cron.judge

        def breaks(trigger: CronTrigger, *rest: int) -> Verdict:
            if trigger.timezone != "UTC":
                raise LookupError("this machine has no time zones")
            return judge(trigger, *rest)

        with monkeypatch.context() as broken:
            broken.setattr(cron, "judge", breaks)
            assert await desk.fire(replicas=1) == 1
        assert "schedule 0 of graph a in ns can't be dealt with; it is tried again" in caplog.text
        assert [run.graph for run in await desk.runs()] == ["b"]
        assert await desk.fire() == 1
        assert [run.graph for run in await desk.runs()] == ["b", "a"]

    lane.run(scene)


def test_a_firing_that_is_refused_for_want_of_room_is_recorded_and_tried_again_until_it_is_made(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due("0 12 * * *")
        budget = desk.jobs.runs.intake.budget
        budget.note([ServerLook("id", 100, 100)])
        assert await fire_due_schedules(desk.jobs) == 1
        assert await desk.runs() == []
        (refused,) = await desk.firings()
        assert (refused.due_at, refused.run_id) == (NOON, None)
        assert refused.error is not None
        assert "not yet, it is tried again: graph 'g' can't be triggered now: Redis uses 100 bytes" in refused.error
        for waits in (1, 2):
            desk.moment = NOON + waits * CLAIM_LEASE_MS
            await fire_due_schedules(desk.jobs)
            assert len(await desk.firings()) == 1, "it is recorded once"
        budget.note([ServerLook("id", 1, 100)])
        assert await fire_due_schedules(desk.jobs) == 1
        (run,) = await desk.runs()
        assert [(firing.due_at, firing.run_id) for firing in await desk.firings()] == [(NOON, run.id), (NOON, None)]
        assert not await desk.redis.exists(CATALOG.claims)

    lane.run(scene)
