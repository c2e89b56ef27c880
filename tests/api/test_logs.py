"""What nodes write, over HTTP: taken from runtimes of the node's namespace, listed by pages and filters, followed as it comes in."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from api.service import PATIENCE_MS, Service, Space, eventually, node_class, one, path_of
from exosphere_core import api
from exosphere_core.keys import ShardKeys
from exosphere_orchestrator.http import live_logs
from exosphere_orchestrator.http.line_rate import LineRate
from exosphere_worker.held import Held


@pytest.fixture(autouse=True)
def soon_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for late lines, where a test is not about them."""
    monkeypatch.setattr(live_logs, "LATE_S", 0.05)


def begun(space: Space, **node: Any) -> tuple[str, Held]:
    """A run of one node, which a runtime has taken."""
    space.register(node_class("A"))
    space.graph(space.node("a", **node))
    run = space.trigger()
    return run, space.take("A")


def write(space: Space, held: Held, *texts: str, **fields: Any) -> int:
    lines = [{"state": held.state, "at": 1_700_000_000_123, "text": text, **fields} for text in texts]
    taken: int = space.ok(api.ADD_LINES, {"worker": "rt-1", "lines": lines})["taken"]
    return taken


def listed(space: Space, run: str, **query: Any) -> dict[str, Any]:
    return space.ok(api.LIST_LINES, run_id=run, query=query)


def texts(space: Space, run: str, **query: Any) -> list[str]:
    return [line["text"] for line in listed(space, run, **query)["lines"]]


class Follower:
    """Follows the lines of a run in a thread of its own, to the end of the stream."""

    def __init__(self, space: Space, run: str, last_id: str = "", **query: Any) -> None:
        self.events: list[dict[str, Any]] = []
        self.status = 0
        self._space, self._last_id, self._query = space, last_id, query
        self._path = path_of(api.FOLLOW_LINES, namespace=space.name, run_id=run)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        headers = {api.LAST_EVENT_ID_HEADER: self._last_id} if self._last_id else {}
        http = self._space.service.http
        with http.stream("GET", self._path, headers=headers, params=self._query, timeout=PATIENCE_MS / 1000) as answer:
            self.status = answer.status_code
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    self.events.append(json.loads(line.removeprefix("data:")))

    @property
    def texts(self) -> list[str]:
        return [event["line"]["text"] for event in self.events if event["event"] == "line"]

    def ended(self) -> "Follower":
        self._thread.join(PATIENCE_MS / 1000)
        assert not self._thread.is_alive()
        return self


def test_a_line_is_told_with_all_that_is_known_of_its_state(space: Space) -> None:
    run, held = begun(space)
    assert (
        write(space, held, "loading", attempt=2, level="WARNING", kind="progress", fields={"percent": 40, "x": None})
        == 1
    )
    (line,) = listed(space, run)["lines"]
    assert line == {
        "id": "1", "run_id": run, "at": "2023-11-14T22:13:20.123Z", "kind": "progress", "level": "WARNING",
        "state_id": held.state, "node_name": "A", "identifier": "a", "attempt": 2, "worker": "rt-1",
        "text": "loading", "fields": {"percent": 40, "x": None},
    }  # fmt: skip


def test_lines_come_page_by_page_and_the_id_of_the_last_asks_for_newer_ones(space: Space) -> None:
    run, held = begun(space)
    write(space, held, *map(str, range(5)))
    first = listed(space, run, limit=3)
    assert ([line["text"] for line in first["lines"]], first["count"]) == (["0", "1", "2"], 3)
    second = listed(space, run, limit=3, cursor=first["next_cursor"])
    assert [line["text"] for line in second["lines"]] == ["3", "4"]
    assert second["next_cursor"] is None
    write(space, held, "new")
    assert texts(space, run, cursor=second["lines"][-1]["id"]) == ["new"]


def test_lines_are_listed_by_state_node_level_and_kind(space: Space) -> None:
    space.chain()
    run = space.trigger()
    first = space.do("First", one(v="1"))
    second = space.take("Second")
    write(space, first, "of the first")
    write(space, second, "in vain", level="ERROR")
    write(space, second, "half", kind="progress")
    assert texts(space, run) == ["of the first", "in vain", "half"]
    assert texts(space, run, state_id=first.state) == ["of the first"]
    assert texts(space, run, state_id=second.state[:8]) == ["in vain", "half"]
    assert texts(space, run, identifier="second", level="WARNING") == ["in vain"]
    assert texts(space, run, kind=["progress", "dropped"]) == ["half"]
    assert texts(space, run, identifier="nothing") == []


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ({"cursor": "x"}, 400, "cursor: 'x' is no id of a line"),
        ({"identifier": "a b"}, 400, "identifier"),
        ({"level": "LOUD"}, 422, "level"),
        ({"kind": "odd"}, 422, "kind"),
        ({"limit": 0}, 422, "limit"),
    ],
)
def test_what_is_asked_for_wrongly_is_named(space: Space, query: dict[str, Any], status: int, told: str) -> None:
    run, _ = begun(space)
    assert told in space.refused(status, api.LIST_LINES, run_id=run, query=query)
    if "limit" not in query:
        told = told.replace("cursor: 'x'", "last-event-id: 'x'")
        headers = {api.LAST_EVENT_ID_HEADER: query.pop("cursor")} if "cursor" in query else {}
        assert told in space.refused(status, api.FOLLOW_LINES, run_id=run, query=query, headers=headers)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"at": -1}, "lines.0.at"),
        ({"at": 10**15}, "lines.0.at"),
        ({"attempt": 0}, "lines.0.attempt"),
        ({"level": "LOUD"}, "lines.0.level"),
        ({"fields": {"x": [1]}}, "lines.0.fields.x"),
        ({"text": "x" * 65_537}, "lines.0.text"),
        ({"state": "s" * 65}, "lines.0.state"),
    ],
)
def test_a_line_of_the_wrong_form_is_refused_by_name(space: Space, line: dict[str, Any], told: str) -> None:
    _, held = begun(space)
    body = {"lines": [{"state": held.state, "at": 1, "text": "x", **line}]}
    assert space.refused(422, api.ADD_LINES, body).startswith(told)


def test_more_lines_than_a_call_may_hold_are_refused(space: Space) -> None:
    _, held = begun(space)
    body = {"lines": [{"state": held.state, "at": 1, "text": "x"}] * 501}
    assert space.refused(422, api.ADD_LINES, body).startswith("lines: ")


def test_a_runtime_has_nothing_to_say_of_states_of_another_namespace_s_nodes(service: Service, space: Space) -> None:
    run, held = begun(space)
    stranger = Space(service, f"{space.name}-stranger")
    key = service.new_key("runtime", stranger.name)["key"]
    for home in ("", space.name):
        body = {"lines": [{"home": home, "state": held.state, "at": 1, "text": "forged"}]}
        answer = stranger.call(api.ADD_LINES, body, headers={api.API_KEY_HEADER: key})
        assert (answer.status_code, answer.json()) == (200, {"taken": 0})
    assert texts(space, run) == []
    viewer = service.new_key("viewer", space.name)["key"]
    assert space.call(api.ADD_LINES, {"lines": []}, headers={api.API_KEY_HEADER: viewer}).status_code == 403


def test_a_node_of_another_namespace_writes_beside_the_run_where_that_is(service: Service, space: Space) -> None:
    there = Space(service, f"{space.name}-there")
    there.register(node_class("A"))
    space.graph(space.node("a", namespace=there.name))
    run = space.trigger()
    held = there.take("A")
    assert write(there, held, "from afar", home=held.task.home) == 1
    assert texts(space, run) == ["from afar"]


def test_a_state_that_nobody_has_is_no_reason_to_refuse_the_others(space: Space) -> None:
    run, held = begun(space)
    lines = [{"state": state, "at": 1, "text": state} for state in ("", "odd", "0" * 32, held.state)]
    assert space.ok(api.ADD_LINES, {"lines": lines})["taken"] == 1
    assert texts(space, run) == [held.state]
    assert "lines.0.home" in space.refused(400, api.ADD_LINES, {"lines": [{"home": "a b", **lines[3]}]})


def test_too_long_a_line_is_cut_and_of_too_many_the_oldest_go(redis_url: str, service: Service) -> None:
    key = service.settings.encryption_key
    with Service(
        redis_url, encryption_key=key, run_log_line_bytes=256, run_log_lines=2, run_log_level="WARNING"
    ) as small:
        space = Space(small, "bounded")
        run, held = begun(space)
        assert write(space, held, "too light") == 0
        write(space, held, "x" * 1000, "b", "é" * 200, level="ERROR", fields={"a": "y" * 1000, "b": "z"})
        answer = listed(space, run)
        assert [line["text"] for line in answer["lines"]] == ["b", "é" * 126 + "…"]
        assert answer["lines"][0]["fields"] == {"a": "y" * 253 + "…"}
        assert answer["dropped"] == 1
        follower = Follower(space, run)
        eventually("both are there", lambda: len(follower.texts) == 2)
        assert (follower.events[0]["event"], follower.events[0]["dropped"]) == ("gap", 1)
        space.report(held, one(v="1"))
        assert follower.ended().events[-1]["event"] == "end"


def test_a_state_manager_that_keeps_no_lines_says_so_to_runtimes(redis_url: str, service: Service) -> None:
    with Service(redis_url, encryption_key=service.settings.encryption_key, run_log_level="OFF") as off:
        space = Space(off, "off")
        run, held = begun(space)
        assert space.register(node_class("A"), delivery="streams")["delivery"]["logs"] is None
        assert write(space, held, "x", level="CRITICAL") == 0
        assert texts(space, run) == []


def test_a_runtime_learns_what_to_send_when_it_registers(space: Space) -> None:
    assert space.register(node_class("A"), delivery="streams")["delivery"]["logs"] == {
        "level": "INFO", "line_bytes": 8192, "attempt_lines": 1000, "attempt_bytes": 1048576, "lines_per_second": 500,
    }  # fmt: skip


def test_no_line_is_taken_while_the_memory_of_redis_is_full_and_that_is_no_error(space: Space) -> None:
    run, held = begun(space)
    with space.full_memory():
        assert write(space, held, "x") == 0
    assert write(space, held, "y") == 1
    assert texts(space, run) == ["y"]


def test_lines_are_followed_as_they_come_in_until_the_run_has_ended(space: Space) -> None:
    run, held = begun(space)
    write(space, held, "there before")
    follower = Follower(space, run)
    eventually("the first line", lambda: follower.texts == ["there before"])
    for number in range(3):
        write(space, held, f"live {number}")
        eventually("the next line", lambda count=number: len(follower.texts) == count + 2)
    space.report(held, one(v="1"))
    assert follower.ended().texts == ["there before", "live 0", "live 1", "live 2"]
    assert [event["id"] for event in follower.events] == ["1", "2", "3", "4", "4"]
    assert follower.events[-1] == {"event": "end", "id": "4", "run_id": run, "status": "SUCCESS"}


def test_the_last_lines_may_come_in_after_the_end_of_the_run(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    # Longer than the test may take: the stream is to end by the time that is set at last.
    monkeypatch.setattr(live_logs, "LATE_S", 60.0)
    run, held = begun(space)
    follower = Follower(space, run)
    eventually("it is followed", lambda: follower.status == 200)
    space.report(held, one(v="1"))
    space.wait(run)
    write(space, held, "late")
    eventually("the late line", lambda: follower.texts == ["late"])
    monkeypatch.setattr(live_logs, "LATE_S", 0.01)
    write(space, held, "the last one")
    assert follower.ended().texts == ["late", "the last one"]
    assert follower.events[-1]["event"] == "end"


def test_who_comes_again_with_the_last_id_hears_what_followed_and_204_when_nothing_will(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_logs, "LATE_S", 0.0)
    run, held = begun(space)
    write(space, held, *map(str, range(5)))
    space.report(held, one(v="1"))
    space.wait(run)
    assert Follower(space, run, "3").ended().texts == ["3", "4"]
    last = Follower(space, run, "5").ended()
    assert (last.status, last.events) == (204, [])
    assert Follower(space, run).ended().texts == ["0", "1", "2", "3", "4"]


def test_only_lines_that_are_meant_are_followed(space: Space) -> None:
    run, held = begun(space)
    follower = Follower(space, run, level="ERROR")
    write(space, held, "quiet")
    write(space, held, "loud", level="CRITICAL")
    space.report(held, one(v="1"))
    assert follower.ended().texts == ["loud"]


@pytest.mark.parametrize(
    "text", ["a\nb\r\n\n\ndata: x", "\x1b[2Jcleared", "\x85next\u2028line\u2029", "\x00\x7f", "</script>", "é☃😀\ufeff"]
)
def test_a_text_of_any_letters_comes_back_as_it_was(space: Space, text: str) -> None:
    run, held = begun(space)
    write(space, held, text, fields={text[:90]: text})
    (line,) = listed(space, run)["lines"]
    assert (line["text"], line["fields"]) == (text, {text[:90]: text})
    follower = Follower(space, run)
    space.report(held, one(v="1"))
    assert follower.ended().texts == [text]


def test_more_lines_a_second_than_a_state_manager_takes_are_refused_for_a_while(service: Service, space: Space) -> None:
    run, held = begun(space)
    services = service.app.state.services
    before, services.line_rate = services.line_rate, LineRate(3)
    try:
        # More than a second's share in one call is taken: it would be refused for ever.
        assert write(space, held, *"abcd") == 4
        body = {"lines": [{"state": held.state, "at": 1, "text": "x"}] * 3}
        answer = space.call(api.ADD_LINES, body)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert "3 lines a second" in answer.json()["detail"]
        eventually("they are taken again", lambda: space.call(api.ADD_LINES, body).status_code == 200)
    finally:
        services.line_rate = before
    assert texts(space, run) == [*"abcd", *"xxx"]


def test_the_call_that_the_page_shows_adds_its_lines(space: Space) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "logs.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"""curl -X POST "\$NS/logs" -H "\$KEY" -H "\$JSON" -d '(.*)'\n```""", page, re.DOTALL)
    run, held = begun(space)
    assert space.ok(api.ADD_LINES, json.loads(body.replace("'$STATE'", held.state)))["taken"] == 2
    assert texts(space, run) == ["loading", "half of it"]


def test_lines_are_not_in_the_audit_log(space: Space) -> None:
    _, held = begun(space)
    write(space, held, "x")
    calls = {entry["call"] for entry in space.ok(api.LIST_AUDIT)["entries"]}
    assert "add_lines" not in calls


def test_something_else_among_the_lines_is_named_by_its_key(service: Service, space: Space) -> None:
    run, held = begun(space)
    key = ShardKeys(space.name).lines(run)
    with Redis.from_url(service.redis_url) as redis:
        redis.set(key, "odd")
        assert key in space.refused(500, api.LIST_LINES, run_id=run)
        assert "another type" in space.refused(
            500, api.ADD_LINES, {"lines": [{"state": held.state, "at": 1, "text": "x"}]}
        )
        redis.delete(key)
        redis.xadd(key, {"bytes": "1", "line": "{}"}, id="1-0")
    assert key in space.refused(500, api.LIST_LINES, run_id=run)


@pytest.fixture
def crowded(redis_url: str, service: Service) -> Iterator[Service]:
    with Service(redis_url, encryption_key=service.settings.encryption_key, max_watchers=1) as one_only:
        yield one_only


def test_who_follows_lines_is_counted_among_those_who_watch(crowded: Service) -> None:
    space = Space(crowded, "crowded")
    run, held = begun(space)
    follower = Follower(space, run)
    eventually("it is followed", lambda: follower.status == 200)
    assert "EXOSPHERE_MAX_WATCHERS" in space.refused(429, api.FOLLOW_LINES, run_id=run)
    space.report(held, one(v="1"))
    follower.ended()
    assert Follower(space, run).ended().status == 200
