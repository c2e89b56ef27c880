"""`POST …/trigger/bulk`: many runs by one call."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as BlockingRedis

from api.service import KEY as SECRET
from api.service import Service, Space, eventually, one, path_of
from exosphere_core import api
from exosphere_core.errors import BadRequest
from exosphere_core.many_triggers import MOST_IN_CALL
from exospherehost.blocking import StateManager
from redis_servers import RedisServer

KEY = {"Idempotency-Key": "days"}


def total(space: Space) -> int:
    count: int = space.ok(api.LIST_RUNS, page=1, size=1)["total"]
    return count


def days(count: int) -> dict[str, Any]:
    return {"runs": [{"inputs": {"x": str(day)}} for day in range(count)]}


def test_the_answer_has_the_runs_in_the_order_of_the_request_and_each_is_its_own(space: Space) -> None:
    space.chain()
    body = {"runs": [{"inputs": {"x": "1", "z": "9"}, "store": {"day": "1"}}, {"start_delay": 600_000}, {}]}
    answer = space.ok(api.TRIGGER_MANY, body, headers=KEY)
    assert answer["status"] == "CREATED"
    assert answer["ignored_inputs"] == ["z"]
    first, later, last = answer["run_ids"]
    assert space.ok(api.GET_RUN, run_id=first)["store"] == {"day": "1"}
    taken = {held.task.run: held.inputs for held in (space.do("First", one(v="1")) for _ in range(2))}
    assert taken == {first: b'{"x":"1"}', last: b'{"x":"default"}'}
    for _ in taken:
        space.do("Second", one(v="2"))
    assert [space.wait(run)["status"] for run in (first, last)] == ["SUCCESS", "SUCCESS"]
    assert space.ok(api.GET_RUN, run_id=later)["status"] == "PENDING"


def test_the_same_key_and_body_answer_the_same_runs_and_another_body_is_a_conflict(space: Space) -> None:
    space.chain()
    first = space.ok(api.TRIGGER_MANY, days(100), headers=KEY)
    assert space.ok(api.TRIGGER_MANY, days(100), headers=KEY) == first
    detail = space.refused(409, api.TRIGGER_MANY, days(101), headers=KEY)
    assert "idempotency key 'days' was used for another bulk trigger of graph 'g'" in detail
    # The key of a single trigger is another one.
    assert space.ok(api.TRIGGER, {}, headers=KEY)["run_id"] not in first["run_ids"]
    assert total(space) == 101


def test_equal_calls_at_once_make_each_run_once(space: Space) -> None:
    space.chain()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: space.ok(api.TRIGGER_MANY, days(150), headers=KEY), range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert total(space) == 150


def test_as_many_runs_as_one_call_may_have_are_made(space: Space) -> None:
    space.chain()
    answer = space.ok(api.TRIGGER_MANY, days(api.MOST_RUNS), headers=KEY)
    assert len(set(answer["run_ids"])) == api.MOST_RUNS == total(space)
    detail = space.refused(422, api.TRIGGER_MANY, days(api.MOST_RUNS + 1), headers={"Idempotency-Key": "more"})
    assert detail.startswith("runs: List should have at most 10000 items")


GOOD: dict[str, Any] = {"inputs": {"x": "1"}}


@pytest.mark.parametrize(
    ("status", "run", "expected"),
    [
        (422, {"inputs": {"x": 1}}, "runs.2.inputs.x: Input should be a valid string"),
        (422, {"inputs": {"x": None}}, "runs.2.inputs.x: Input should be a valid string"),
        (422, {"inputs": None}, "runs.2.inputs: Input should be a valid dictionary"),
        (422, {"store": {"day": ["1"]}}, "runs.2.store.day: Input should be a valid string"),
        (422, {"start_delay": -1}, "runs.2.start_delay: Input should be greater than or equal to 0"),
        (422, {"start_delay": 10**18}, "runs.2.start_delay: Input should be less than or equal to"),
        (422, {"start_delay": True}, "runs.2.start_delay: Value error, must be a whole number"),
        (422, {"start_delay": "5"}, "runs.2.start_delay: Value error, must be a whole number"),
        (422, {"delay": 5}, "runs.2.delay: Extra inputs are not permitted"),
        (422, [], "runs.2: Input should be"),
        (400, {"store": {"a.b": "1"}}, "runs.2: store key 'a.b'"),
        (400, {"store": {"day": "1", " day": "2"}}, "runs.2: store: 'day' is given more than once"),
        (
            413,
            {"inputs": dict.fromkeys(map(str, range(1001)), "")},
            "runs.2: inputs has 1001 fields; the limit is 1000",
        ),
    ],
)
def test_a_run_that_is_wrong_is_named_by_its_number_in_one_line_and_none_is_made(
    space: Space, status: int, run: Any, expected: str
) -> None:
    space.chain()
    detail = space.refused(status, api.TRIGGER_MANY, {"runs": [GOOD, GOOD, run, run]}, headers=KEY)
    assert detail.startswith(expected)
    assert "runs.3" not in detail
    assert "\n" not in detail
    assert total(space) == 0
    space.ok(api.TRIGGER_MANY, {"runs": [GOOD]}, headers=KEY)


def test_a_required_store_key_that_one_run_lacks_is_named_with_the_number(space: Space) -> None:
    space.chain()
    space.graph(
        space.node("first", inputs={"x": "${{ store.day }}"}),
        store_config={"required_keys": ["day"], "default_values": {}},
    )
    detail = space.refused(400, api.TRIGGER_MANY, {"runs": [{"store": {"day": "1"}}, {}]}, headers=KEY)
    assert detail.startswith("runs.1: store: graph 'g' needs 'day'")
    assert total(space) == 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "the body is not JSON: "),
        (b"", ""),
        (b"[]", ""),
        (b'{"runs": []}', "runs: List should have at least 1 item"),
        (b"{}", "runs: Field required"),
        (b'{"runs": [{}], "more": 1}', "more: Extra inputs are not permitted"),
        (
            b'{"runs": [{"inputs": {"x": "\\ud800"}}]}',
            "the body is not JSON: the escape \\ud800 is half of a surrogate",
        ),
        (
            b'{"runs": [{"inputs": {"x": "\\udc00"}}]}',
            "the body is not JSON: the escape \\udc00 is half of a surrogate",
        ),
        (b'{"runs": [{"inputs": {"x": "\\ud800\\u0041"}}]}', "the body is not JSON: the escape \\ud800 is half"),
        (b'{"runs": [{"inputs": {"x": "\xff"}}]}', "the body is not JSON: byte 28 is not UTF-8"),
        (b'{"runs": [{"start_delay": NaN}]}', "the body is not JSON: NaN is no JSON number"),
        (b'{"runs": ' + b"[" * 200 + b"]" * 200 + b"}", "the body is not JSON: it is nested too deeply"),
    ],
)
def test_a_body_that_can_not_be_read_is_refused_in_one_line(space: Space, content: bytes, expected: str) -> None:
    space.chain()
    answer = space.service.http.post(
        path_of(api.TRIGGER_MANY, namespace=space.name, graph_name="g"),
        content=content,
        headers={**KEY, "content-type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    detail = answer.json()["detail"]
    assert detail.startswith(expected)
    assert detail
    assert "\n" not in detail
    assert total(space) == 0


def test_a_body_that_is_not_said_to_be_json_is_refused(space: Space) -> None:
    space.chain()
    path = path_of(api.TRIGGER_MANY, namespace=space.name, graph_name="g")
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = space.service.http.post(path, content=b'{"runs": [{}]}', headers={**KEY, "content-type": kind})
        assert answer.status_code == 422
        assert "sent with the header content-type: application/json" in answer.json()["detail"]
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/hal+json"):
        answer = space.service.http.post(path, content=b'{"runs": [{}]}', headers={**KEY, "content-type": kind})
        assert answer.status_code == 200
    assert total(space) == 1


def test_a_call_without_a_key_and_one_whose_key_is_no_name_are_refused(space: Space) -> None:
    space.chain()
    assert space.refused(422, api.TRIGGER_MANY, days(1)) == "idempotency-key: Field required"
    for key in ("", "a b", "k" * 129):
        detail = space.refused(400, api.TRIGGER_MANY, days(1), headers={"Idempotency-Key": key})
        assert detail.startswith("idempotency-key ")
    assert total(space) == 0


def test_a_graph_that_is_paused_unknown_or_invalid_takes_no_runs_and_a_repeat_of_a_whole_call_is_answered(
    space: Space,
) -> None:
    assert "'g'" in space.refused(404, api.TRIGGER_MANY, days(3), headers=KEY)
    space.chain()
    first = space.ok(api.TRIGGER_MANY, days(3), headers=KEY)
    other = {"Idempotency-Key": "other"}
    space.ok(api.PAUSE_GRAPH)
    assert "is paused" in space.refused(409, api.TRIGGER_MANY, days(3), headers=other)
    assert space.ok(api.TRIGGER_MANY, days(3), headers=KEY) == first
    space.ok(api.RESUME_GRAPH)
    space.graph(space.node("unknown"))
    assert "can't run" in space.refused(400, api.TRIGGER_MANY, days(3), headers=other)
    assert total(space) == 3


def test_while_memory_is_full_nothing_is_made_and_the_caller_is_told_when_to_come_again(service: Service) -> None:
    space = Space(service, "full-many")
    with space.full_memory():
        answer = space.call(api.TRIGGER_MANY, days(100), headers=KEY)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
    before = total(space)
    space.ok(api.TRIGGER_MANY, days(100), headers=KEY)
    assert total(space) == before + 100


def test_the_audit_log_tells_how_many_runs_were_started(space: Space) -> None:
    space.chain()
    first, *_ = space.ok(api.TRIGGER_MANY, days(3), headers=KEY)["run_ids"]

    def told() -> list[dict[str, Any]]:
        return [entry for entry in space.ok(api.LIST_AUDIT)["entries"] if entry["call"] == "trigger_many"]

    eventually("it is in the audit log", told)
    assert told()[0]["things"] == {"graph_name": "g", "runs": "3", "first_run_id": first}


def test_the_client_starts_more_runs_than_one_call_may_have_and_none_twice_when_asked_again(space: Space) -> None:
    space.chain()
    uri = str(space.service.http.base_url)
    with StateManager(space.name, uri, SECRET) as manager:
        runs = [{"inputs": {"x": str(day)}} for day in range(MOST_IN_CALL + 50)]
        ids = manager.trigger_many("g", iter(runs), idempotency_key="back-fill")
        assert len(set(ids)) == len(runs)
        assert manager.trigger_many("g", runs, "back-fill") == ids
        assert total(space) == len(runs)
        assert space.ok(api.GET_RUN, run_id=ids[-1])["graph_name"] == "g"
        assert manager.trigger_many("g", []) == []
        with pytest.raises(BadRequest, match=rf"^runs\.{MOST_IN_CALL + 2}: store key 'a\.b'"):
            manager.trigger_many("g", [*runs[: MOST_IN_CALL + 2], {"store": {"a.b": "1"}}])


def test_runs_that_were_answered_are_there_again_after_redis_lost_them(tmp_path: Path) -> None:
    kept = ("--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no")
    with RedisServer(tmp_path / "redis", *kept) as redis, Service(redis.url) as service:
        space = Space(service, "lost")
        space.chain()
        size = redis.file.stat().st_size
        runs = space.ok(api.TRIGGER_MANY, days(90), headers=KEY)["run_ids"]
        written = redis.file.stat().st_size
        redis.kill()
        # Some of them are in the file; the others are lost.
        os.truncate(redis.file, size + (written - size) // 2)
        redis.start()
        with BlockingRedis.from_url(redis.url) as client:
            eventually("they are there again", lambda: client.zcard("exo:{lost:0}:runs") == 90)
        assert space.ok(api.TRIGGER_MANY, days(90), headers=KEY)["run_ids"] == runs
        assert total(space) == 90
