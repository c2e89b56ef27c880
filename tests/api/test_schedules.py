"""Schedules over HTTP: list, pause, resume, run now, firings, and every message about a bad trigger."""

from typing import Any

import pytest
from redis.asyncio import Redis

from api.service import Service, Space, node_class
from exosphere_core import api
from exosphere_core.keys import CatalogKeys
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.background.cron import fire_due_schedules
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.schedules import MAX_TRIGGERS

YEARLY = "0 0 1 1 *"
#: A yearly due time that has passed, unix ms and as text.
PASSED_MS = 1_735_689_600_000
PASSED = "2025-01-01T00:00:00.000Z"


def cron(expression: Any = YEARLY, **more: Any) -> dict[str, Any]:
    return {"type": "CRON", "value": {"expression": expression, **more}}


def timed(space: Space, *triggers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Store the graph `g` with triggers."""
    space.register(node_class("A"))
    return space.graph(space.node("a"), triggers=list(triggers), **more)


def sweep_after(space: Space, *overdue: str) -> None:
    """Background jobs sweep once, after some schedules have become overdue."""

    async def act(redis: "Redis") -> None:
        for member in overdue:
            await redis.zadd(CatalogKeys(space.name).schedules, {member: PASSED_MS}, xx=True)
        starter = RunStarter(redis, GraphPlans(redis), Limits(10, 10_000), 1, lambda *_: None)
        await fire_due_schedules(Jobs(space.service.settings, redis, starter))

    space.service.with_redis(act)


def schedule(space: Space) -> dict[str, Any]:
    """The only schedule of a namespace, as it is listed."""
    (found,) = space.ok(api.LIST_SCHEDULES)["schedules"]
    assert isinstance(found, dict)
    return found


def test_a_namespace_without_schedules_lists_none(space: Space) -> None:
    timed(space)
    assert space.ok(api.LIST_SCHEDULES) == {"namespace": space.name, "count": 0, "schedules": []}
    assert space.ok(api.LIST_FIRINGS) == {"namespace": space.name, "graph_name": "g", "count": 0, "firings": []}


def test_schedules_are_listed_in_order_with_all_that_is_known_of_them(space: Space) -> None:
    timed(space, cron("0 9 * * 1-5", timezone="Europe/Paris", catchup="all"), cron("0 0 30 2 *"))
    space.graph(space.node("a"), triggers=[cron()], name="b")
    answer = space.ok(api.LIST_SCHEDULES)
    assert (answer["namespace"], answer["count"]) == (space.name, 3)
    b, first, never = answer["schedules"]
    assert [(one["graph_name"], one["index"]) for one in answer["schedules"]] == [("b", 0), ("g", 0), ("g", 1)]
    assert b["next_due"].endswith("-01-01T00:00:00.000Z")
    assert {key: first[key] for key in ("expression", "timezone", "catchup", "paused", "paused_at", "last_firing")} == {
        "expression": "0 9 * * 1-5", "timezone": "Europe/Paris", "catchup": "all",
        "paused": False, "paused_at": None, "last_firing": None,
    }  # fmt: skip
    assert never["next_due"] is None, "a day that never comes"
    assert (never["timezone"], never["catchup"]) == ("UTC", "latest")


def test_a_graph_shows_the_policy_of_its_triggers_where_it_is_not_the_default(space: Space) -> None:
    answer = timed(space, cron(catchup="none"), cron(catchup="latest"), cron())
    plain = {"expression": YEARLY, "timezone": "UTC"}
    assert [trigger["value"] for trigger in answer["triggers"]] == [{**plain, "catchup": "none"}, plain, plain]


def test_a_paused_schedule_shows_since_when_and_a_resumed_one_when_it_is_due(space: Space) -> None:
    timed(space, cron())
    running = schedule(space)
    paused = space.ok(api.PAUSE_SCHEDULE, index=0)
    assert (paused["paused"], paused["next_due"]) == (True, None)
    assert paused["paused_at"] is not None
    assert schedule(space) == paused
    assert space.ok(api.PAUSE_SCHEDULE, index=0) == paused
    timed(space, cron(), store_config={"default_values": {"size": "1"}})
    assert schedule(space) == paused, "an upsert of something else"
    assert space.ok(api.RESUME_SCHEDULE, index=0) == running
    assert space.ok(api.RESUME_SCHEDULE, index=0) == running


def test_firings_are_told_newest_first_with_what_came_of_each(space: Space) -> None:
    timed(space, cron(), cron())
    sweep_after(space, "g/1")
    timed(space, cron(), cron(), store_config={"required_keys": ["cursor"]})
    sweep_after(space, "g/0")
    by_hand = space.refused(400, api.RUN_SCHEDULE, index=1)
    answer = space.ok(api.LIST_FIRINGS)
    assert answer["count"] == 5
    manual, failed, left_out, fired, left_out_before = answer["firings"]
    assert (manual["index"], manual["manual"], manual["due_at"], manual["error"]) == (1, True, None, by_hand)
    assert "'cursor'" in by_hand
    assert (failed["index"], failed["manual"], failed["run_id"]) == (0, False, None)
    assert failed["error"] == by_hand
    assert left_out["skipped"] == "missed: only the latest missed time fires (catchup is 'latest')"
    assert (fired["error"], fired["skipped"]) == (None, None)
    assert space.ok(api.GET_RUN, run_id=fired["run_id"])["graph_name"] == "g"
    assert fired["due_at"].endswith("-01-01T00:00:00.000Z")
    assert left_out_before["index"] == 1
    assert min(left_out["due_at"], left_out["since"] or PASSED) == PASSED
    first, second = space.ok(api.LIST_SCHEDULES)["schedules"]
    assert (first["last_firing"], second["last_firing"]) == (failed, manual)


def test_a_schedule_that_is_run_now_starts_a_run_each_time_and_stays_due_when_it_was(space: Space) -> None:
    timed(space, cron())
    space.ok(api.PAUSE_SCHEDULE, index=0)
    before = schedule(space)
    first, second = (space.ok(api.RUN_SCHEDULE, index=0) for _ in range(2))
    assert first["run_id"] != second["run_id"]
    assert (first["manual"], first["due_at"], first["error"]) == (True, None, None)
    assert space.ok(api.LIST_RUNS, page=1, size=10)["total"] == 2
    assert {**schedule(space), "last_firing": None} == before
    assert schedule(space)["last_firing"] == second


@pytest.mark.parametrize("row", [api.PAUSE_SCHEDULE, api.RESUME_SCHEDULE, api.RUN_SCHEDULE], ids=lambda row: row.name)
def test_a_schedule_that_is_not_there_is_named_with_what_there_is(space: Space, row: api.Row) -> None:
    timed(space, cron(), cron())
    for index in (2, -1, 10**30):
        detail = space.refused(404, row, index=index)
        assert detail == f"graph 'g' has no trigger {index}; it has 2 of them, counted from 0"
    timed(space)
    assert space.refused(404, row, index=0) == "graph 'g' has no trigger 0; it has none"
    assert space.refused(404, row, graph_name="none", index=0) == f"namespace {space.name!r} has no graph 'none'"
    assert "index" in space.refused(422, row, index="first")
    assert space.refused(400, row, graph_name="a b", index=0).startswith("graph name 'a b' is not allowed")


def test_the_firings_of_a_graph_that_is_not_there_are_not_found(space: Space) -> None:
    assert space.refused(404, api.LIST_FIRINGS, graph_name="none") == f"namespace {space.name!r} has no graph 'none'"


def test_the_schedules_of_a_deleted_graph_are_gone(space: Space) -> None:
    timed(space, cron())
    space.ok(api.PAUSE_SCHEDULE, index=0)
    space.ok(api.DELETE_GRAPH)
    assert space.ok(api.LIST_SCHEDULES)["schedules"] == []
    timed(space, cron())
    assert schedule(space)["paused"] is False


FIELDS = "its fields are minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week 0-7"


@pytest.mark.parametrize(
    "triggers, said",
    [
        ([{"type": "CRON"}], "triggers[0]: value: Field required"),
        ([{"type": "CRON", "value": {}}], "triggers[0]: value.expression: Field required"),
        ([{"type": "TIDE", "value": {"expression": YEARLY}}], "triggers[0]: type: Input should be 'CRON'"),
        ([{"value": {"expression": YEARLY}}], "triggers[0]: type: Field required"),
        (
            [{"type": "CRON", "value": "daily"}],
            "triggers[0]: value: Input should be a valid dictionary or instance of CronTrigger, not 'daily' (str)",
        ),
        ([cron(7)], "triggers[0]: value.expression: Input should be a valid string, not 7 (int)"),
        ([cron(timezone=2)], "triggers[0]: value.timezone: Input should be a valid string, not 2 (int)"),
        ([cron(catchup="some")], "triggers[0]: value.catchup: Input should be 'none', 'latest' or 'all'"),
        ([cron(cathcup="all")], "triggers[0]: value.cathcup: Extra inputs are not permitted"),
        ([{**cron(), "zone": "UTC"}], "triggers[0]: zone: Extra inputs are not permitted"),
        (
            [cron(), cron("@daily")],
            "triggers[1]: value.expression: cron expression '@daily' has 1 fields; it needs five: "
            "minute, hour, day of month, month, day of week",
        ),
        (
            [cron("0 0 0 0 0 0")],
            "triggers[0]: value.expression: cron expression '0 0 0 0 0 0' has 6 fields; it needs five: "
            "minute, hour, day of month, month, day of week",
        ),
        (
            [cron("61 * * * *")],
            "triggers[0]: cron expression '61 * * * *' can't be read: "
            f"[61 * * * *] is not acceptable, out of range; {FIELDS}",
        ),
        (
            [cron("R * * * *")],
            "triggers[0]: cron expression 'R * * * *' is drawn by lot; use numbers in place of H and R",
        ),
        (
            [cron(), cron(timezone="Mars/Phobos")],
            "triggers[1]: time zone 'Mars/Phobos' is unknown; use an IANA name such as 'Europe/Paris'",
        ),
        (
            [cron()] * (MAX_TRIGGERS + 1),
            f"triggers: the graph has {MAX_TRIGGERS + 1} triggers; the limit is {MAX_TRIGGERS}",
        ),
    ],
)  # fmt: skip
def test_a_bad_trigger_is_refused_with_its_place_and_the_fix(
    space: Space, triggers: list[dict[str, Any]], said: str
) -> None:
    answer = space.call(api.UPSERT_GRAPH, {"nodes": [space.node("a")], "triggers": triggers})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [said]
    assert space.refused(404, api.GET_GRAPH), "nothing is stored"


def test_all_that_is_wrong_with_triggers_is_told_at_once(space: Space) -> None:
    triggers = [cron("99 9 * * *", timezone="Nowhere"), cron(), cron("* * 32 * *")]
    answer = space.call(api.UPSERT_GRAPH, {"nodes": [space.node("a")], "triggers": triggers})
    places = [error.partition(":")[0] for error in answer.json()["errors"]]
    assert places == ["triggers[0]", "triggers[0]", "triggers[2]"]


def test_the_most_missed_times_that_fire_is_a_setting(redis_url: str) -> None:
    with Service(redis_url, max_catchup=1) as service:
        space = Space(service, "bounded")
        timed(space, cron(catchup="all"))
        sweep_after(space, "g/0")
        fired, left_out = space.ok(api.LIST_FIRINGS)["firings"]
        assert fired["run_id"]
        assert (left_out["since"] or left_out["due_at"]) == PASSED
        assert left_out["skipped"].endswith("only the newest 1 fire (EXOSPHERE_MAX_CATCHUP)")
