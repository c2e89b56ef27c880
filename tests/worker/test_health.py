"""The health of a worker: when it is called dead, and how its endpoint answers."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from exosphere_core.errors import ConfigurationError
from exosphere_core.health import HealthServer, health_age_s, listen, listen_at
from exosphere_worker.health import answers_of
from exosphere_worker.pool_health import pool_health
from exosphere_worker.vitals import Vitals, health_of


def test_one_recent_success_of_either_kind_is_enough() -> None:
    for vitals in (Vitals(heartbeat_at=99.0), Vitals(read_at=99.0), Vitals(1.0, 99.0), Vitals(99.0, 1.0)):
        assert health_of(vitals, now=100.0, age_s=60.0).alive
    assert health_of(Vitals(40.0, 98.5, 3), now=100.0, age_s=60.0).body == {
        "alive": True,
        "last_heartbeat_s": 60.0,
        "last_read_s": 1.5,
        "running": 3,
    }


def test_a_worker_that_reached_redis_too_long_ago_or_never_is_not_alive_and_says_what_is_old() -> None:
    assert health_of(Vitals(read_at=39.0), now=100.0, age_s=60.0).body == {
        "alive": False,
        "last_heartbeat_s": None,
        "last_read_s": 61.0,
        "running": 0,
        "detail": "Redis was not reached for 60 s: last heartbeat never, last read 61 s ago",
    }


def test_a_worker_whose_reads_fail_is_not_alive_although_its_heart_beats() -> None:
    vitals = Vitals(heartbeat_at=99.0, read_at=30.0, unread={"": 39.0})
    health = health_of(vitals, now=100.0, age_s=60.0)
    assert not health.alive
    assert health.body["detail"] == "ready states could not be read for 61 s"
    vitals.note_read()
    assert health_of(vitals, now=100.0, age_s=60.0).alive


def test_a_worker_that_can_read_some_of_its_shards_is_alive_and_names_the_others() -> None:
    vitals = Vitals(heartbeat_at=99.0, read_at=99.0, read=("0", "1", "2"), unread={"2": 30.0, "0": 39.0, "1": 41.0})
    health = health_of(vitals, now=100.0, age_s=60.0)
    assert health.alive
    assert health.body["unread_shards"] == ["0", "2"]
    health = health_of(vitals, now=102.0, age_s=60.0)
    assert not health.alive
    assert health.body["detail"] == "ready states could not be read for 61 s"


def test_a_worker_whose_event_loop_is_blocked_says_by_what_and_is_not_alive_after_a_time() -> None:
    vitals = Vitals(heartbeat_at=99.0)
    vitals.note_loop(6.0, "node Slow (state s)")
    early = health_of(vitals, now=100.0, age_s=60.0)
    assert early.alive
    assert (early.body["loop_blocked_s"], early.body["loop_blocked_by"]) == (6.0, "node Slow (state s)")
    vitals.note_loop(61.0, "node Slow (state s)")
    late = health_of(vitals, now=100.0, age_s=60.0)
    assert not late.alive
    assert late.body["detail"] == "the event loop is blocked for 61 s by node Slow (state s)"


@pytest.mark.parametrize("text", ["5000", "soon", "-1", "6e4"])
def test_an_age_that_would_call_an_idle_worker_dead_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_HEALTH_AGE_MS", text)
    with pytest.raises(ValueError, match=f"EXOSPHERE_HEALTH_AGE_MS must be .* above 5000, .* not '{text}'"):
        health_age_s()


def test_a_pool_is_alive_when_all_are_and_names_those_that_are_not() -> None:
    good = {"alive": True, "last_heartbeat_s": None, "last_read_s": 1.0, "running": 0}
    gone = {"alive": False, "detail": "it is not running"}
    assert pool_health([good, good]).alive
    health = pool_health([good, gone])
    assert not health.alive
    assert health.body["detail"] == "worker 2: it is not running"
    assert health.body["processes"] == [{"process": 1, **good}, {"process": 2, **gone}]


@contextmanager
def serving(vitals: Vitals) -> Iterator[int]:
    listener = listen("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    with HealthServer(listener, answers_of(vitals)):
        yield port


def asked(port: int, request: bytes) -> tuple[int, dict[str, Any]]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request)
        answer = b""
        while more := client.recv(4096):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    return int(head.split()[1]), json.loads(body)


def test_the_status_follows_the_vitals() -> None:
    vitals = Vitals()
    with serving(vitals) as port:
        assert asked(port, b"GET /health HTTP/1.1\r\n\r\n")[0] == 503
        vitals.note_read()
        status, body = asked(port, b"GET /health?probe=1 HTTP/1.1\r\nHost: here\r\n\r\n")
    assert (status, body["alive"], body["running"]) == (200, True, 0)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /health HTTP/1.1\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"good day\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nX: " + b"x" * 8192, 431),
    ],
)
def test_any_other_request_is_refused_with_a_reason_and_the_next_is_answered(request_bytes: bytes, status: int) -> None:
    with serving(Vitals()) as port:
        refused, body = asked(port, request_bytes)
        assert asked(port, b"GET /health HTTP/1.1\r\n\r\n")[0] == 503
    assert refused == status
    assert body["detail"]


def test_an_address_in_use_is_refused_in_one_line() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as refused:
            listen("127.0.0.1", port)
    assert refused.value.detail == (
        f"the health endpoint can't listen on 127.0.0.1 port {port}: Address already in use; "
        "give another --health-host or --health-port"
    )


def test_a_socket_that_a_dead_process_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "1.sock"
    listen_at(path).close()
    assert path.exists()
    with listen_at(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
