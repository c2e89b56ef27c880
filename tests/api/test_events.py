"""The events of a run: each transition once and in order, for whoever comes late, goes away and comes again."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from api.service import PATIENCE_MS, Service, Space, eventually, many, node_class, one
from api.watching import Watcher
from exosphere_core import api
from exosphere_core.keys import ShardKeys
from exosphere_core.states import MOVES
from exosphere_core.store.scripts import script
from exosphere_worker.outcome import Failed


@pytest.fixture(scope="module")
def second(service: Service) -> Iterator[Service]:
    """Another state manager on the same Redis."""
    with Service(service.redis_url, encryption_key=service.settings.encryption_key) as other:
        yield other


@pytest.fixture
def redis(service: Service) -> Iterator[Any]:
    with Redis.from_url(service.redis_url) as redis:
        yield redis


def one_at_a_time(watcher: Watcher, *services: Service) -> None:
    """Watch to the end with a new connection for each event, in turn at several state managers."""
    for turn in range(10_000):
        if not watcher.read(1, services[turn % len(services)]):
            return
    raise AssertionError("the stream has no end")


def ended_chain(space: Space) -> str:
    """Run a chain to its end."""
    space.chain()
    return space.run_chain()


def wide(space: Space, name: str = "g") -> None:
    """Store a graph: a root fans out into leaves, which are retried once, and are united."""
    space.register(node_class("Root"), node_class("Leaf", ("x",)), node_class("Union", ("all",)))
    space.graph(
        space.node("root", "leaf"),
        space.node("leaf", "union", inputs={"x": "${{ root.outputs.v }}"}),
        space.node("union", inputs={"all": "${{ leaf.outputs.v }}"}, unites={"identifier": "root"}),
        name=name,
        retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1},
    )


def test_a_chain_is_told_transition_by_transition(service: Service, space: Space) -> None:
    space.chain()
    run = space.trigger()
    watcher = Watcher(service, space, run)
    begin, found, current = watcher.read(3)
    assert (begin["event"], begin["status"], begin["total_count"]) == ("begin", "PENDING", 1)
    assert (found["event"], found["identifier"], found["status"]) == ("found", "first", "CREATED")
    assert (current["event"], current["status"]) == ("current", "PENDING")
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    watcher.read()
    assert [(event["event"], event.get("identifier"), event["status"]) for event in watcher.events[3:]] == [
        ("state", "first", "SUCCESS"),
        ("state", "second", "CREATED"),
        ("state", "second", "SUCCESS"),
        ("run", None, "SUCCESS"),
    ]


def test_who_comes_again_after_each_event_at_either_state_manager_misses_nothing_and_hears_nothing_twice(
    service: Service, second: Service, space: Space
) -> None:
    wide(space)
    run = space.trigger()
    steady, restless = Watcher(service, space, run), Watcher(service, space, run)
    assert restless.read(1)[0]["event"] == "begin"
    space.do("Root", many("1", "2", "3"))
    space.do("Leaf", Failed("once"))
    for _ in range(3):
        space.do("Leaf", one(v="x"))
        restless.read(2, second)
    space.do("Union", one(v="all"))
    space.wait(run)
    one_at_a_time(restless, service, second)
    steady.read()
    assert restless.told == steady.told
    ids = [tuple(map(int, event["id"].split("-"))) for event in steady.events]
    assert ids == sorted(set(ids))
    last = {event["state_id"]: event["status"] for event in steady.events if "state_id" in event}
    assert last == {
        state["id"]: state["status"] for state in space.ok(api.LIST_STATES, run_id=run, query={"limit": 1000})["states"]
    }
    assert len(set(steady.told)) == len(steady.told)
    assert steady.told[-1][::2] == ("run", "SUCCESS")


def test_who_comes_when_all_is_over_is_told_how_each_state_stands(service: Service, space: Space) -> None:
    run = ended_chain(space)
    watcher = Watcher(service, space, run)
    watcher.read()
    assert [(event["event"], event.get("identifier"), event["status"]) for event in watcher.events] == [
        ("begin", None, "SUCCESS"),
        ("found", "first", "SUCCESS"),
        ("found", "second", "SUCCESS"),
        ("current", None, "SUCCESS"),
    ]
    assert watcher.read() == []


def test_a_state_that_moves_while_the_past_is_told_is_told_of_once(
    service: Service, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two state managers tell the past of a run state by state, while its states move on."""
    monkeypatch.setattr("exosphere_core.store.events._STATES_PAGE", 1)
    wide(space)
    run = space.trigger()
    space.do("Root", many(*map(str, range(30))))
    eventually("the branches are there", lambda: space.ok(api.GET_RUN, run_id=run)["total_count"] == 60)
    watcher = Watcher(service, space, run)
    watcher.read(5)
    for _ in range(30):
        space.do("Leaf", one(v="x"))
        watcher.read(1)
    space.do("Union", one(v="all"))
    space.wait(run)
    watcher.read()
    of_states: dict[str, list[str]] = {}
    for event in watcher.events:
        if "state_id" in event:
            of_states.setdefault(event["state_id"], []).append(event["status"])
    assert len(of_states) == 61
    assert {tuple(told) for told in of_states.values()} <= {("SUCCESS",), ("CREATED", "SUCCESS")}
    assert watcher.of("begin")[0]["total_count"] == 60
    assert len(watcher.of("current")) == 1


def test_a_run_that_is_opened_again_is_told_of_to_who_comes_again(service: Service, space: Space) -> None:
    space.register(node_class("A"))
    space.graph(space.node("a"), retry_policy={"max_retries": 0})
    run = space.trigger()
    failed = space.do("A", Failed("no luck"))
    assert space.wait(run)["status"] == "FAILED"
    watcher = Watcher(service, space, run)
    watcher.read()
    space.ok(api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=failed.state)
    space.do("A", one(v="1"))
    space.wait(run)
    told = watcher.read()
    assert [(event["event"], event["status"]) for event in told] == [
        ("state", "RETRY_CREATED"),
        ("state", "CREATED"),
        ("run", "PENDING"),
        ("state", "SUCCESS"),
        ("run", "SUCCESS"),
    ]


def test_a_cancelled_run_tells_of_its_states_and_ends(service: Service, space: Space) -> None:
    space.chain()
    run = space.trigger()
    watcher = Watcher(service, space, run)
    watcher.read(3)
    space.ok(api.CANCEL_RUN, run_id=run)
    assert [(event["event"], event["status"]) for event in watcher.read()] == [
        ("state", "CANCELLED"),
        ("run", "CANCELLED"),
    ]


def test_events_are_written_only_while_somebody_watches_and_go_with_the_time(
    service: Service, space: Space, redis: Any
) -> None:
    run = ended_chain(space)
    key = ShardKeys(space.name).events(run)
    assert not redis.exists(key)
    watcher = Watcher(service, space, run)
    watcher.read()
    assert 0 < redis.pttl(key) <= service.settings.keep_events_ms
    redis.delete(key)
    before = len(watcher.events)
    watcher.read()
    assert [event["event"] for event in watcher.events[before:]] == ["begin", "found", "found", "current"]


def test_every_move_of_a_state_tells_of_it() -> None:
    """All moves that change status or attempt; two leave both as they are, and three leave what is watched to `advance`."""
    quiet = {name for name, move in MOVES.items() if "tell_state(KEYS" not in script(move.script).source}
    assert quiet == {"promote", "delivered", "step", "leaf", "finish"}


def test_a_full_house_is_refused_and_a_place_is_free_again_when_one_leaves(redis_url: str) -> None:
    with Service(redis_url, max_watchers=1) as service:
        space = Space(service, "full-house")
        space.chain()
        run = space.trigger()
        path = f"/v0/namespace/{space.name}/run/{run}/events"
        with service.http.stream("GET", path) as first:
            assert first.status_code == 200
            refused = space.call(api.WATCH_RUN, run_id=run)
            assert refused.status_code == 429
            assert "EXOSPHERE_MAX_WATCHERS" in refused.json()["detail"]
            assert int(refused.headers["retry-after"]) > 0
        space.ok(api.CANCEL_RUN, run_id=run)
        eventually("the place is free", lambda: space.call(api.WATCH_RUN, run_id=run).status_code == 200)


@pytest.mark.parametrize("given", ["x", "1-2-3", "-1", "1-", "99999999999999999999-0"])
def test_a_last_event_that_is_none_is_refused_by_name(space: Space, given: str) -> None:
    run = ended_chain(space)
    answer = space.call(api.WATCH_RUN, run_id=run, headers={api.LAST_EVENT_ID_HEADER: given})
    assert answer.status_code == 400
    assert "last-event-id" in answer.json()["detail"]


def test_an_unknown_run_has_no_events(space: Space) -> None:
    run = ended_chain(space)
    space.refused(404, api.WATCH_RUN, run_id="0" * 8 + run[8:])
    space.refused(404, api.WATCH_RUN, run_id="nothing")


def test_a_silent_stream_shows_that_it_lives_and_a_stop_ends_it(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exosphere_orchestrator.http.watchers.KEEP_ALIVE_S", 0.05)
    with Service(redis_url) as service:
        space = Space(service, "silent")
        space.chain()
        run = space.trigger()
        path = f"/v0/namespace/{space.name}/run/{run}/events"
        with service.http.stream("GET", path, timeout=PATIENCE_MS / 1000) as answer:
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith(":"))
            service.app.state.services.run_ends.release()
            list(lines)


def test_a_stream_that_lasts_too_long_ends_and_whoever_comes_again_misses_nothing(redis_url: str) -> None:
    with Service(redis_url, max_watch_ms=20) as short:
        space = Space(short, "short")
        space.chain()
        run = space.trigger()
        watcher = Watcher(short, space, run)
        eventually("all that is so far was told", lambda: watcher.read() == [] and watcher.of("current"))
        space.do("First", one(v="1"))
        space.do("Second", one(v="2"))
        eventually("the run's end was told", lambda: watcher.read() == [] and watcher.of("run"))
        assert [(event["identifier"], event["status"]) for event in watcher.of("state")] == [
            ("first", "SUCCESS"), ("second", "CREATED"), ("second", "SUCCESS"),
        ]  # fmt: skip
