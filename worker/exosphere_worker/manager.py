"""What a runtime asks the state manager over HTTP: to be registered, secrets, store values, results recorded once."""

import asyncio
import logging
import os
import secrets
import socket
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from exosphere_core import api
from exosphere_core.api import Delivery
from exosphere_core.backoff import Backoff
from exosphere_core.client import ApiClient
from exosphere_core.errors import ConfigurationError, ExosphereError, Overloaded, ServerError, Unavailable
from exosphere_core.records import Task
from exosphere_core.version import VERSION
from exosphere_worker.line_sender import LineSender
from exosphere_worker.node import BaseNode, secret_names
from exosphere_worker.outgoing import Outgoing

logger = logging.getLogger("exosphere.runtime")

#: How long one try to register may take, in s: longer than a state manager that starts keeps us waiting.
_TRY_S = 5.0

#: How long leaving may take, in s: it is a courtesy, for which nobody's stop is to wait long.
_LEAVE_S = 1.0

#: How many sets of secrets are kept in memory.
_KEPT_SECRETS = 1000


class Manager:
    """One runtime's way to the state manager."""

    def __init__(self, client: ApiClient, namespace: str, name: str, nodes: Sequence[type[BaseNode]]) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._nodes = {node.__name__: node for node in nodes}
        #: Tells this runtime from all others; the name of its consumers, too.
        self.instance = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        #: Takes the lines that nodes write.
        self.line_sink = LineSender(self.add_lines)
        self._secrets: OrderedDict[tuple[str, str, int, str], asyncio.Future[dict[str, str]]] = OrderedDict()

    async def register(self) -> Delivery:
        """Register the nodes, however long it takes until the state manager is there.

        Raises:
            ExosphereError: the state manager refuses it: trying again would not help.
        """
        body = {
            "runtime_name": self._name,
            "instance": self.instance,
            "version": VERSION,
            "delivery": "streams",
            "protocol": api.STREAM_PROTOCOL,
            "nodes": [
                {
                    "name": name,
                    "inputs_schema": node.Inputs.model_json_schema(),
                    "outputs_schema": node.Outputs.model_json_schema(),
                    "secrets": secret_names(node),
                }
                for name, node in self._nodes.items()
            ],
        }
        backoff = Backoff(0.2, 5.0)
        while True:
            try:
                answer = await self._client.call(
                    api.REGISTER_NODES, body=body, timeout_s=_TRY_S, namespace=self._namespace
                )
                break
            except (Unavailable, Overloaded, ServerError) as fault:
                logger.warning("can't register yet, tries again: %s", fault.detail)
                await backoff.wait()
        if answer.get("delivery") is None:
            raise ConfigurationError("the state manager does not deliver over Redis streams: it is of another kind")
        delivery = Delivery.model_validate(answer["delivery"])
        if delivery.protocol != api.STREAM_PROTOCOL:
            raise ConfigurationError(
                f"the state manager speaks stream protocol {delivery.protocol}, this runtime {api.STREAM_PROTOCOL}: "
                "install the same version of exosphere-redis on both"
            )
        self.line_sink.use(delivery.logs)
        return delivery

    async def secrets(self, task: Task, state: str) -> dict[str, str]:
        """Return the secrets that a running state's node declares, kept in memory per graph version.

        Raises:
            ExosphereError: they can't be had now.
        """
        key = (task.home, task.graph, task.version, task.node)
        known = self._secrets.get(key)
        if known is None:
            # One request for all states that wait for the same secrets.
            known = self._secrets[key] = asyncio.ensure_future(self._fetch_secrets(state))
            if len(self._secrets) > _KEPT_SECRETS:
                self._secrets.popitem(last=False)
        try:
            return await asyncio.shield(known)
        except BaseException:
            if known.done() and self._secrets.get(key) is known:
                del self._secrets[key]
            raise

    async def store_value(self, state: str, key: str) -> str | None:
        """Return a value of the store of a state's run.

        Raises:
            ExosphereError: it can't be had now.
        """
        answer = await self._client.call(api.GET_STATE_STORE_VALUE, namespace=self._namespace, state_id=state, key=key)
        value = answer["value"]
        return None if value is None else str(value)

    async def recorded(self, state: str, key: str) -> tuple[bool, Any]:
        """Tell whether a state's attempt chain recorded a result under a key, and which.

        Raises:
            ExosphereError: it can't be had now, or the run has ended.
        """
        answer = await self._client.call(api.GET_ONCE, namespace=self._namespace, state_id=state, key=key)
        return bool(answer["recorded"]), answer["value"]

    async def record(self, state: str, key: str, result: Any) -> Any:
        """Record a result, any JSON, unless there is one, and return the one that came first.

        Raises:
            ExosphereError: it can't be done now, the run has ended, or a limit is passed.
        """
        body = {"value": result}
        answer = await self._client.call(api.RECORD_ONCE, body=body, namespace=self._namespace, state_id=state, key=key)
        return answer["value"]

    async def hand_over(self, reports: Sequence[Outgoing]) -> None:
        """Give reports to the state manager, which gets them into Redis although its memory is full.

        Raises:
            TooLarge: they are more than one request may hold.
            ExosphereError: it can't be done now.
        """
        body = {
            "reports": [
                {
                    "shard": report.queue.shard,
                    "node": report.node,
                    "entry": report.entry,
                    "kind": report.kind,
                    "home": report.home,
                    "state": report.state,
                    "attempt": report.attempt,
                    "body": report.body.decode(),
                    "by": report.by,
                    "ran": report.ran,
                }
                for report in reports
            ]
        }
        await self._client.call(api.HAND_OVER_REPORTS, body=body, namespace=self._namespace)

    async def add_lines(self, lines: list[dict[str, Any]]) -> int:
        """Have lines of nodes kept, and return how many are.

        Raises:
            ExosphereError: it can't be done now; some of them may be kept all the same.
        """
        body = {"worker": self.instance, "lines": lines}
        answer = await self._client.call(api.ADD_LINES, body=body, namespace=self._namespace)
        return int(answer["taken"])

    async def withdraw(self) -> None:
        """Tell that this runtime is no more, so that nobody takes it for one that works. Without an answer it is forgotten in an hour."""
        try:
            await self._client.call(
                api.WITHDRAW_RUNTIME, timeout_s=_LEAVE_S, namespace=self._namespace, runtime_id=self.instance
            )
        except ExosphereError as fault:
            logger.debug("the state manager was not told that this runtime has stopped: %s", fault.detail)

    async def aclose(self) -> None:
        """Close the connections. Lines that wait are sent before, as far as that takes no time."""
        await self.line_sink.aclose()
        for future in self._secrets.values():
            future.cancel()
        await self._client.aclose()

    async def _fetch_secrets(self, state: str) -> dict[str, str]:
        answer = await self._client.call(api.GET_SECRETS, namespace=self._namespace, state_id=state)
        return {str(name): str(value) for name, value in answer["secrets"].items()}
