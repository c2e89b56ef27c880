"""A fan-out that takes many steps outlives the state manager that was at it."""

import json
from collections import Counter

from redis import Redis

from exosphere_core.keys import ShardKeys
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for

WIDTH = 3000


def test_a_state_manager_killed_in_the_middle_of_a_wide_fan_out_is_replaced_by_another(
    stack: Stack, redis_url: str
) -> None:
    stack.state_manager("sm1")
    stack.runtime("rt")
    stack.graph("g", *spread_work_gather(WIDTH, ms=0))
    run = stack.trigger("g")
    with Redis.from_url(redis_url) as redis:
        states = ShardKeys(NAMESPACE).states(run)
        wait_for("it is at it", lambda: redis.llen(states) > WIDTH // 5)
        stack.kill("sm1")
        made = redis.llen(states)
        assert made < 2 * WIDTH, "all branches were there before the kill: the test met nothing"
    second = stack.state_manager("sm2")
    ended = stack.wait_run(run, uri=second)
    total = 2 * WIDTH + 1
    assert (ended["status"], ended["success_count"], ended["total_count"]) == ("SUCCESS", total, total)
    assert [(node["identifier"], node["total"], node["success"]) for node in ended["nodes"]] == [
        ("spread", WIDTH, WIDTH), ("work", WIDTH, WIDTH), ("all", 1, 1),
    ]  # fmt: skip
    executed = Counter(line.split()[0] for line in stack.ledger_lines())
    assert (len(executed), set(executed.values())) == (WIDTH, {1})
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        gathered = str(redis.lindex(states, -1))
        outputs = json.loads(redis.hget(ShardKeys(NAMESPACE).state(gathered), "outputs") or "{}")
    assert json.loads(outputs["values"]) == [str(number) for number in range(WIDTH)]
