"""What failed in many runs is retried over HTTP, in the background, and what came of each run is read afterwards."""

from typing import Any

import pytest

from api.service import Service, Space, node_class, one
from exosphere_core import api
from exosphere_orchestrator.background.bulk import BulkRetries
from exosphere_orchestrator.background.context import Jobs
from exosphere_worker.outcome import Failed


def failed_runs(space: Space, count: int) -> list[str]:
    space.register(node_class("A"))
    space.graph(space.node("a"), retry_policy={"max_retries": 0})
    runs = []
    for _ in range(count):
        runs.append(space.trigger())
        space.do("A", Failed("no luck"))
        assert space.wait(runs[-1])["status"] == "FAILED"
    return runs


def work(service: Service) -> None:
    """The background jobs are kicked once."""
    nobody: Any = None

    async def kick(redis: Any) -> int:
        jobs = Jobs(service.settings, redis, nobody)
        return await BulkRetries(service.settings, redis).go_on_with_bulk_retries(jobs)

    service.with_redis(kick)


def test_runs_are_retried_in_the_background_and_told_of_in_pages(service: Service, space: Space) -> None:
    runs = failed_runs(space, 3)
    asked = space.ok(api.RETRY_RUNS, {"graph_name": "g"})
    assert (asked["status"], asked["count"], asked["next_cursor"]) == ("PENDING", 0, None)
    work(service)
    first = space.ok(api.GET_BULK_RETRY, bulk_id=asked["id"], query={"limit": 2})
    assert (first["status"], first["looked_at_count"], first["retried_count"]) == ("FINISHED", 3, 3)
    rest = space.ok(api.GET_BULK_RETRY, bulk_id=asked["id"], query={"limit": 2, "cursor": first["next_cursor"]})
    told = first["runs"] + rest["runs"]
    assert {run["run_id"]: (run["retried_count"], run["refused"]) for run in told} == dict.fromkeys(runs, (1, {}))
    assert rest["next_cursor"] is None
    for _ in runs:
        space.do("A", one(v="1"))
    assert {space.wait(run)["status"] for run in runs} == {"SUCCESS"}


def test_runs_that_were_created_otherwise_stay_as_they_are(service: Service, space: Space) -> None:
    (run,) = failed_runs(space, 1)
    for body in (
        {"created_before": "2020-01-01T00:00:00Z"},
        {"created_after": "2999-01-01T00:00:00+02:00"},
        {"graph_name": "other"},
        {"status": "PENDING"},
    ):
        asked = space.ok(api.RETRY_RUNS, body)
        work(service)
        found = space.ok(api.GET_BULK_RETRY, bulk_id=asked["id"])
        assert (found["status"], found["retried_count"], found["runs"]) == ("FINISHED", 0, [])
    assert space.wait(run)["status"] == "FAILED"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"status": "CANCELLED"}, "status"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"created_after": "2020-01-01T00:00:00"}, "created_after"),
        ({"graphs": "g"}, "graphs"),
    ],
)
def test_what_is_no_filter_is_refused_by_name(space: Space, body: dict[str, Any], place: str) -> None:
    assert place in space.refused(422, api.RETRY_RUNS, body)


def test_a_bulk_retry_of_another_namespace_is_not_there(service: Service, space: Space) -> None:
    asked = space.ok(api.RETRY_RUNS, {})
    Space(service, f"{space.name}-other").refused(404, api.GET_BULK_RETRY, bulk_id=asked["id"])
    space.refused(404, api.GET_BULK_RETRY, bulk_id="0" * 32)
    assert "cursor" in space.refused(400, api.GET_BULK_RETRY, bulk_id=asked["id"], query={"cursor": "x"})
