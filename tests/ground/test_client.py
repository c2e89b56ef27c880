"""The HTTP client against a real server: what it sends, what it raises, when it tries again."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import Any

import pytest

from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_core.errors import (
    BY_STATUS,
    AuthenticationFailed,
    ExosphereError,
    InvalidGraph,
    Overloaded,
    Unavailable,
)


class Server(ThreadingHTTPServer):
    """Gives the answers it was told, in order, the last one for ever; None drops the connection.

    Each 429 asks for the patience that `retry_after` says, where it is set.
    """

    daemon_threads = True

    def __init__(self, answers: list[tuple[int, str] | None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.seen: list[tuple[str, str, str | None]] = []
        self.idempotency_keys: list[str | None] = []
        self.retry_after = ""

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append((self.command, self.path, self.headers["x-api-key"]))
        self.server.idempotency_keys.append(self.headers["Idempotency-Key"])
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        answer = self.server.answers[min(len(self.server.seen), len(self.server.answers)) - 1]
        self.close_connection = True
        if answer is None:
            return
        status, body = answer
        self.send_response(status)
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()
        self.wfile.write(body.encode())

    do_PUT = do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(*answers: tuple[int, str] | None) -> Iterator[Server]:
    with Server(list(answers)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def call(uri: str, row: api.Row = api.LIST_NAMESPACES, timeout_s: float = 5.0, **path: Any) -> dict[str, Any]:
    async def once() -> dict[str, Any]:
        client = ApiClient(uri, "the-key", timeout_s=timeout_s)
        try:
            return await client.call(row, body={} if row.request else None, **path)
        finally:
            await client.aclose()

    return asyncio.run(once())


def test_a_call_sends_the_key_and_puts_its_words_into_the_path() -> None:
    with serving((200, '{"run_id": "r"}')) as server:
        assert call(server.uri + "/", api.TRIGGER, namespace="my lab", graph_name="a/b") == {"run_id": "r"}
        assert server.seen == [("POST", "/v0/namespace/my%20lab/graph/a%2Fb/trigger", "the-key")]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500])
def test_an_error_answer_is_raised_as_its_class_with_the_servers_words(status: int) -> None:
    with serving((status, '{"detail": "graph \'g\' is odd"}')) as server:
        with pytest.raises(ExosphereError, match="graph 'g' is odd") as raised:
            call(server.uri)
        assert type(raised.value) is BY_STATUS.get(status, ExosphereError)
        assert len(server.seen) == 1


def test_the_errors_of_an_invalid_graph_come_along() -> None:
    answer = json.dumps({"detail": "graph 'g' is invalid", "errors": ["one", "two"]})
    with serving((400, answer)) as server, pytest.raises(InvalidGraph) as raised:
        call(server.uri)
    assert raised.value.errors == ["one", "two"]


def test_an_error_answer_without_json_still_tells_its_status() -> None:
    with serving((401, "<html>")) as server, pytest.raises(AuthenticationFailed, match=r"^HTTP 401 from http://127"):
        call(server.uri)


@pytest.mark.parametrize(("row", "status"), [(api.TRIGGER, 429), (api.GET_GRAPH, 429), (api.GET_GRAPH, 503)])
def test_a_server_that_asks_for_patience_is_asked_again(row: api.Row, status: int) -> None:
    with serving((status, "{}"), (status, "{}"), (200, '{"status": "CREATED"}')) as server:
        assert call(server.uri, row, namespace="lab", graph_name="g") == {"status": "CREATED"}
        assert len(server.seen) == 3


def test_a_full_server_is_asked_again_after_the_time_that_it_says_and_not_before() -> None:
    with serving((429, '{"detail": "full"}'), (201, "{}")) as server:
        server.retry_after = "1"
        started = monotonic()
        assert call(server.uri, api.TRIGGER, namespace="lab", graph_name="g") == {}
        assert monotonic() - started >= 1
        assert len(server.seen) == 2


@pytest.mark.parametrize(("said", "seconds"), [("60", 60.0), ("", None), ("Wed, 21 Oct 2015 07:28:00 GMT", None)])
def test_a_server_that_stays_full_for_longer_than_the_timeout_is_a_typed_error(
    said: str, seconds: float | None
) -> None:
    with serving((429, '{"detail": "the queue is full"}')) as server:
        server.retry_after = said
        with pytest.raises(Overloaded, match="the queue is full") as full:
            call(server.uri, api.TRIGGER, timeout_s=3, namespace="lab", graph_name="g")
        assert full.value.retry_after_s == seconds
        assert seconds is None or len(server.seen) == 1


def test_a_trigger_that_may_have_been_applied_before_a_503_is_not_sent_again() -> None:
    with serving((503, '{"detail": "Redis can\'t be reached now"}'), (200, "{}")) as server:
        with pytest.raises(Unavailable, match="Redis can't be reached now"):
            call(server.uri, api.TRIGGER, namespace="lab", graph_name="g")
        assert len(server.seen) == 1


def test_a_repeatable_call_whose_connection_is_lost_is_sent_again() -> None:
    with serving(None, (200, "{}")) as server:
        assert call(server.uri) == {}
        assert len(server.seen) == 2


def test_a_call_that_must_not_be_repeated_is_sent_once_when_its_connection_is_lost() -> None:
    with serving(None, (200, "{}")) as server:
        with pytest.raises(Unavailable, match=f"the state manager at {server.uri} can't be reached"):
            call(server.uri, api.TRIGGER, namespace="lab", graph_name="g")
        assert len(server.seen) == 1


@pytest.mark.parametrize("first", [None, (503, "{}")])
def test_a_call_with_an_idempotency_key_is_sent_again_with_the_same_key(first: tuple[int, str] | None) -> None:
    with serving(first, (200, "{}")) as server:
        assert call(server.uri, api.TRIGGER, idempotency_key="k-1", namespace="lab", graph_name="g") == {}
        assert server.idempotency_keys == ["k-1", "k-1"]


def test_a_server_that_is_not_there_is_named_after_the_timeout() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match=f"the state manager at {uri} can't be reached .*; is it running"):
            call(uri, timeout_s=0.3)


@pytest.mark.parametrize("uri", ["localhost:8000", "ftp://localhost", "", "http://", "http://host:99999"])
def test_a_uri_that_is_none_is_refused_with_what_it_must_look_like(uri: str) -> None:
    with pytest.raises(ValueError, match="it must look like http://localhost:8000") as refused:
        ApiClient(uri, "key")
    assert str(refused.value).startswith(f"state manager URI {uri!r} ")


@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", ""])
def test_a_server_that_is_no_state_manager_is_told_as_such(body: str) -> None:
    with serving((200, body)) as server, pytest.raises(ExosphereError, match="is not a state manager") as raised:
        call(server.uri)
    assert f"what answers at {server.uri} " in str(raised.value)


@pytest.mark.parametrize("uri, key", [("http://[::1", "key"), ("http://localhost", "ké\ny")])
def test_a_uri_or_key_that_http_can_not_carry_is_refused_when_the_client_is_made(uri: str, key: str) -> None:
    with pytest.raises(ValueError, match="can't be used"):
        ApiClient(uri, key)
