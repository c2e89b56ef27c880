"""Each rule of validation, with what the author of a graph that breaks it is told."""

import asyncio
from typing import Any

import fakeredis
import pytest

from exosphere_core.api import NodeBody
from exosphere_core.errors import BadRequest, InvalidGraph, NotFound
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.catalog import graphs, nodes
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.vault import Vault, new_key
from semantics.broken_rules import AGAINST_THE_REGISTRY, COUNT, LOAD, PLAIN, STRUCTURAL, Broken, node

VAULT = Vault(new_key())
SOUND = {"nodes": [node("a")]}


async def desk() -> Redis:
    """A Redis with the nodes that the graphs use."""
    redis: Any = fakeredis.FakeAsyncRedis()
    await redis.flushall()
    await nodes.register(redis, "ns", "rt", [NodeBody(**{"secrets": [], **each}) for each in (LOAD, PLAIN, COUNT)], 1)
    return redis


async def upsert(redis: Redis, wrong: Broken) -> graphs.Graph:
    return await graphs.upsert(redis, VAULT, "ns", "g", wrong.body, wrong.secrets, 10)


@pytest.mark.parametrize("rule", STRUCTURAL)
def test_a_broken_rule_of_structure_is_told_with_its_place_and_nothing_is_stored(rule: str) -> None:
    async def scene() -> None:
        redis = await desk()
        with pytest.raises(InvalidGraph) as refused:
            await upsert(redis, STRUCTURAL[rule])
        assert STRUCTURAL[rule].error in refused.value.errors
        # What the root does not reach, and is no other root, can only be a cycle.
        assert rule == "V21" or len(refused.value.errors) == 1
        assert refused.value.http_status == 400
        with pytest.raises(NotFound):
            await graphs.get(redis, "ns", "g")

        sound = await upsert(redis, Broken("", SOUND))
        with pytest.raises(InvalidGraph):
            await upsert(redis, STRUCTURAL[rule])
        assert await graphs.get(redis, "ns", "g") == sound
        await redis.aclose()

    asyncio.run(scene())


@pytest.mark.parametrize("rule", AGAINST_THE_REGISTRY)
def test_what_does_not_fit_the_registry_is_told_with_its_place_and_stored_as_invalid(rule: str) -> None:
    async def scene() -> None:
        redis = await desk()
        stored = await upsert(redis, AGAINST_THE_REGISTRY[rule])
        assert stored.head.validation_status == "INVALID"
        assert stored.head.validation_errors == [AGAINST_THE_REGISTRY[rule].error]
        assert await graphs.get(redis, "ns", "g") == stored
        starter = RunStarter(redis, GraphPlans(redis), Limits(10, 10_000), 1, lambda *_: None)
        with pytest.raises(BadRequest) as refused:
            await starter.trigger("ns", "g", {}, {}, 0)
        assert AGAINST_THE_REGISTRY[rule].error in refused.value.detail
        await redis.aclose()

    asyncio.run(scene())
