"""The events of a namespace: which runs begin and end, how much is done, and nobody pays where nobody watches."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from secrets import token_hex
from typing import Any

import pytest
from redis import Redis

from api.service import PATIENCE_MS, Service, Space, eventually, one, path_of
from exosphere_core import api
from exosphere_core.keys import runs_channel
from exosphere_orchestrator.http import sampler
from exosphere_worker.outcome import Failed

Event = dict[str, Any]


class Stream:
    """An open stream of events, which ends with the test at the latest."""

    def __init__(self, space: Space, lines: Iterator[str]) -> None:
        self._space = space
        self._lines = lines
        self.read: list[Event] = []

    def next(self) -> Event:
        kind = ""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        for line in self._lines:
            # A stream that has no more to tell still shows that it is there.
            assert time.monotonic() < deadline, f"waited in vain, the last events were {self.read[-5:]}"
            name, _, value = line.partition(": ")
            assert name in ("event", "data", ""), "events have no ids"
            if name == "event":
                kind = value
            elif name == "data":
                event: Event = json.loads(value)
                assert event["event"] == kind
                self.read.append(event)
                return event
        raise AssertionError("the stream has ended")

    def until(self, condition: Callable[[Event], Any]) -> Event:
        """Read up to an event."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not condition(event := self.next()):
            assert time.monotonic() < deadline, f"waited in vain, the last events were {self.read[-5:]}"
        return event

    def until_run(self, run: str, status: str) -> Event:
        """Read until a run is told to be in a status, and return what was told of it.

        Where the stream begins anew, the run is read, as a client does.
        """
        found: list[Event] = []

        def told(event: Event) -> bool:
            news = event.get("runs", ())
            if event["event"] == "begin":
                news = self._space.ok(api.FIND_RUNS)["runs"]
            found.extend(
                {name: each[name] for name in ("run_id", "graph_name", "status")}
                for each in news
                if (each["run_id"], each["status"]) == (run, status)
            )
            return bool(found)

        self.until(told)
        return found[0]

    def rest(self) -> list[str]:
        """All that is still to come."""
        return list(self._lines)


@contextmanager
def watching(space: Space, service: Service | None = None) -> Iterator[Stream]:
    """Watch a namespace; runs are told of from here on."""
    path = path_of(api.WATCH_NAMESPACE, namespace=space.name)
    with (service or space.service).http.stream("GET", path, timeout=PATIENCE_MS / 1000) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(space, answer.iter_lines())
        assert stream.next()["event"] == "begin"
        yield stream


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "SAMPLE_S", 0.05)
    monkeypatch.setattr(sampler, "_PART", 1.0)


@pytest.fixture
def redis(service: Service) -> Iterator[Any]:
    with Redis.from_url(service.redis_url) as redis:
        yield redis


def test_runs_that_begin_end_and_are_opened_again_are_told_of(space: Space) -> None:
    space.chain()
    with watching(space) as stream:
        run = space.trigger()
        assert stream.until_run(run, "PENDING") == {"run_id": run, "graph_name": "g", "status": "PENDING"}
        state = space.do("First", Failed("boom", retryable=False)).state
        stream.until_run(run, "FAILED")
        space.ok(api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=state)
        stream.until_run(run, "PENDING")
        space.do("First", one(v="1"))
        space.do("Second", one(v="2"))
        stream.until_run(run, "SUCCESS")
        cancelled = space.trigger(start_delay=3_600_000)
        stream.until_run(cancelled, "PENDING")
        space.ok(api.CANCEL_RUN, run_id=cancelled)
        stream.until_run(cancelled, "CANCELLED")
        counts = [event["count"] for event in stream.read if event["event"] == "runs"]
        assert counts == [len(event["runs"]) for event in stream.read if event["event"] == "runs"]


def test_a_trigger_that_makes_no_run_is_not_told_of(space: Space) -> None:
    space.chain()
    key = {api.IDEMPOTENCY_KEY_HEADER: "same"}
    run = space.ok(api.TRIGGER, {}, headers=key)["run_id"]
    with watching(space) as stream:
        assert space.ok(api.TRIGGER, {}, headers=key)["run_id"] == run
        other = space.trigger()
        stream.until_run(other, "PENDING")
        told = [each["run_id"] for event in stream.read for each in event.get("runs", ())]
        assert told == [other]


def test_runs_of_other_namespaces_are_not_told_of_and_those_of_other_state_managers_are(space: Space) -> None:
    space.chain()
    stranger = Space(space.service, f"{space.name}-2")
    stranger.chain()
    with (
        Service(space.service.redis_url, encryption_key=space.service.settings.encryption_key) as second,
        watching(space) as stream,
    ):
        stranger.trigger()
        run: str = second.call(api.TRIGGER, {}, namespace=space.name, graph_name="g").json()["run_id"]
        stream.until_run(run, "PENDING")
        told = [each["run_id"] for event in stream.read for each in event.get("runs", ())]
        assert told == [run]


def test_the_figures_tell_what_is_done_waits_and_runs_and_that_it_is_over(space: Space) -> None:
    space.chain()
    with watching(space) as stream:
        run = space.trigger()
        space.trigger()
        stream.until(lambda event: event.get("depth") == 2)
        held = space.take("First")
        stream.until(lambda event: (event.get("depth"), event.get("running")) == (1, 1))
        space.report(held, one(v="1"))
        busy = stream.until(lambda event: event.get("succeeded_per_s", 0) > 0)
        assert busy["failed_per_s"] == 0
        stream.until(lambda event: event.get("succeeded_per_s") == 0)
        space.do("Second", Failed("no", retryable=False))
        stream.until(lambda event: event.get("failed_per_s", 0) > 0)
        stream.until(lambda event: event.get("failed_per_s") == 0)
        assert space.wait(run)["status"] == "FAILED"
    figures = [event for event in stream.read if event["event"] == "figures"]
    repeated = [
        (earlier, later) for earlier, later in pairwise(figures) if {**earlier, "at": ""} == {**later, "at": ""}
    ]
    assert repeated == []


def test_whoever_comes_later_is_told_the_figures_of_now(space: Space) -> None:
    space.chain()
    with watching(space) as first:
        space.trigger()
        first.until(lambda event: event.get("depth") == 1)
        with watching(space) as second:
            assert second.next()["depth"] == 1


def test_after_the_connection_to_redis_was_lost_everybody_begins_anew(space: Space, redis: Any) -> None:
    space.chain()
    with watching(space) as stream:
        redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        stream.until(lambda event: event["event"] == "begin")
        run = space.trigger()
        stream.until_run(run, "PENDING")


def subscribed(redis: Any, space: Space) -> bool:
    ((_, count),) = redis.pubsub_numsub(runs_channel(space.name))
    return bool(count)


def test_a_channel_is_listened_to_only_while_somebody_watches(space: Space, redis: Any) -> None:
    assert not subscribed(redis, space)
    with watching(space):
        with watching(space):
            assert subscribed(redis, space)
        assert subscribed(redis, space)
    eventually("nobody listens any more", lambda: not subscribed(redis, space))
    # Whoever comes again is told again.
    space.chain()
    with watching(space) as stream:
        stream.until_run(space.trigger(), "PENDING")


def test_these_streams_count_for_the_limit_and_end_when_they_have_lasted_long_enough(redis_url: str) -> None:
    with Service(redis_url, max_watchers=1, max_watch_ms=1500) as service:
        space = Space(service, "limited")
        with watching(space) as stream:
            assert "EXOSPHERE_MAX_WATCHERS" in space.refused(429, api.WATCH_NAMESPACE)
            stream.rest()
        eventually("somebody else may watch", lambda: service.app.state.services.watchers.watching == 0)
        with watching(space):
            pass


def test_a_state_manager_that_stops_lets_go_of_those_who_watch(redis_url: str) -> None:
    service = Service(redis_url)
    with service:
        space = Space(service, "stopping")
        with watching(space) as stream:
            service.app.state.services.run_ends.release()
            assert not any(line.startswith("event: begin") for line in stream.rest())


def test_a_namespace_that_is_no_name_is_refused(space: Space) -> None:
    assert "namespace" in space.refused(400, api.WATCH_NAMESPACE, namespace="a b")


def test_on_a_cluster_with_several_shards_it_is_the_same(cluster_url: str) -> None:
    with Service(cluster_url, shards=3) as service:
        space = Space(service, f"cluster-{token_hex(4)}")
        space.chain()
        with watching(space) as stream:
            runs = [space.trigger() for _ in range(4)]
            for run in runs:
                if not any(each["run_id"] == run for event in stream.read for each in event.get("runs", ())):
                    stream.until_run(run, "PENDING")
            # It may have been told while the runs were waited for, and is told once.
            if [event["depth"] for event in stream.read if "depth" in event][-1:] != [4]:
                stream.until(lambda event: event.get("depth") == 4)
            space.ok(api.CANCEL_RUN, run_id=runs[0])
            stream.until_run(runs[0], "CANCELLED")
        found = space.ok(api.FIND_RUNS)["runs"]
        assert {run["run_id"] for run in found} == set(runs)
        assert [run["created_at"] for run in found] == sorted((run["created_at"] for run in found), reverse=True)
        assert len(space.ok(api.GET_FIGURES)["minutes"]) == 60
