"""A Redis that takes no writes for a while, such as one whose disk is full, costs no report."""

from typing import Any

import pytest
from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from engine.world import HOME, Lane, World, node, one
from exosphere_core.store.calls import Call, apply_all
from exosphere_core.store.faults import inability
from exosphere_orchestrator.engine import consumer

REFUSALS = {
    "memory, 7.0": OutOfMemoryError("command not allowed when used memory > 'maxmemory'. script: 1, on @user_script:1."),
    "memory, 6.2": ResponseError("Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed"),
    "disk, 7.0": ResponseError("MISCONF Errors writing to the AOF file: No space left on device script: 1, on @user_script:1."),
    "disk, 6.2": ResponseError("Error running script (call to f_1): @user_script:1: @user_script: 1: -MISCONF Errors writing"),
    "replicas, 7.0": ResponseError("NOREPLICAS Not enough good replicas to write. script: 1, on @user_script:1."),
    "replicas, 6.2": ResponseError("Error running script (call to f_1): @user_script: 1: -NOREPLICAS Not enough good replicas"),
}  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_report_is_not_put_aside_however_often_redis_can_take_no_write(
    lane: Lane, refusal: ResponseError, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unable(redis: Any, calls: list[Call]) -> list[Any]:
        # Putting aside succeeds: Redis is able again in just that moment.
        return [refusal if call.name == "leaf" else (await apply_all(redis, [call]))[0] for call in calls]

    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await world.send(await world.take_one("a"), one(v="1"))
        entries = await world.reports()
        monkeypatch.setattr(consumer, "apply_all", unable)
        for _ in range(7):
            with pytest.raises(ResponseError):
                await world.consumer.apply(entries)
        monkeypatch.setattr(consumer, "apply_all", apply_all)
        assert await world.redis.xlen(HOME.rejected) == 0
        await world.consumer.apply(entries)
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (REFUSALS["memory, 6.2"], "it is out of memory"),
        (REFUSALS["disk, 6.2"], "it can't write to its disk (MISCONF)"),
        (REFUSALS["disk, 7.0"], "it can't write to its disk (MISCONF)"),
        (ReadOnlyError("You can't write against a read only replica."), "it is a replica (READONLY)"),
        (MasterDownError("Link with MASTER is down"), "it is a replica whose master is away (MASTERDOWN)"),
        (ClusterDownError("Hash slot not served"), "a part of the cluster is away (CLUSTERDOWN)"),
        (TryAgainError("Multiple keys request during rehashing of slot"), "a slot is moving (TRYAGAIN)"),
        (ResponseError("ERR unknown command 'MISCONF'"), ""),
        (ConnectionError("MISCONF "), ""),
    ],
)
def test_why_redis_can_take_no_write_is_told_in_words(refusal: Exception, reason: str) -> None:
    assert inability(refusal) == reason
