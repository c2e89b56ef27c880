"""A master that Sentinels watch is lost while runs run, and one of them with it: everybody goes to the new one, and every run ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exosphere_orchestrator.grants import RuntimeUser
from redis_servers import server_binaries
from system.stack import NAMESPACE, Stack, wait_for
from topology.servers import Watched


@pytest.fixture(params=server_binaries())
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path / "redis", sentinels=3, binary=request.param)
    yield watched
    watched.close()


def test_runs_end_on_the_new_master_whose_runtimes_are_given_a_user_anew(watched: Watched, tmp_path: Path) -> None:
    stack = Stack(watched.url, tmp_path, lease_ms=15_000)
    try:
        stack.state_manager()
        stack.runtime("here")
        until = tmp_path / "until"
        stack.graph("long", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
        runs = [stack.trigger("long") for _ in range(4)]
        wait_for("each is running", lambda: len(stack.ledger_lines()) == len(runs))
        assert watched.master.redis.wait(1, 10_000) == 1
        assert RuntimeUser(NAMESPACE).name not in watched.replica.redis.acl_users(), "the test meets nothing"
        # The first that clients ask; the two that are left are enough to agree.
        watched.sentinels[0].kill()
        watched.master.kill()
        wait_for("the replica is the master", lambda: watched.replica.redis.info("replication")["role"] == "master")
        until.touch()
        for run in runs:
            assert stack.wait_run(run)["status"] == "SUCCESS"
        assert stack.wait_run(stack.trigger("long"))["status"] == "SUCCESS"
        assert RuntimeUser(NAMESPACE).name in watched.replica.redis.acl_users()
    finally:
        stack.close()
