"""An ALL_DONE unite tolerates errors before it fires. A server that took over in between may lack that: then it is done again."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.world import HOME, Lane, World, failed, many, node, one
from exosphere_core.store import calls
from exosphere_core.store.calls import Call
from exosphere_orchestrator.engine import joiner

#: The inner unite tolerates what fails in its branches; the outer one then sees no error.
NESTED = (
    node("a", ["f"]),
    node("f", ["b"]),
    node("b", ["in"]),
    node("in", ["out"], unites={"identifier": "f", "strategy": "ALL_DONE"}),
    node("out", unites={"identifier": "a", "strategy": "ALL_SUCCESS"}),
)
NO_RETRY: dict[str, Any] = {"retry_policy": {"max_retries": 0}}


async def about_to_settle(world: World, failures: int) -> None:
    """One run whose inner unite has as many errors, and one success, all of them reported and not applied."""
    await world.graph(*NESTED, **NO_RETRY)
    await world.trigger()
    await world.do("a", many("x"))
    await world.do("f", many(*map(str, range(failures + 1))))
    *failing, last = await world.take("b")
    for held in failing:
        await world.send(held, failed())
    await world.send(last, one())


async def check(world: World) -> None:
    """All errors are tolerated, once, and the run ends well."""
    await world.report(await world.take_one("in"), one())
    await world.report(await world.take_one("out"), one())
    await world.check_counts()
    assert (await world.run()).status == "SUCCESS"
    assert await world.redis.hget(HOME.run(world.run_id), "untolerated") == b"0"


def losing(lost: Callable[[Call], bool], names: list[str]) -> Callable[[Any, Call], Any]:
    """What was acknowledged by a server that is not asked any more."""

    async def apply(redis: Any, call: Call) -> Any:
        names.append(call.name)
        return 0 if lost(call) else await calls.apply(redis, call)

    return apply


@pytest.mark.parametrize(("pages", "lost"), [(1, 1), (3, 1), (3, 2), (3, 3)])
def test_a_page_of_errors_that_was_lost_is_tolerated_again(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, pages: int, lost: int
) -> None:
    names: list[str] = []

    async def scene(world: World) -> None:
        names.clear()
        await about_to_settle(world, pages)
        with monkeypatch.context() as patch:
            patch.setattr(joiner, "_TOLERATED", 1)
            patch.setattr(joiner, "apply", losing(lambda _: len(names) == lost, names))
            await world.drain()
        assert names == ["tolerate"] * (2 * pages)
        await check(world)

    lane.run(scene)


def test_while_it_is_lost_again_and_again_nothing_fires_and_the_report_stays(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    async def scene(world: World) -> None:
        names.clear()
        await about_to_settle(world, 1)
        with monkeypatch.context() as patch:
            patch.setattr(joiner, "apply", losing(lambda _: True, names))
            await world.consumer.apply(await world.reports())
            settled = await world.reports()
            await world.consumer.apply(settled)
            await world.consumer.settled()
        assert names == ["tolerate"] * 4
        assert not await world.take("in")
        await world.consumer.apply(settled)
        await world.consumer.settled()
        await check(world)

    lane.run(scene)


def test_two_that_settle_a_unite_at_once_tolerate_its_errors_once(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await about_to_settle(world, 2)
        await world.consumer.apply(await world.reports())
        settled = await world.reports()
        other = world.another_state_manager()
        await other.apply(settled)
        await world.consumer.apply(settled)
        await other.settled()
        await world.consumer.settled()
        await check(world)

    lane.run(scene)


def test_a_unite_whose_inputs_can_not_be_made_is_closed_over_tolerated_errors_alone(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    async def scene(world: World) -> None:
        names.clear()
        await world.graph(
            node("a", ["b"]), node("b", ["u"]),
            node("u", unites={"identifier": "a", "strategy": "ALL_DONE"}, vs="${{ b.outputs.v }}"), **NO_RETRY,
        )  # fmt: skip
        await world.trigger()
        await world.do("a", many("x", "y"))
        first, second = await world.take("b")
        await world.send(first, failed())
        # It lacks the output that the unite reads.
        await world.send(second, one(w="1"))
        with monkeypatch.context() as patch:
            patch.setattr(joiner, "apply", losing(lambda _: len(names) == 1, names))
            await world.drain()
        assert names == ["tolerate"] * 2
        assert (await world.statuses())["u"] == ["ERRORED"]
        await world.check_counts()
        # The unite's own error is the only one that nobody tolerates.
        assert await world.redis.hget(HOME.run(world.run_id), "untolerated") == b"1"

    lane.run(scene)
