"""A state manager that answers what a test wrote down, over real HTTP."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest


@dataclass
class Scripted:
    """A server with one answer after another for each call; the last one is repeated."""

    uri: str = ""
    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    idempotency_keys: list[str | None] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    open_connections: int = 0
    all_closed: threading.Condition = field(default_factory=threading.Condition)

    def on(self, call: str, *answers: tuple[int, Any]) -> None:
        """Say what a call such as `GET /v0/namespaces` is answered with."""
        self.answers[call] = list(answers)

    def wait_until_all_connections_are_closed(self) -> bool:
        with self.all_closed:
            return self.all_closed.wait_for(lambda: self.open_connections == 0, timeout=10)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            with scripted.all_closed:
                scripted.open_connections += 1

        def finish(self) -> None:
            super().finish()
            with scripted.all_closed:
                scripted.open_connections -= 1
                scripted.all_closed.notify_all()

        def answer(self) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            call = f"{self.command} {address.path}"
            scripted.calls.append((call, body))
            scripted.keys.append(self.headers.get("x-api-key"))
            scripted.idempotency_keys.append(self.headers.get("idempotency-key"))
            scripted.queries.append(address.query)
            answers = scripted.answers.get(call) or [(404, {"detail": f"nothing at {call}"})]
            status, content = answers.pop(0) if len(answers) > 1 else answers[0]
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    scripted.uri = f"http://127.0.0.1:{http.server_address[1]}"
    yield scripted
    http.shutdown()
    thread.join()
    http.server_close()
