"""The campaign's checks pass a run that is right and find each way in which one can be wrong."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from chaos.check import check_run
from chaos.fate import fate_of, spelled
from chaos.graphs import Workload, workloads
from chaos.ledger import Executions
from chaos.leftovers import left_after_retention, put_aside, remove_ended, under_way
from engine.world import HOME, Lane, World
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.store import streams
from exosphere_worker import outcome as worker
from exosphere_worker.held import read_delivery
from semantics.happenings import Executed, Failed, Pruned

_POLICY = {"max_retries": 0, "strategy": "FIXED", "backoff_factor": 1}
WORKLOAD = Workload(
    "g",
    {
        "retry_policy": _POLICY,
        "nodes": [
            {"node_name": "Spread", "namespace": "ns", "identifier": "spread", "inputs": {"x": "1"}, "next_nodes": ["work"]},
            {"node_name": "Work", "namespace": "ns", "identifier": "work", "inputs": {"y": "${{ spread.outputs.v }}"}, "next_nodes": ["all"]},
            {
                "node_name": "Gather", "namespace": "ns", "identifier": "all", "inputs": {"y": "${{ work.outputs.v }}"},
                "next_nodes": [], "unites": {"identifier": "spread", "strategy": "ALL_DONE"},
            },
        ],
    },
    {},
    wide=True,
)  # fmt: skip
WIDTH = 30

Told = dict[str, Executions]


async def played(world: World, workload: Workload = WORKLOAD, width: int = WIDTH, *, mangled: str = "") -> Told:
    """A run that ended as it should, and what its nodes wrote.

    Args:
        mangled: the runtime of this node is given other inputs than its record says.
    """
    await world.graph(*workload.template["nodes"], retry_policy=_POLICY)
    run = await world.trigger(inputs=workload.inputs(width))
    told: Told = {}
    for identifier, name in workload.names.items():
        entries = await streams.read_new(world.redis, RUNTIMES_GROUP, "w", [HOME.ready(name)], 1000, None)
        for entry in map(read_delivery, entries):
            inputs = json.loads(entry.inputs)
            if name == mangled:
                inputs["y"] = inputs["y"].replace(" ", "", 1)
            outcome = fate_of(name, inputs, entry.task.chain or entry.state, entry.task.retry_count)
            told[entry.state] = Executions(1, 0, frozenset({spelled(outcome)}), run)
            assert entry.task.identifier == identifier
            await world.report(entry, _reported(outcome))
    return told


def _reported(outcome: Any) -> worker.Outcome:
    if isinstance(outcome, Executed):
        return worker.Succeeded(outcome.outputs, outcome.fanned_out, {})
    if isinstance(outcome, Failed):
        return worker.Failed(outcome.error, outcome.retryable)
    assert isinstance(outcome, Pruned)
    return worker.Pruned(outcome.data)


async def found(world: World, told: Told) -> list[str]:
    lines, _ = await check_run(world.redis, world.run_id, WORKLOAD, WIDTH, told, lossy=False)
    return lines


async def _of(world: World, identifier: str) -> str:
    return next(state.id for state in await world.states(identifier) if state.status == "SUCCESS")


async def _status(world: World, told: Told) -> None:
    await world.redis.hset(HOME.state(await _of(world, "work")), "status", "PRUNED")


async def _input(world: World, told: Told) -> None:
    await world.redis.hset(HOME.state(await _of(world, "all")), "inputs", '{"y":"[]"}')


async def _counter(world: World, told: Told) -> None:
    await world.redis.hincrby(HOME.run(world.run_id), "ended/work/SUCCESS", 1)


async def _open(world: World, told: Told) -> None:
    await world.redis.hset(HOME.run(world.run_id), "open", 1)


async def _unite(world: World, told: Told) -> None:
    (unite,) = await world.redis.lrange(HOME.unites(world.run_id), 0, -1)
    await world.redis.hset(HOME.unite(unite.decode()), "status", "WAITING")


async def _lost(world: World, told: Told) -> None:
    await world.redis.lrem(HOME.states(world.run_id), 1, await _of(world, "work"))


async def _listed_twice(world: World, told: Told) -> None:
    await world.redis.rpush(HOME.states(world.run_id), await _of(world, "work"))


async def _doubled(world: World, told: Told) -> None:
    state = await _of(world, "work")
    told[state] = told[state]._replace(starts=2)


async def _never(world: World, told: Told) -> None:
    del told[await _of(world, "work")]


async def _other_word(world: World, told: Told) -> None:
    state = await _of(world, "work")
    told[state] = told[state]._replace(outcomes=frozenset({"failed"}))


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (_status, "status: model says 'SUCCESS', engine says 'PRUNED'"),
        (_input, "state spread^all: inputs: model says"),
        (_counter, "a recount of what ended gives"),
        (_open, "it has ended, and open is 1"),
        (_unite, "unite spread^all: status: model says 'FIRED', engine says 'WAITING'"),
        (_lost, "the engine has none"),
        (_listed_twice, "a state is listed twice"),
        (_doubled, "was executed 2 times in 1 attempts: no lost lease explains it"),
        (_never, "its node was never executed"),
        (_other_word, "reads SUCCESS; its node wrote ['failed']"),
    ],
)
def test_a_run_that_went_wrong_is_found(lane: Lane, wrong: Callable[[World, Told], Awaitable[None]], line: str) -> None:
    async def scene(world: World) -> None:
        told = await played(world)
        assert await found(world, told) == []
        await wrong(world, told)
        assert any(line in each for each in await found(world, told))

    lane.run(scene)


def test_a_join_of_large_inputs_is_counted_and_one_that_is_not_what_its_runtime_was_given_is_found(lane: Lane) -> None:
    (pile,) = [workload for workload in workloads(1, 0) if workload.name == "pile"]
    pile = replace(pile, template={**pile.template, "retry_policy": _POLICY})

    async def scene(world: World) -> None:
        for mangled in ("", "Weigh"):
            told = await played(world, pile, 6, mangled=mangled)
            lines, counts = await check_run(world.redis, world.run_id, pile, 6, told, lossy=False)
            assert counts["large_joins"] == 1
            if not mangled:
                assert lines == []
            else:
                assert any("state spread^weigh: outputs: model says" in line for line in lines), lines

    lane.run(scene)


def test_what_is_left_on_its_way_or_after_retention_is_found(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await played(world)
        nodes = list(WORKLOAD.names.values())
        assert await under_way(world.redis, HOME, nodes) == []
        state = await _of(world, "work")
        await world.redis.xadd(HOME.ready("Work"), {"state": state})
        await world.redis.zadd(HOME.due, {state: 1})
        await world.redis.sadd(HOME.active("g"), world.run_id)
        told = "\n".join(await under_way(world.redis, HOME, nodes))
        assert "ready:Work has 1 entries, 0 pending" in told
        assert "1 due times are left" in told
        assert "active:g holds 1 runs" in told
        await world.redis.delete(HOME.ready("Work"), HOME.due, HOME.active("g"))
        await world.redis.hset(HOME.unite("f" * 32), "status", "FIRED")
        await remove_ended(world.redis, HOME, 0)
        other = ShardKeys(HOME.namespace, 3)
        await world.redis.xadd(other.reports, {"state": state})
        assert await left_after_retention(world.redis) == [HOME.unite("f" * 32)]
        await world.redis.hset(other.unite("f" * 32), "status", "FIRED")
        assert other.unite("f" * 32) in await left_after_retention(world.redis)
        laid = HOME.laid_inputs("f" * 32)
        await world.redis.hset(laid, "inputs", "{}")
        assert laid in await left_after_retention(world.redis)
        await world.redis.pexpire(laid, 600_000)
        assert laid not in await left_after_retention(world.redis)

    lane.run(scene)


def test_a_report_that_was_put_aside_is_found_unless_its_state_was_lost_or_removed(lane: Lane) -> None:
    async def scene(world: World) -> None:
        none, lost = Counter[str](), Counter({"reports of lost states": 1})
        of_no_state = {"reason": "there is no such state", "state": "a"}
        await world.redis.xadd(HOME.rejected, of_no_state)
        told = (["1 reports were put aside: there is no such state"], none)
        assert await put_aside(world.redis, HOME, lossy=False) == told
        assert await put_aside(world.redis, HOME, lossy=False, is_removed=lambda state: state == "b") == told
        await world.redis.xadd(HOME.rejected, {"reason": "it is no report", "state": "a"})
        for is_removed in (lambda state: False, lambda state: state == "a"):
            found, explained = await put_aside(world.redis, HOME, lossy=True, is_removed=is_removed)
            assert found == ["1 reports were put aside: it is no report"]
            assert explained == Counter({f"reports of {'removed' if is_removed('a') else 'lost'} states": 1})
        await world.redis.delete(HOME.rejected)
        await world.redis.xadd(HOME.rejected, of_no_state)
        assert await put_aside(world.redis, HOME, lossy=True) == ([], lost)
        assert await left_after_retention(world.redis) == []

    lane.run(scene)
