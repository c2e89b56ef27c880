"""The real application, served over HTTP from a thread of this process, with runtimes that a test plays by hand."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import uvicorn
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from entry_words import words
from exosphere_core import api
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.store import streams
from exosphere_orchestrator.http.app import create_app
from exosphere_orchestrator.http.one_write import OneWrite
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.vault import new_key
from exosphere_worker.held import Held, read_delivery
from exosphere_worker.outcome import Outcome, Succeeded
from exosphere_worker.reporter import report_of

KEY = "the-root-key-of-the-tests"

#: Upper bound on any wait, in ms.
PATIENCE_MS = 30_000

_FIELD = re.compile(r"\{(\w+)\}")

Result = TypeVar("Result")


def settings(redis_url: str, **changes: Any) -> Settings:
    """Settings of a state manager."""
    values: dict[str, Any] = {"redis_url": redis_url, "api_key": KEY, "encryption_key": new_key(), **changes}
    return Settings(**values)


class Service:
    """A state manager; use it as a context manager, so that it runs."""

    def __init__(self, redis_url: str, **changes: Any) -> None:
        self.redis_url = redis_url
        self.settings = settings(redis_url, **changes)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.app = create_app(self.settings)
        config = uvicorn.Config(self.app, http=OneWrite, log_config=None, access_log=False, ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)
        uri = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.http = httpx.Client(
            base_url=uri, headers={api.API_KEY_HEADER: KEY}, timeout=PATIENCE_MS / 1000, trust_env=False
        )

    def __enter__(self) -> "Service":
        self._thread.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(timeout=PATIENCE_MS / 1000)
        assert not self._thread.is_alive(), "the state manager did not stop"
        self._listener.close()

    def call(
        self, row: api.Row, body: Any = None, query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None, **path: Any,
    ) -> httpx.Response:  # fmt: skip
        """Make one call, whatever comes of it."""
        return self.http.request(row.method, path_of(row, **path), json=body, params=query, headers=headers)

    def new_key(self, role: str, namespace: str | None = None, **body: Any) -> dict[str, Any]:
        """Create an API key, for all namespaces when none is named."""
        row = api.CREATE_GLOBAL_KEY if namespace is None else api.CREATE_KEY
        answer = self.call(row, {"role": role, **body}, namespace=namespace)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def with_redis(self, act: Callable[["Redis"], Coroutine[Any, Any, Result]]) -> Result:
        """Do something in the state manager's Redis, behind its back."""

        async def do() -> Result:
            redis = Redis.from_url(self.redis_url)
            try:
                return await act(redis)
            finally:
                await redis.aclose()

        return asyncio.run(do())


def eventually(what: str, condition: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def path_of(row: api.Row, **path: Any) -> str:
    return _FIELD.sub(lambda found: quote(str(path[found[1]]), safe=""), row.path)


class Space:
    """A namespace that one test has for itself."""

    def __init__(self, service: Service, name: str) -> None:
        self.service = service
        self.name = name

    def call(self, row: api.Row, body: Any = None, **more: Any) -> httpx.Response:
        """Make one call in this namespace, whatever comes of it."""
        return self.service.call(row, body, **{"namespace": self.name, "graph_name": "g", **more})

    @contextmanager
    def full_memory(self) -> Iterator[None]:
        """Redis has no memory left while this lasts; when it is over the state manager knows, and lets new runs in again."""
        self.chain()
        with BlockingRedis.from_url(self.service.redis_url) as redis:
            redis.config_set("maxmemory", "1")
            try:
                yield
            finally:
                redis.config_set("maxmemory", "0")
        eventually("new runs are let in", lambda: self.call(api.TRIGGER, {}).status_code == api.TRIGGER.status)

    def ok(self, row: api.Row, body: Any = None, **more: Any) -> dict[str, Any]:
        """Make one call that must succeed."""
        answer = self.call(row, body, **more)
        assert answer.status_code == row.status, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def refused(self, status: int, row: api.Row, body: Any = None, **more: Any) -> str:
        """Make one call that must be refused with a status, and return its detail."""
        answer = self.call(row, body, **more)
        assert answer.status_code == status, answer.text
        detail = answer.json()["detail"]
        assert isinstance(detail, str)
        assert "Traceback" not in answer.text
        return detail

    def node(self, identifier: str, *next_nodes: str, **fields: Any) -> dict[str, Any]:
        """A node of a graph; its class is called as it is, with a capital."""
        declared = {
            "node_name": identifier.capitalize(), "namespace": self.name, "identifier": identifier,
            "inputs": {}, "next_nodes": list(next_nodes),
        }  # fmt: skip
        return {**declared, **fields}

    def register(self, *classes: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.ok(api.REGISTER_NODES, {"runtime_name": "rt", "nodes": list(classes), **more})

    def graph(self, *nodes: dict[str, Any], name: str = "g", **more: Any) -> dict[str, Any]:
        return self.ok(api.UPSERT_GRAPH, {"nodes": list(nodes), **more}, graph_name=name)

    def chain(self) -> None:
        """Store the graph `g`: `first` takes `x`; `second` takes `y`, made of the output `v` of `first`."""
        self.register(node_class("First", ("x",)), node_class("Second", ("y",)))
        stored = self.graph(
            self.node("first", "second", inputs={"x": "default"}),
            self.node("second", inputs={"y": "got ${{ first.outputs.v }}"}),
        )
        assert stored["validation_status"] == "VALID", stored

    def trigger(self, name: str = "g", **body: Any) -> str:
        run: str = self.ok(api.TRIGGER, body, graph_name=name)["run_id"]
        return run

    def wait(self, run: str, timeout_ms: int = PATIENCE_MS) -> dict[str, Any]:
        """Wait for the end of a run."""
        return self.ok(api.WAIT_RUN, run_id=run, query={"timeout_ms": timeout_ms})

    def take(self, node_name: str) -> Held:
        """A runtime takes the next state of a node; it may still be on its way."""
        ready = ShardKeys(self.name).ready(node_name)

        async def read(redis: "Redis") -> list[streams.Entry]:
            return await streams.read_new(redis, RUNTIMES_GROUP, "by-hand", [ready], 1, PATIENCE_MS)

        (entry,) = self.service.with_redis(read)
        return read_delivery(entry)

    def report(self, held: Held, outcome: Outcome, **more: str) -> None:
        """A runtime reports; `more` are fields of its report beside those that each has."""
        kind, body = report_of(outcome)
        fields: dict[str, str | bytes] = {
            "kind": kind, "home": held.task.home, "state": held.state, "attempt": held.attempt, "body": body,
            **more,
        }  # fmt: skip

        async def send(redis: "Redis") -> None:
            await streams.send_reports(
                redis, [(ShardKeys(self.name).reports, words(fields))], {held.stream: [held.entry]}
            )

        self.service.with_redis(send)

    def do(self, node_name: str, outcome: Outcome) -> Held:
        """The next state of a node is taken and ends so."""
        held = self.take(node_name)
        self.report(held, outcome)
        return held

    def run_chain(self) -> str:
        """Run the graph of `chain` to its end."""
        run = self.trigger()
        self.do("First", one(v="1"))
        self.do("Second", one(v="2"))
        assert self.wait(run)["status"] == "SUCCESS"
        return run


def one(**outputs: str) -> Succeeded:
    """The node returned one output."""
    return Succeeded([outputs], fanned_out=False)


def many(*values: str) -> Succeeded:
    """The node returned a list: one branch a value, each with the output `v`."""
    return Succeeded([{"v": value} for value in values], fanned_out=True)


def schema(*fields: str, kind: str = "string") -> dict[str, Any]:
    """The JSON schema of an object whose fields are all required."""
    return {"type": "object", "properties": {field: {"type": kind} for field in fields}, "required": list(fields)}


def node_class(
    name: str, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ("v",), secrets: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A node as a runtime registers it."""
    return {
        "name": name, "inputs_schema": schema(*inputs), "outputs_schema": schema(*outputs), "secrets": list(secrets),
    }  # fmt: skip
