"""This project: graphs are stored and triggered in bulk over HTTP, single runs are triggered in Redis; a worker process is one runtime."""

import asyncio
import json
import os
import sys
from typing import Any

from pydantic import BaseModel

from bench.contenders.serve import OVER_HTTP, given_settings, payload, redis_url
from bench.contenders.stamps import stamp
from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_core.keys import ShardKeys
from exosphere_core.store.burst import burst
from exosphere_core.store.connection import connect_untimed
from exospherehost import BaseNode, Producer, Runtime, StateManager

PACKAGES = ("exosphere-redis", "redis", "hiredis", "uvloop")
BEST: dict[str, Any] = {"slots": 64}
CHOICES: dict[str, list[Any]] = {"slots": [16, 64, 256]}
GUARANTEE = (
    "every transition is one atomic script; a state that a dead worker had is given to another one (after the lease, 30 s), "
    "and ends once, whatever dies"
)
WRITTEN = "graphs of nodes; the fan-out is a node that returns a list, the join a node that unites it"

NAMESPACE = "bench"
#: Addresses of the state managers, separated by commas, and how many shards they have.
MANAGERS_VARIABLE, SHARDS_VARIABLE = "BENCH_STATE_MANAGERS", "BENCH_SHARDS"


class Work(BaseNode):
    """Hands its input back."""

    class Inputs(BaseModel):
        value: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> Outputs:
        stamp()
        return self.Outputs(value=self.inputs.value)


class Spread(BaseNode):
    """Fans out."""

    class Inputs(BaseModel):
        width: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> list[Outputs]:
        stamp()
        return [self.Outputs(value=str(number)) for number in range(int(self.inputs.width))]


class Gather(BaseNode):
    """Collects all results."""

    class Inputs(BaseModel):
        values: str
        width: str

    class Outputs(BaseModel):
        size: str

    async def execute(self) -> Outputs:
        values = json.loads(self.inputs.values)
        assert values == [str(number) for number in range(int(self.inputs.width))], f"{len(values)} results"
        stamp()
        return self.Outputs(size=str(len(values)))


NODES = [Work, Spread, Gather]


def worker(settings: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", "bench.contenders.exosphere", str(settings["slots"])]


class Client:
    def __init__(self) -> None:
        self._managers = [
            ApiClient(uri, os.environ["EXOSPHERE_API_KEY"], timeout_s=90)
            for uri in os.environ[MANAGERS_VARIABLE].split(",")
        ]
        self._many = [
            StateManager(namespace=NAMESPACE, state_manager_uri=uri, key=os.environ["EXOSPHERE_API_KEY"])
            for uri in os.environ[MANAGERS_VARIABLE].split(",")
        ]
        self._producer = None if given_settings().get(OVER_HTTP) else Producer(NAMESPACE, redis_url())
        self._redis = connect_untimed(redis_url())
        self._shards = [ShardKeys(NAMESPACE, shard) for shard in range(int(os.environ[SHARDS_VARIABLE]))]
        self._stored: set[str] = set()

    async def tasks(self, count: int, size: int = 0) -> None:
        await self.chains(count, 1, size)

    async def chains(self, count: int, length: int, size: int = 0) -> None:
        await self._store(f"chain-{length}", chain(length))
        await self._trigger(f"chain-{length}", count, value=payload(size))

    async def fan(self, width: int) -> None:
        await self._store(f"fan-{width}", fan(width))
        await self._trigger(f"fan-{width}", 1)

    async def ended(self, tasks: int, runs: int) -> bool:
        counts: list[int] = await burst(self._redis, [("ZCARD", keys.ended) for keys in self._shards])
        return sum(counts) >= runs

    async def _store(self, graph: str, nodes: list[dict[str, Any]]) -> None:
        if graph not in self._stored:
            answer = await self._managers[0].call(
                api.UPSERT_GRAPH, namespace=NAMESPACE, graph_name=graph, body={"nodes": nodes}
            )
            assert answer["validation_status"] == "VALID", answer["validation_errors"]
            self._stored.add(graph)

    async def _trigger(self, graph: str, count: int, **inputs: str) -> None:
        """Trigger runs: one by a call of its own, many by the call for many, spread over the state managers."""
        if count == 1:
            if self._producer is not None:
                await self._producer.trigger(graph, inputs)
            else:
                await self._managers[0].call(
                    api.TRIGGER, namespace=NAMESPACE, graph_name=graph, body={"inputs": inputs}
                )
            return
        some = [len(range(number, count, len(self._many))) for number in range(len(self._many))]
        await asyncio.gather(
            *(
                manager.trigger_many(graph, [{"inputs": inputs}] * runs)
                for manager, runs in zip(self._many, some, strict=True)
                if runs
            )
        )


def chain(length: int) -> list[dict[str, Any]]:
    """A graph of nodes in a row, the first of which is given its value by the trigger."""
    return [
        _node(
            "Work", f"n{place}", [f"n{place + 1}"] if place + 1 < length else [],
            value="x" if place == 0 else f"${{{{ n{place - 1}.outputs.value }}}}",
        )
        for place in range(length)
    ]  # fmt: skip


def fan(width: int) -> list[dict[str, Any]]:
    """A graph that fans out and unites."""
    return [
        _node("Spread", "spread", ["each"], width=str(width)),
        _node("Work", "each", ["all"], value="${{ spread.outputs.value }}"),
        {
            **_node("Gather", "all", [], values="${{ each.outputs.value }}", width=str(width)),
            "unites": {"identifier": "spread"},
        },
    ]


def _node(node: str, identifier: str, following: list[str], **inputs: str) -> dict[str, Any]:
    return {
        "node_name": node, "namespace": NAMESPACE, "identifier": identifier, "inputs": inputs, "next_nodes": following,
    }  # fmt: skip


if __name__ == "__main__":
    _slots = int(sys.argv[1])
    Runtime(namespace=NAMESPACE, name="bench", nodes=NODES, workers=_slots, batch_size=_slots).start()
