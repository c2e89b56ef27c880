"""What a runtime asks the state manager over HTTP, answered from the Redis of a play."""

import json
from typing import Any

from exosphere_core.errors import TooLarge
from exosphere_core.keys import shard_keys
from exosphere_core.records import Task
from exosphere_core.store import reads
from exosphere_core.store.connection import Redis
from exosphere_core.store.once import Chain, read_once, record_once
from exosphere_orchestrator.catalog import graphs
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.vault import Vault
from exosphere_worker.node import BaseNode, secret_names
from exospherehost.testing.clock import Clock
from exospherehost.testing.execution import Mortal
from exospherehost.testing.faults import Plan
from exospherehost.testing.notebook import Notebook


class StateAnswers:
    """Answers about one state that is being executed."""

    def __init__(
        self, redis: Redis, clock: Clock, vault: Vault, settings: Settings, task: Task, notebook: Notebook
    ) -> None:
        self.line_sink = notebook
        self._redis = redis
        self._clock = clock
        self._vault = vault
        self._settings = settings
        self._task = task
        self._home = shard_keys(task.home)

    async def secrets_of(self, node: type[BaseNode]) -> dict[str, str]:
        """Return the secrets that a node declares, as far as the graph has them."""
        task = self._task
        with self._clock.rules():
            return await graphs.secrets_of(
                self._redis, self._vault, task.home, task.graph, task.version, tuple(secret_names(node))
            )

    async def store_value(self, state: str, key: str) -> str | None:
        """Return a value of the run's store, or None."""
        with self._clock.rules():
            return await reads.read_store_value(self._redis, self._home, self._task.run, key)

    async def recorded(self, state: str, key: str) -> tuple[bool, Any]:
        """Tell whether the attempt chain recorded a result under a key, and which."""
        with self._clock.rules():
            found = await read_once(self._redis, self._chain(state), key)
        return found is not None, None if found is None else json.loads(found)

    async def record(self, state: str, key: str, result: Any) -> Any:
        """Record a result unless there is one, and return the one that came first.

        Raises:
            TooLarge, BadRequest: a limit is passed.
        """
        text = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()
        limit = self._settings.max_value_bytes
        if len(text) > limit:
            raise TooLarge(
                f"once key {key!r}: the value has {len(text)} bytes as JSON; the limit is {limit} (EXOSPHERE_MAX_VALUE_BYTES)"
            )
        with self._clock.rules():
            return json.loads(await record_once(self._redis, self._chain(state), key, text))

    def _chain(self, state: str) -> Chain:
        return Chain(self._home, self._task.run, self._task.chain or state)


class WorkerAnswers(Mortal):
    """What a worker that may die asks for while it executes a node, the node's secrets among it."""

    def __init__(self, answers: StateAnswers, node: type[BaseNode], plan: Plan, step: str) -> None:
        super().__init__(answers, plan, step)
        self._state_answers = answers
        self._node = node

    async def secrets(self, task: Task, state: str) -> dict[str, str]:
        """Return the secrets that the node declares."""
        return await self._state_answers.secrets_of(self._node)
