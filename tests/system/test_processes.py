"""Several state managers and runtimes, and what happens when they are killed, stopped or blocked."""

import json
import signal
from collections import Counter

from redis import Redis

from exosphere_core import api
from exosphere_core.keys import ShardKeys
from ports import free_port
from system.nodes import NODES
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for

HOME = ShardKeys(NAMESPACE)


def test_two_state_managers_and_three_runtimes_share_one_namespaces_work(stack: Stack, redis_url: str) -> None:
    first = stack.state_manager("sm1")
    second = stack.state_manager("sm2")
    for number in (1, 2, 3):
        stack.runtime(f"rt{number}", EXOSPHERE_STATE_MANAGER_URI=first if number < 3 else second)
    stack.graph("g", *spread_work_gather(120))
    for number in (1, 2, 3):
        wait_for("each runtime runs", lambda n=number: "runs Spread" in stack.log(f"rt{n}"))
    runs = [stack.trigger("g") for _ in range(5)]
    workers: set[str] = set()
    for run in runs:
        assert stack.wait_run(run, uri=second)["status"] == "SUCCESS"
        gathered = stack.states(run, "all")[0]
        assert json.loads(gathered["outputs"]["values"]) == [str(number) for number in range(120)]
        workers |= set(json.loads(gathered["outputs"]["workers"]))
    assert workers == {str(stack.processes[f"rt{number}"].pid) for number in (1, 2, 3)}
    executed = Counter(line.split()[0] for line in stack.ledger_lines())
    assert len(executed) == 600
    assert set(executed.values()) == {1}
    with Redis.from_url(redis_url) as redis:
        # Both state managers took reports: each is a consumer that was heard of.
        assert len(redis.xinfo_consumers(HOME.reports, "state-managers")) == 2
        wait_for("the entries of applied reports are swept", lambda: redis.xlen(HOME.reports) == 0)


def test_a_run_ends_although_a_runtime_is_killed_in_the_middle_of_it(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt1")
    stack.graph("g", *spread_work_gather(60, ms=250))
    run = stack.trigger("g")
    wait_for("some work is done", lambda: len(stack.ledger_lines()) > 5)
    stack.kill("rt1")
    stack.runtime("rt2")
    answer = stack.wait_run(run)
    assert answer["status"] == "SUCCESS"
    states = stack.states(run)
    lost = [state for state in states if state["attempt"] > 1]
    assert lost, "no state was lost with the runtime: the test met nothing"
    (gathered,) = [state for state in states if state["identifier"] == "all"]
    assert json.loads(gathered["outputs"]["values"]) == [str(number) for number in range(60)]
    executed = Counter(line.split()[0] for line in stack.ledger_lines())
    twice = {state for state, times in executed.items() if times > 1}
    assert twice <= {state["id"] for state in lost}


def test_a_run_ends_although_a_state_manager_is_killed_in_the_middle_of_it(stack: Stack) -> None:
    first = stack.state_manager("sm1")
    second = stack.state_manager("sm2")
    stack.runtime("rt", EXOSPHERE_STATE_MANAGER_URI=second)
    stack.graph("g", *spread_work_gather(200, ms=2))
    run = stack.trigger("g")
    wait_for("some work is done", lambda: len(stack.ledger_lines()) > 20)
    stack.kill("sm1")
    assert first != second
    answer = stack.wait_run(run, uri=second)
    assert (answer["status"], answer["total_count"]) == ("SUCCESS", 401)


def test_a_runtime_that_is_asked_to_stop_ends_its_work_and_exits_with_0(stack: Stack) -> None:
    stack.as_users_do("rt")
    stack.state_manager()
    stack.runtime("rt")
    until = stack.folder / "until"
    stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    run = stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    stack.signal("rt", signal.SIGTERM)
    wait_for("it heard the signal", lambda: "stopping" in stack.log("rt"))
    until.touch()
    assert stack.wait_end("rt") == 0
    assert "stopped in order" in stack.log("rt")
    (state,) = stack.states(run)
    assert (state["status"], state["attempt"]) == ("SUCCESS", 1)


def test_a_runtime_that_stopped_is_listed_no_more_and_one_that_was_killed_still_is(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt1")
    stack.runtime("rt2")
    for name in ("rt1", "rt2"):
        wait_for("it is at work", lambda name=name: "runs Spread" in stack.log(name))
    assert len(stack.call(api.LIST_RUNTIMES, namespace=NAMESPACE)["runtimes"]) == 2
    stack.signal("rt1", signal.SIGTERM)
    assert stack.wait_end("rt1") == 0
    killed = stack.processes["rt2"].pid
    stack.kill("rt2")
    (left,) = stack.call(api.LIST_RUNTIMES, namespace=NAMESPACE)["runtimes"]
    assert f"-{killed}-" in left["id"]


def test_what_does_not_end_within_the_grace_time_is_given_back_at_once(stack: Stack) -> None:
    stack.environ["EXOSPHERE_LEASE_MS"] = "60000"  # nothing here is found by its lost lease
    stack.state_manager()
    stack.runtime("rt1", EXOSPHERE_SHUTDOWN_GRACE_MS="50")
    until = stack.folder / "until"
    stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    run = stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    stack.signal("rt1", signal.SIGTERM)
    assert stack.wait_end("rt1") == 0
    until.touch()
    stack.runtime("rt2")
    assert stack.wait_run(run)["status"] == "SUCCESS"
    (state,) = stack.states(run)
    assert state["attempt"] == 2


def test_a_second_signal_exits_at_once(stack: Stack) -> None:
    stack.as_users_do("rt")
    stack.state_manager()
    stack.runtime("rt")
    stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": "/nowhere"}})
    stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    stack.signal("rt", signal.SIGINT)
    wait_for("it heard the signal", lambda: "stopping" in stack.log("rt"))
    stack.signal("rt", signal.SIGINT)
    assert stack.wait_end("rt") == 130


def test_node_code_that_blocks_the_event_loop_does_not_lose_its_lease(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt")
    stack.graph("g", {"node_name": "Blocking", "identifier": "b", "inputs": {"ms": "4000"}})
    run = stack.trigger("g")
    assert stack.wait_run(run)["status"] == "SUCCESS"
    (state,) = stack.states(run)
    assert state["attempt"] == 1
    assert stack.ledger_lines() == ["blocked"]


def test_a_runtime_that_stood_still_for_a_lease_reports_nothing(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt1")
    until = stack.folder / "until"
    stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    run = stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    stack.signal("rt1", signal.SIGSTOP)
    stack.runtime("rt2")
    wait_for("the other began it", lambda: len(stack.ledger_lines()) == 2)
    stack.signal("rt1", signal.SIGCONT)
    wait_for("it learns of its loss", lambda: "was lost" in stack.log("rt1"))
    until.touch()
    assert stack.wait_run(run)["status"] == "SUCCESS"
    (state,) = stack.states(run)
    assert state["status"] == "SUCCESS"
    # Its blocked read has ended before the lease: it was not given the second delivery, too.
    assert state["attempt"] == 2


def test_a_state_manager_that_is_asked_to_stop_exits_with_0(stack: Stack) -> None:
    stack.as_users_do("sm")
    for number in (signal.SIGTERM, signal.SIGINT):
        stack.environ.pop("EXOSPHERE_STATE_MANAGER_URI", None)
        stack.state_manager()
        stack.signal("sm", number)
        assert stack.wait_end("sm") == 0
    assert "Traceback" not in stack.log("sm")


def test_a_redis_that_can_lose_work_gets_a_loud_warning_at_the_start(stack: Stack, redis_url: str) -> None:
    stack.as_users_do("sm")
    with Redis.from_url(redis_url) as redis:
        redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            stack.state_manager()
        finally:
            redis.config_set("maxmemory-policy", "noeviction")
    assert "WARNING" in stack.log("sm")
    assert "set maxmemory-policy noeviction" in stack.log("sm")
    assert "set appendonly yes" in stack.log("sm")


def test_a_runtime_waits_for_a_state_manager_that_is_not_up_yet(stack: Stack) -> None:
    port = free_port()
    stack.runtime("rt", EXOSPHERE_STATE_MANAGER_URI=f"http://127.0.0.1:{port}")
    wait_for("it tries", lambda: "can't register yet" in stack.log("rt"))
    code = (
        "from exosphere_orchestrator.server import serve; "
        "from exosphere_orchestrator.settings import load_settings; serve(load_settings())"
    )
    import sys

    stack.start("sm", [sys.executable, "-c", code], EXOSPHERE_PORT=str(port))
    wait_for("it registers", lambda: "runs Spread" in stack.log("rt"))


def test_a_runtime_that_waits_for_its_state_manager_can_be_stopped(stack: Stack) -> None:
    stack.as_users_do("rt")
    stack.runtime("rt", EXOSPHERE_STATE_MANAGER_URI="http://127.0.0.1:9")
    wait_for("it tries", lambda: "can't register yet" in stack.log("rt"))
    stack.signal("rt", signal.SIGTERM)
    assert stack.wait_end("rt") == 0


def test_a_runtime_with_a_wrong_key_ends_with_the_reason(stack: Stack) -> None:
    stack.as_users_do("rt")
    stack.state_manager()
    stack.runtime("rt", EXOSPHERE_API_KEY="wrong")
    assert stack.wait_end("rt") == 1
    assert "AuthenticationFailed: Invalid API key" in stack.log("rt")
    assert "wrong" not in stack.log("rt")


def test_a_redis_that_goes_away_and_comes_back_needs_no_restart_of_anybody(stack: Stack) -> None:
    from exosphere_orchestrator.embedded import EmbeddedRedis

    with EmbeddedRedis(stack.folder / "data") as redis:
        stack.environ["EXOSPHERE_REDIS_URL"] = redis.url
        stack.state_manager()
        stack.runtime("rt")
        stack.graph("g", *spread_work_gather(100, ms=20))
        run = stack.trigger("g")
        wait_for("some work is done", lambda: len(stack.ledger_lines()) > 10)
        redis.stop()
        redis.start()
        assert stack.wait_run(run)["status"] == "SUCCESS"
        run = stack.trigger("g")
        assert stack.wait_run(run)["status"] == "SUCCESS"
        stack.kill("rt")
        stack.kill("sm")


def test_signals_threads_secrets_and_the_store_work_in_a_real_runtime(stack: Stack, redis_url: str) -> None:
    stack.state_manager()
    stack.runtime("rt")
    until = stack.folder / "until"
    canary = "canary-5f1e0b"
    stack.graph(
        "g",
        {"node_name": "Threaded", "identifier": "t", "inputs": {"value": "v"}, "next_nodes": ["p", "s", "st"]},
        {"node_name": "Polling", "identifier": "p", "inputs": {"until": str(until)}},
        {"node_name": "Secretive", "identifier": "s"},
        {"node_name": "Stored", "identifier": "st"},
        secrets={"api_key": canary, "unused": "other"},
        store_config={"default_values": {"cursor": "1"}},
        retry_policy={"strategy": "FIXED", "backoff_factor": 10},
    )
    run = stack.trigger("g")
    wait_for("it polls", lambda: stack.ledger_lines().count("polled") > 2)
    until.touch()
    answer = stack.wait_run(run)
    assert (answer["status"], answer["store"]) == ("SUCCESS", {"cursor": "9"})
    states = {(state["identifier"], state["status"]): state for state in stack.states(run)}
    assert states["t", "SUCCESS"]["outputs"] == {"value": "v"}
    pruned = states["p", "PRUNED"]
    assert pruned["data"] == {"found": str(until)}
    assert pruned["attempt"] > 2
    assert states["s", "SUCCESS"]["outputs"] == {"length": str(len(canary))}
    assert states["s", "RETRY_CREATED"]["error"].startswith("ValueError: the service refused ***")
    assert states["st", "SUCCESS"]["outputs"] == {"before": "1", "after": "9"}
    assert canary not in stack.log("rt") + stack.log("sm")
    with Redis.from_url(redis_url) as redis:
        everything = b"".join(_dump(redis, key) for key in redis.keys("*"))
    assert canary.encode() not in everything


def _dump(redis: "Redis", key: bytes) -> bytes:
    kind = redis.type(key)
    if kind == b"hash":
        return repr(redis.hgetall(key)).encode()
    if kind == b"stream":
        return repr(redis.xrange(key)).encode()
    return key


def test_the_list_of_nodes_and_namespaces_tells_what_was_registered(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt")
    wait_for("it registers", lambda: "runs Spread" in stack.log("rt"))
    nodes = stack.call(api.LIST_NODES, namespace=NAMESPACE)
    assert nodes["count"] == len(NODES)
    assert {node["runtime_name"] for node in nodes["nodes"]} == {"rt"}
    (secretive,) = [node for node in nodes["nodes"] if node["name"] == "Secretive"]
    assert secretive["secrets"] == ["api_key"]
    assert stack.call(api.LIST_NAMESPACES) == {"namespaces": [NAMESPACE], "count": 1}
