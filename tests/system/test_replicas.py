"""What a dead state manager left is found by whoever is alive: reports, due times, leases, unites; any number of replicas."""

import asyncio
import random
import signal
from collections import Counter
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from engine.world import World
from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.store import streams
from exosphere_orchestrator.engine.consumer import Consumer
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for

HOME = ShardKeys(NAMESPACE)

#: Makes the kills repeatable.
SEED = 20


def held(redis: "Redis") -> int:
    """How many reports are with a state manager."""
    summary: Any = redis.xpending(HOME.reports, STATE_MANAGERS_GROUP)
    return int(summary["pending"])


def long_node(stack: Stack, name: str, *next_nodes: str) -> dict[str, Any]:
    return {
        "node_name": "Long", "identifier": "long", "inputs": {"until": str(stack.folder / name)},
        "next_nodes": list(next_nodes),
    }  # fmt: skip


def test_a_report_that_a_killed_state_manager_held_is_applied_by_another(stack: Stack, redis_url: str) -> None:
    stack.state_manager("sm1")
    stack.runtime()
    stack.graph("g", long_node(stack, "until"))
    run = stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    with Redis.from_url(redis_url) as redis:
        stack.signal("sm1", signal.SIGSTOP)
        (stack.folder / "until").touch()

        def is_with_it() -> bool:
            # Whether it stood still in its blocking read is chance: in its stead, the report is delivered here.
            redis.xreadgroup(STATE_MANAGERS_GROUP, "sm1", {HOME.reports: ">"})
            return held(redis) == 1

        wait_for("the report is with it", is_with_it)
        stack.kill("sm1")
        second = stack.state_manager("sm2")
        assert stack.wait_run(run, uri=second)["status"] == "SUCCESS"
        wait_for("nothing is held any more", lambda: held(redis) == 0)


def test_a_unite_whose_settling_a_dead_state_manager_took_fires_once(stack: Stack, redis_url: str) -> None:
    stack.state_manager("sm1")
    stack.runtime()
    stack.graph(
        "g",
        {"node_name": "Spread", "identifier": "spread", "inputs": {"width": "2"}, "next_nodes": ["long"]},
        long_node(stack, "until", "all"),
        {
            "node_name": "Gather", "identifier": "all", "unites": {"identifier": "spread"},
            "inputs": {"values": "${{ long.outputs.attempt }}", "workers": ""},
        },
    )  # fmt: skip
    run = stack.trigger("g")
    wait_for("both branches began", lambda: len(stack.ledger_lines()) == 2)
    stack.kill("sm1")
    (stack.folder / "until").touch()

    async def apply_and_die() -> None:
        """A state manager applies the last reports, takes what follows from them, and is never heard of again."""
        redis = AsyncRedis.from_url(redis_url)
        world = World(redis)
        consumer = Consumer(world.context, HOME, lambda *_: None)
        ended, settled = 0, 0
        async with asyncio.timeout(30):
            while not settled:
                entries = await streams.read_new(redis, STATE_MANAGERS_GROUP, "dead", [HOME.reports], 1, 100)
                settled += sum(entry.fields[b"kind"] == b"settled" for entry in entries)
                if not settled:
                    ended += len(entries)
                    await consumer.apply(entries)
        assert ended == 2
        await consumer.close()
        await world.close()
        await redis.aclose()

    asyncio.run(apply_and_die())
    second = stack.state_manager("sm2")
    answer = stack.wait_run(run, uri=second)
    assert (answer["status"], answer["total_count"]) == ("SUCCESS", 5)


def test_due_times_and_leases_that_a_killed_state_manager_knew_of_are_found_by_another(stack: Stack) -> None:
    stack.state_manager("sm1")
    second = stack.state_manager("sm2")
    stack.runtime("rt1")
    stack.graph("l", long_node(stack, "until"))
    stack.graph("g", *spread_work_gather(2))
    lost = stack.trigger("l")
    wait_for("the node began", stack.ledger_lines)
    due = stack.trigger("g", start_delay=1500)
    stack.kill("sm1")
    stack.kill("rt1")
    (stack.folder / "until").touch()
    stack.runtime("rt2", EXOSPHERE_STATE_MANAGER_URI=second)
    assert stack.wait_run(due, uri=second)["status"] == "SUCCESS"
    assert stack.wait_run(lost, uri=second)["status"] == "SUCCESS"
    stack.environ["EXOSPHERE_STATE_MANAGER_URI"] = second
    (state,) = stack.states(lost)
    assert state["attempt"] == 2


def test_three_state_managers_that_are_killed_at_random_lose_nothing_and_do_nothing_twice(
    stack: Stack, redis_url: str
) -> None:
    draw = random.Random(SEED)
    names = ["sm1", "sm2", "sm3"]
    uris = {name: stack.state_manager(name) for name in names}
    stack.runtime()
    stack.graph("g", *spread_work_gather(100, ms=20), retry_policy={"max_retries": 1})
    runs = [stack.trigger("g") for _ in range(3)]
    for _ in range(4):
        seen = len(stack.ledger_lines())
        wait_for("work goes on", lambda seen=seen: len(stack.ledger_lines()) >= min(seen + 20, 300))
        name = draw.choice(names)
        stack.kill(name)
        uris[name] = stack.state_manager(name)
    for run in runs:
        answer = stack.wait_run(run, uri=uris[draw.choice(names)])
        assert (answer["status"], answer["total_count"]) == ("SUCCESS", 201)
    executed = Counter(line.split()[0] for line in stack.ledger_lines())
    assert len(executed) == 300
    assert set(executed.values()) == {1}, "the runtime was alive all the time"
    with Redis.from_url(redis_url) as redis:
        wait_for("nothing is held any more", lambda: held(redis) == 0)
        assert redis.exists(HOME.rejected) == 0
