"""Reports that a runtime hands over by HTTP."""

from typing import Any

import pytest
from redis.asyncio import Redis

from api.service import Service, Space, node_class, one
from exosphere_core import api
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_worker.held import Held
from exosphere_worker.reporter import report_of


def handed_over(held: Held, **changed: Any) -> dict[str, Any]:
    kind, body = report_of(one(v="1"))
    return {
        "shard": 0, "node": held.task.node, "entry": held.entry, "kind": kind, "home": held.task.home,
        "state": held.state, "attempt": held.attempt, "body": body.decode(), **changed,
    }  # fmt: skip


def test_a_report_that_is_handed_over_counts_once_and_its_delivery_has_ended(space: Space) -> None:
    space.chain()
    run = space.trigger()
    held = space.take("First")
    for _ in range(2):
        assert space.ok(api.HAND_OVER_REPORTS, {"reports": [handed_over(held)]}) == {"taken": 1}
    second = space.take("Second")
    assert second.inputs == b'{"y":"got 1"}'
    space.report(second, one(v="2"))
    assert space.wait(run)["status"] == "SUCCESS"

    async def pending(redis: "Redis") -> int:
        found: int = (await redis.xpending(held.stream, RUNTIMES_GROUP))["pending"]
        return found

    assert space.service.with_redis(pending) == 0


def test_it_works_while_redis_has_no_memory_left(space: Space) -> None:
    space.chain()
    space.trigger()
    held = space.take("First")

    async def limit(redis: "Redis", memory: int) -> None:
        await redis.config_set("maxmemory", memory)

    space.service.with_redis(lambda redis: limit(redis, 1))
    try:
        assert space.ok(api.HAND_OVER_REPORTS, {"reports": [handed_over(held)]}) == {"taken": 1}
    finally:
        space.service.with_redis(lambda redis: limit(redis, 0))
    assert space.take("Second").inputs == b'{"y":"got 1"}'


@pytest.mark.parametrize(
    ("changed", "status", "detail"),
    [
        ({"shard": 1}, 400, "reports.0.shard is 1; namespaces have 1 here (EXOSPHERE_SHARDS)"),
        ({"node": "no:colons"}, 400, "reports.0.node 'no:colons' is not allowed"),
        ({"entry": "*"}, 422, "reports.0.entry: String should match pattern"),
        ({"body": None}, 422, "reports.0.body: Input should be a valid string"),
    ],
)
def test_what_can_not_be_a_report_is_refused_with_the_place(
    space: Space, changed: dict[str, Any], status: int, detail: str
) -> None:
    space.chain()
    space.trigger()
    held = space.take("First")
    assert detail in space.refused(status, api.HAND_OVER_REPORTS, {"reports": [handed_over(held, **changed)]})


def test_nothing_is_handed_over_for_another_namespaces_state(service: Service, space: Space) -> None:
    space.chain()
    space.trigger()
    held = space.take("First")
    other = Space(service, f"{space.name}-other")
    other.register(node_class("First"))
    other.ok(api.HAND_OVER_REPORTS, {"reports": [handed_over(held)]})

    async def rejected(redis: "Redis") -> list[tuple[bytes, dict[bytes, bytes]]]:
        found: list[tuple[bytes, dict[bytes, bytes]]] = []
        while not found:
            found = await redis.xrange(ShardKeys(other.name).rejected)
        return found

    ((_, kept),) = service.with_redis(rejected)
    assert kept[b"reason"] == b"the state is of another namespace"
