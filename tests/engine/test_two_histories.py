"""While a master is replaced a state manager may read a unite on the one server and move it on the other, which knows of other
branches: the server that moves it decides."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.world import Lane, Pruned, World, failed, many, node, one
from exosphere_core.store.unites import UniteRecord
from exosphere_orchestrator.engine import joiner

#: What the other server says of a unite before the joiner looks again.
Elsewhere = dict[str, int]


async def settled(world: World, outcomes: Any) -> None:
    """A unite whose branches came to this; nobody has looked at it yet."""
    await world.graph(
        node("a", ["b"]), node("b", v="${{ a.outputs.v }}", next_nodes=["u"]),
        node("u", unites="a", vs="${{ b.outputs.v }}"), retry_policy={"max_retries": 0},
    )  # fmt: skip
    await world.trigger()
    await world.do("a", many(*map(str, range(len(outcomes)))))
    for held, outcome in zip(await world.take("b"), outcomes, strict=True):
        await world.send(held, outcome)
    await world.consumer.apply(await world.reports())


def read_elsewhere(patch: pytest.MonkeyPatch, found: Elsewhere) -> None:
    """The first look at the unite finds other counts."""
    really, looks = joiner.read_unite, []

    async def read(*arguments: Any) -> UniteRecord | None:
        unite = await really(*arguments)
        looks.append(unite)
        return unite._replace(**found) if unite and len(looks) == 1 else unite

    patch.setattr(joiner, "read_unite", read)


@pytest.mark.parametrize("known", [0, 1])
def test_a_list_that_lacks_a_branch_is_made_again(lane: Lane, monkeypatch: pytest.MonkeyPatch, known: int) -> None:
    walks: list[int] = []

    async def walk(*arguments: Any) -> AsyncIterator[list[str]]:
        walks.append(len(walks))
        async for page in really(*arguments):
            yield page[:known] if walks == [0] else page

    really = joiner.walk_members

    async def scene(world: World) -> None:
        walks.clear()
        await settled(world, [one(v="0"), one(v="1")])
        with monkeypatch.context() as patch:
            patch.setattr(joiner, "walk_members", walk)
            await world.drain()
        u = await world.take_one("u")
        assert u.inputs == b'{"vs":"[\\"0\\",\\"1\\"]"}'
        await world.report(u, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_unite_does_not_wait_for_a_retry_of_what_did_not_fail(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await settled(world, [one(v="0"), one(v="1")])
        with monkeypatch.context() as patch:
            read_elsewhere(patch, {"errored": 1, "arrived": 1})
            await world.drain()
        await world.do("u", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_unite_is_not_pruned_over_a_branch_that_succeeded(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await settled(world, [one(v="0"), Pruned({})])
        with monkeypatch.context() as patch:
            read_elsewhere(patch, {"arrived": 0, "pruned": 2})
            await world.drain()
        assert (await world.take_one("u")).inputs == b'{"vs":"[\\"0\\"]"}'

    lane.run(scene)


def test_a_unite_does_not_fire_over_a_branch_that_failed(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await settled(world, [one(v="0"), failed()])
        with monkeypatch.context() as patch:
            read_elsewhere(patch, {"errored": 0})
            await world.drain()
        assert not await world.take("u")
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)
