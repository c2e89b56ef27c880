"""What a prune signal carries is kept as it came: what nobody could read again is refused as it is reported."""

from dataclasses import replace

import pytest

from engine.world import HOME, Lane, World, node
from exosphere_core.store.rejected import read_rejected
from exosphere_orchestrator.engine.inputs import Limits


async def _prune(world: World, body: str) -> None:
    """A runtime reports that a state was pruned, in words of its own."""
    await world.graph(node("a"), retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1})
    await world.trigger()
    held = await world.take_one("a")
    await world.redis.xack(held.stream, "runtimes", held.entry)
    await world.redis.xdel(held.stream, held.entry)
    report = {"kind": "pruned", "home": "ns", "state": held.state, "attempt": held.attempt, "body": body}
    await world.redis.xadd(HOME.reports, report)
    await world.drain()


def _nested(depth: int) -> str:
    return '{"data":{"a":%s}}' % ("[" * (depth - 1) + "]" * (depth - 1))


def _limit(world: World) -> None:
    world.context = replace(world.context, limits=Limits(None, None, max_json_depth=10))
    world.consumer.context = world.context


def test_data_at_the_depth_limit_is_kept(lane: Lane) -> None:
    async def scene(world: World) -> None:
        _limit(world)
        await _prune(world, _nested(10))
        assert await world.statuses() == {"a": ["PRUNED"]}

    lane.run(scene)


@pytest.mark.parametrize("depth", [11, 300])
def test_data_nested_deeper_than_the_limit_fails_its_state_at_once_and_the_report_is_put_aside(
    lane: Lane, depth: int
) -> None:
    async def scene(world: World) -> None:
        _limit(world)
        await _prune(world, _nested(depth))
        assert await world.statuses() == {"a": ["ERRORED"]}, "it was tried again, which would nest as deep"
        reason = "the data of its prune signal can't be kept: it is nested too deeply; the limit is 10 (EXOSPHERE_MAX_JSON_DEPTH)"
        assert (await world.state("a")).error == f"the worker's report was refused: {reason}"
        (found,) = await read_rejected(world.redis, [HOME], None, 10)
        assert found.reason == reason
        await world.check_counts()

    lane.run(scene)


@pytest.mark.parametrize(
    "body",
    [
        '{"data":{"x":1e999}}',
        '{"data":{"x":[-1e999]}}',
        '{"data":[1]}',
        '{"data":null}',
        '{"data":{"x":"\\ud800"}}',
        '{"data":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}",
    ],
    ids=["infinite", "minus infinite", "a list", "null", "half a character", "very deep"],
)
def test_data_that_can_not_be_read_counts_as_a_failure_of_its_attempt(lane: Lane, body: str) -> None:
    async def scene(world: World) -> None:
        await _prune(world, body)
        first, second = await world.states("a")
        assert (first.status, second.status) == ("RETRY_CREATED", "CREATED")
        assert str(first.error).startswith("the worker's report was refused: its body can't be read: ")
        assert len(await read_rejected(world.redis, [HOME], None, 10)) == 1

    lane.run(scene)
