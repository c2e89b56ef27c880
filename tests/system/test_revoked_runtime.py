"""Real processes: a runtime whose API key is revoked loses its Redis access, and another one does its work."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from exosphere_core import api
from exosphere_orchestrator.grants import RuntimeUser
from system.stack import KEY, NAMESPACE, Stack, spread_work_gather, wait_for


@pytest.fixture
def stack(redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    stack = Stack(redis_url, tmp_path)
    yield stack
    stack.close()


def test_a_runtime_whose_key_is_revoked_is_cut_off_at_once_and_its_work_is_done_by_another(
    stack: Stack, redis_url: str
) -> None:
    stack.state_manager()
    made = stack.call(api.CREATE_KEY, body={"role": "runtime", "name": "revoked"}, namespace=NAMESPACE)
    stack.runtime("revoked", EXOSPHERE_API_KEY=made["key"])
    stack.graph("g", *spread_work_gather(3))
    assert stack.wait_run(stack.trigger("g"))["status"] == "SUCCESS"
    stack.call(api.REVOKE_KEY, namespace=NAMESPACE, key_id=made["id"])
    with Redis.from_url(redis_url) as redis:
        assert RuntimeUser(NAMESPACE, made["id"]).name not in redis.acl_users()
        assert not [client for client in redis.client_list() if client["user"].startswith("exo-runtime-")]
    run = stack.trigger("g")
    wait_for("it is refused", lambda: "refuses this runtime, tries again: Invalid API key" in stack.log("revoked"))
    waiting = stack.call(api.GET_RUN, namespace=NAMESPACE, run_id=run)
    assert (waiting["status"], waiting["success_count"]) == ("PENDING", 0)
    good = stack.call(api.CREATE_KEY, body={"role": "runtime", "name": "good"}, namespace=NAMESPACE)
    stack.runtime("good", EXOSPHERE_API_KEY=good["key"])
    assert stack.wait_run(run)["status"] == "SUCCESS"
    for name in ("sm", "revoked", "good"):
        log = stack.log(name)
        assert not [secret for secret in (KEY, made["key"], good["key"]) if secret in log]
