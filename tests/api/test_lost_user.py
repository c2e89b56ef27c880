"""A Redis user that vanishes, as it does when a server without an ACL file restarts, under real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from exosphere_orchestrator.grants import RuntimeUser
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for


@pytest.fixture
def stack(redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    # Registering again must fit into a lease on a busy machine, too: a lease that was lost is another story.
    stack = Stack(redis_url, tmp_path, lease_ms=10_000)
    yield stack
    stack.close()


def delete_user(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        assert redis.execute_command("ACL", "DELUSER", RuntimeUser(NAMESPACE).name) == 1


def test_a_runtime_whose_user_is_deleted_registers_again_and_goes_on(stack: Stack, redis_url: str) -> None:
    stack.state_manager()
    stack.runtime()
    stack.graph("g", *spread_work_gather(3))
    assert stack.wait_run(stack.trigger("g"))["status"] == "SUCCESS"
    delete_user(redis_url)
    assert stack.wait_run(stack.trigger("g"))["status"] == "SUCCESS"
    with Redis.from_url(redis_url) as redis:
        assert RuntimeUser(NAMESPACE).name in redis.acl_users()


def test_work_under_way_when_the_user_is_deleted_is_reported_and_done_once(stack: Stack, redis_url: str) -> None:
    stack.state_manager()
    stack.runtime()
    stack.graph("g", *spread_work_gather(60, ms=50))
    run = stack.trigger("g")
    wait_for("some work is done", lambda: len(stack.ledger_lines()) > 5)
    delete_user(redis_url)
    assert stack.wait_run(run)["status"] == "SUCCESS"
    executed = [line.split()[0] for line in stack.ledger_lines()]
    assert len(executed) == len(set(executed)) == 60


def test_long_work_keeps_its_leases_when_the_user_is_deleted_while_every_slot_is_busy(
    stack: Stack, redis_url: str
) -> None:
    stack.state_manager()
    stack.runtime()
    until = stack.folder / "until"
    stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    runs = [stack.trigger("g") for _ in range(8)]  # as many as the runtime has slots
    wait_for("every slot is busy", lambda: len(stack.ledger_lines()) == 8)
    delete_user(redis_url)
    with Redis.from_url(redis_url) as redis:
        wait_for("it registers again", lambda: RuntimeUser(NAMESPACE).name in redis.acl_users())
    until.touch()
    for run in runs:
        assert stack.wait_run(run)["status"] == "SUCCESS"
        assert [state["attempt"] for state in stack.states(run)] == [1]
    assert len(stack.ledger_lines()) == 8
