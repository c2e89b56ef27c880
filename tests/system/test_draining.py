"""State managers and background jobs that are asked to stop: they finish or hand over what they hold, and lose nothing."""

import signal
import threading
from functools import partial
from typing import Any

from redis import Redis

from exosphere_core import api
from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.store.streams import NOBODY
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for

HOME = ShardKeys(NAMESPACE)

#: In ms. What is held by nobody is taken over after half of it; what was handed back is looked for every twelfth of it.
LONG_LEASE = "30000"


def consumers(redis: "Redis") -> dict[str, int]:
    """The state managers that are known on the report stream, and how many reports each holds."""
    if not redis.exists(HOME.reports):
        return {}
    found: Any = redis.xinfo_consumers(HOME.reports, STATE_MANAGERS_GROUP)
    return {each["name"].decode(): each["pending"] for each in found}


def of_process(names: dict[str, int], process_id: int) -> list[str]:
    return [name for name in names if f"-{process_id}-" in name]


def test_a_state_manager_that_is_asked_to_stop_under_load_leaves_nothing_pending_and_the_run_goes_on(
    stack: Stack, redis_url: str
) -> None:
    stack.as_users_do("sm1")
    stack.environ["EXOSPHERE_LEASE_MS"] = LONG_LEASE
    stack.state_manager("sm1")
    second = stack.state_manager("sm2")
    stack.runtime("rt", EXOSPHERE_STATE_MANAGER_URI=second)
    stack.graph("g", *spread_work_gather(150, ms=1))
    runs = [stack.trigger("g") for _ in range(2)]
    wait_for("some work is done", lambda: len(stack.ledger_lines()) > 50)
    with Redis.from_url(redis_url) as redis:
        stopped = stack.processes["sm1"].pid
        assert of_process(consumers(redis), stopped), "it never took a report: the test met nothing"
        stack.signal("sm1", signal.SIGTERM)
        assert stack.wait_end("sm1") == 0
        assert of_process(consumers(redis), stopped) == []
        for run in runs:
            assert stack.wait_run(run, uri=second)["status"] == "SUCCESS"
        wait_for("nothing is pending", lambda: sum(consumers(redis).values()) == 0)
    assert "Traceback" not in stack.log("sm1")


def test_a_wide_fan_out_under_way_is_handed_over_after_its_chunk(stack: Stack, redis_url: str) -> None:
    stack.environ["EXOSPHERE_LEASE_MS"] = LONG_LEASE
    stack.state_manager("sm1")
    stack.runtime("rt")
    stack.graph("g", *spread_work_gather(20_000, ms=0))
    run = stack.trigger("g")
    with Redis.from_url(redis_url) as redis:
        wait_for("the fan-out is under way", lambda: redis.llen(HOME.states(run)) > 100)
        stack.signal("sm1", signal.SIGTERM)
        assert stack.wait_end("sm1") == 0
        made = redis.llen(HOME.states(run))
        assert made < 40_000, "the fan-out was finished before the stop: the test met nothing"
        held = consumers(redis)
        assert held.keys() == {NOBODY}
        assert held[NOBODY] > 0
        stack.kill("rt")
        stack.environ["EXOSPHERE_LEASE_MS"] = "3000"
        stack.state_manager("sm2")
        wait_for("another goes on with it", lambda: redis.llen(HOME.states(run)) == 40_000)
        wait_for("it is applied", lambda: sum(consumers(redis).values()) == 0)


def test_a_call_that_waits_for_a_run_is_answered_when_the_state_manager_stops(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt")
    stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": "/nowhere"}})
    run = stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    answers: list[dict[str, Any]] = []

    def ask() -> None:
        answers.append(stack.call(api.WAIT_RUN, namespace=NAMESPACE, run_id=run, query={"timeout_ms": 60_000}))

    asking = threading.Thread(target=ask)
    asking.start()
    port = stack.ports["sm"]
    wait_for("the call is under way", partial(_is_connected, stack.processes["sm"].pid, port))
    stack.signal("sm", signal.SIGTERM)
    assert stack.wait_end("sm") == 0
    asking.join(timeout=30)
    assert [answer["status"] for answer in answers] == ["PENDING"]


def _is_connected(process_id: int, port: int) -> bool:
    """Whether a connection to a port of this machine is established, seen from the process that listens."""
    with open(f"/proc/{process_id}/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_a_state_manager_whose_redis_user_may_not_end_a_read_stops_in_order_all_the_same(
    stack: Stack, redis_url: str
) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.execute_command("ACL", "SETUSER", "limited", "reset", "on", ">pw", "~*", "&*", "+@all", "-client")
        try:
            stack.environ["EXOSPHERE_REDIS_URL"] = redis_url.replace("unix://", "unix://limited:pw@")
            stack.state_manager()
            stack.call(api.REGISTER_NODES, body={"runtime_name": "rt", "nodes": []}, namespace=NAMESPACE)
            wait_for("it waits for reports", lambda: redis.info("clients")["blocked_clients"] > 0)
            stack.signal("sm", signal.SIGTERM)
            assert stack.wait_end("sm") == 0
            assert consumers(redis) == {}
        finally:
            redis.execute_command("ACL", "DELUSER", "limited")
    assert "Traceback" not in stack.log("sm")


def test_a_second_signal_ends_a_state_manager_at_once(stack: Stack, redis_url: str) -> None:
    stack.as_users_do("sm")
    stack.state_manager()
    stack.call(api.REGISTER_NODES, body={"runtime_name": "rt", "nodes": []}, namespace=NAMESPACE)
    with Redis.from_url(redis_url) as redis:
        wait_for("it waits for reports", lambda: redis.info("clients")["blocked_clients"] > 0)
        # Redis carries out no writes for a while, so that the stop can't be in order.
        redis.execute_command("CLIENT", "PAUSE", "60000", "WRITE")
        stack.signal("sm", signal.SIGTERM)
        wait_for("it hears the first signal", lambda: "stopping" in stack.log("sm"))
        stack.signal("sm", signal.SIGTERM)
        assert stack.wait_end("sm") == 128 + signal.SIGTERM
        redis.execute_command("CLIENT", "UNPAUSE")
