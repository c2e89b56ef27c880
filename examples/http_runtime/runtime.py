"""A runtime with nothing but an HTTP client: the loop that a runtime in any language needs. Of Python it uses the standard library alone.

See docs/http-runtimes.md for what each call means.
"""

import http.client
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any

logger = logging.getLogger("http-runtime")

Inputs = Mapping[str, str]
Outputs = dict[str, str]

#: Inputs to one output, or to several, which fan out.
Node = Callable[[Inputs], "Outputs | Sequence[Outputs]"]

#: How long to wait when nothing was ready, and before a call is tried again, in s.
_PAUSE_S = 0.1

#: How long an answer may take, in s.
_TIMEOUT_S = 30.0


class Prune(Exception):
    """A node raises it to end its branch. Its argument is kept with the state: an object of JSON."""


class RunAgain(Exception):
    """A node raises it to be run again later. Its argument is the time until then, in ms."""


class HttpRuntime:
    """Takes states of some nodes and executes them, one after the other. Start as many as should run at a time.

    Args:
        uri: of the state manager.
        key: API key.
        namespace: of the nodes.
        nodes: name → what executes it.
    """

    def __init__(self, uri: str, key: str, namespace: str, nodes: Mapping[str, Node]) -> None:
        self._base = f"{uri}/v0/namespace/{namespace}"
        self._key = key
        self._nodes = dict(nodes)
        # State managers are asked directly, whatever proxy the environment names.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def register(self, name: str, nodes: Sequence[Mapping[str, Any]]) -> None:
        """Make the nodes known: each with `name`, `inputs_schema`, `outputs_schema` and `secrets`."""
        self._insist("PUT", "/nodes/", {"runtime_name": name, "nodes": nodes})

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        wanted = {"nodes": list(self._nodes), "batch_size": 1}
        while not stop.is_set():
            status, answer = self._insist("POST", "/states/enqueue", wanted)
            if status != 200:
                raise RuntimeError(f"the state manager refuses this runtime: {answer['detail']}")
            for state in answer["states"]:
                self._execute(state)
            if not answer["states"]:
                stop.wait(_PAUSE_S)

    def secrets(self, state_id: str) -> dict[str, str]:
        """The secrets that a state's node declares, while it runs."""
        _, answer = self._insist("GET", f"/state/{state_id}/secrets", None)
        found: dict[str, str] = answer["secrets"]
        return found

    def _execute(self, state: Mapping[str, Any]) -> None:
        call, told = self._outcome(state)
        # Sent along, it keeps a report that comes too late from counting for whoever has the state by then.
        body = {**told, "attempt": state["attempt"]}
        status, answer = self._insist("POST", f"/state/{state['state_id']}/{call}", body)
        if status in (413, 422) and call != "errored":
            # Too large, or no text, and it would be so again. The state still waits for its report.
            self._insist("POST", f"/state/{state['state_id']}/errored", {**body, "error": answer["detail"]})
        elif status != 200:
            # It was cancelled, or took longer than the lease; or an answer was lost and the report is in already.
            logger.warning("the report counts no more: %s", answer["detail"])

    def _outcome(self, state: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Execute a node; return the last part of the path of its report, and the body."""
        try:
            outputs = self._nodes[state["node_name"]](state["inputs"])
        except Prune as prune:
            return "prune", {"data": prune.args[0]}
        except RunAgain as again:
            return "re-enqueue-after", {"enqueue_after": again.args[0]}
        except Exception as error:
            return "errored", {"error": f"{type(error).__name__}: {error}"}
        return "executed", {"outputs": [outputs] if isinstance(outputs, dict) else list(outputs)}

    def _insist(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, dict[str, Any]]:
        """Make a call until the state manager answers it; return status and answer."""
        while True:
            try:
                status, answer = self._call(method, path, body)
                if status not in (429, 503):
                    return status, answer
            except (OSError, http.client.HTTPException) as lost:
                logger.warning("the state manager can't be reached, tries again: %s", lost)
            time.sleep(_PAUSE_S)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(
            self._base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"x-api-key": self._key, "content-type": "application/json"},
            method=method,
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)
