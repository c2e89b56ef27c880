"""`exosphere doctor`, against a real state manager and real Redis servers."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from api.service import node_class
from cli_shell import Shell
from exosphere_core.keys import CatalogKeys, ShardKeys
from exosphere_core.store.checkup import Level, clock_finding
from redis_servers import RedisServer

SERVER = {
    "STATE_MANAGER_SECRET": "s" * 32,
    "SECRETS_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


def findings(shell: Shell, *arguments: str, **environment: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """What the doctor found, by check, and its exit code."""
    code, output, _ = shell("doctor", *arguments, "-o", "json", **environment)
    found: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(output):
        assert set(one) == {"check", "level", "detail", "fix"}
        assert one["level"] in ("ok", "note") or one["fix"], one
        found.setdefault(one["check"], []).append(one)
    return code, found


def levels(found: dict[str, list[dict[str, str]]], check: str) -> set[str]:
    return {one["level"] for one in found[check]}


def test_a_healthy_server_is_told_in_plain_text(shell: Shell) -> None:
    shell.space.chain()
    code, output, errors = shell("doctor")
    assert (code, errors) == (0, "")
    assert "ok    state manager" in output
    assert "admin of all namespaces" in output
    assert "FAULT" not in output
    # The Redis of the tests keeps no file.
    assert "warn  redis          Redis keeps no append-only file" in output
    assert "→ set appendonly yes" in output


def test_what_waits_in_vain_can_not_run_or_was_put_aside_is_told_with_what_to_do(shell: Shell) -> None:
    shell.space.chain()
    shell.space.trigger()
    shell.space.graph(shell.space.node("absent"), name="broken")
    shell.space.service.with_redis(lambda redis: redis.xadd(ShardKeys(shell.space.name).reports, {"kind": "nonsense"}))
    deadline = time.monotonic() + 30
    while True:
        code, found = findings(shell)
        if levels(found, "rejected") == {"note"}:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert code == 0
    (queue,) = found["queues"]
    assert queue["level"] == "warning"
    assert queue["detail"].startswith("1 states of 'First' wait, and no runtime takes them")
    (graph,) = found["graphs"]
    assert graph["detail"].startswith("'broken' can't run: ")
    assert f"exosphere graph show broken -n {shell.space.name}" in graph["fix"]


def test_nobody_at_the_address_a_wrong_key_and_no_key_are_faults_and_exit_with_3(shell: Shell) -> None:
    code, found = findings(shell, "--uri", "http://127.0.0.1:1")
    assert (code, levels(found, "state manager")) == (3, {"fault"})
    assert "exosphere server" in found["state manager"][0]["fix"]
    code, found = findings(shell, "--key", "wrong-key")
    assert (code, levels(found, "api key")) == (3, {"fault"})
    code, found = findings(shell, EXOSPHERE_API_KEY="")
    assert (code, levels(found, "api key")) == (3, {"fault"})


def test_a_key_that_may_read_little_is_no_fault(shell: Shell) -> None:
    made = shell.space.service.new_key("runtime", shell.space.name)
    code, found = findings(shell, "--key", made["key"])
    assert code == 0
    assert "runtime of namespace" in found["api key"][0]["detail"]
    assert levels(found, "queues") == {"note"}


def test_a_schedule_that_nobody_fires_is_a_fault(shell: Shell) -> None:
    cron = {"type": "CRON", "value": {"expression": "0 0 1 1 *"}}
    shell.space.register(node_class("First"))
    shell.space.graph(shell.space.node("first"), triggers=[cron])
    key = CatalogKeys(shell.space.name).schedules
    shell.space.service.with_redis(lambda redis: redis.zadd(key, {"g/0": 1000}, xx=True))
    code, found = findings(shell, EXOSPHERE_REDIS_URL=shell.space.service.redis_url, **SERVER)
    assert code == 3
    told = [one for one in found["schedules"] if one["level"] == "fault"]
    assert len(told) == 2
    assert all("exosphere background" in one["fix"] for one in told)
    shell.space.service.with_redis(lambda redis: redis.delete(key))


def test_a_group_that_was_lost_is_named_with_its_stream(shell: Shell) -> None:
    shell.space.chain()
    stream = ShardKeys(shell.space.name).ready("First")
    at_redis = {"EXOSPHERE_REDIS_URL": shell.space.service.redis_url, **SERVER}
    code, found = findings(shell, "--redis-only", **at_redis)
    assert (code, levels(found, "groups")) == (0, {"ok"})
    shell.space.service.with_redis(lambda redis: redis.xgroup_destroy(stream, "runtimes"))
    code, found = findings(shell, "--redis-only", **at_redis)
    assert code == 3
    (lost,) = found["groups"]
    assert f"stream {stream} has no group 'runtimes'" in lost["detail"]
    assert "exosphere reconcile" in lost["fix"]


@pytest.fixture
def look(tmp_path: Path, shell: Shell) -> Callable[..., Any]:
    """Look at a Redis of the test's own, which has these options."""

    def look(url: str, **environment: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
        return findings(shell, "--redis-only", EXOSPHERE_REDIS_URL=url, **{**SERVER, **environment})

    return look


def test_settings_of_redis_that_lose_work_are_told_with_the_fix(look: Any, tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--maxmemory-policy", "allkeys-lru", "--appendonly", "no") as server:
        code, found = look(server.url)
        assert code == 0
        fixes = {one["fix"] for one in found["settings"] if one["level"] == "warning"}
        assert "set maxmemory-policy noeviction" in fixes
        assert any(fix.startswith("set appendonly yes") for fix in fixes)
        assert levels(found, "clock") == {"ok"}
        code, found = look(server.url, EXOSPHERE_TRIGGER_FSYNC="true")
        assert (code, "fault" in levels(found, "settings")) == (3, True)


def test_a_user_of_redis_that_may_too_little_is_told_which_rules_it_lacks(look: Any, tmp_path: Path) -> None:
    documented = (
        "ACL SETUSER exosphere on >pass ~exo:* ~arq:* resetchannels &exo:* +@all -@dangerous +info +config|get +client|id "
        "+client|unblock +acl|setuser +acl|users +acl|deluser +cluster|slots"
    )
    with RedisServer(tmp_path) as server, Redis.from_url(server.url) as redis:
        url = server.url.replace("redis://", "redis://exosphere:pass@")
        redis.execute_command(*documented.split())
        code, found = look(url)
        assert (code, levels(found, "acl")) == (0, {"ok"})
        users = redis.acl_users()
        less = documented.replace("on >pass", "reset on >pass").replace(" ~arq:*", "")
        redis.execute_command(*less.replace(" +acl|setuser", "").replace(" +acl|deluser", "").split())
        code, found = look(url)
        assert code == 3
        assert {one["fix"]: one["level"] for one in found["acl"]} == {
            "ACL SETUSER <the user> ~arq:*": "fault",
            "ACL SETUSER <the user> +acl|setuser": "warning",
            "ACL SETUSER <the user> +acl|deluser": "warning",
        }
        assert redis.acl_users() == users
        assert levels(look(server.url)[1], "acl") == {"note"}


def test_a_disk_that_refuses_the_file_is_a_fault(look: Any, tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server, Redis.from_url(server.url) as redis:
        redis.config_set("save", "")
        redis.set("x", "y")
        redis.config_set("dbfilename", "taken")
        (tmp_path / "taken").mkdir()
        redis.bgsave()
        deadline = time.monotonic() + 30
        while redis.info("persistence")["rdb_last_bgsave_status"] == "ok":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        code, found = look(server.url)
        assert code == 3
        assert [one["detail"] for one in found["persistence"]] == ["the last snapshot of Redis failed"]


def test_redis_that_is_away_and_settings_that_are_missing_are_faults(shell: Shell) -> None:
    code, found = findings(shell, "--redis-only", EXOSPHERE_REDIS_URL="redis://:hidden@127.0.0.1:1")
    assert code == 3
    assert found["redis"][0]["detail"].startswith("Redis can't be reached")
    assert "STATE_MANAGER_SECRET is not set" in found["settings"][0]["detail"]
    assert "hidden" not in json.dumps(found)
    code, _, errors = shell("doctor", "--redis-only")
    assert code == 2
    assert "--redis-only needs EXOSPHERE_REDIS_URL" in errors


@pytest.mark.parametrize(("theirs", "level"), [(1_000, "ok"), (1_900, "ok"), (3_200, "warning"), (-1_000, "warning")])
def test_a_clock_counts_as_wrong_when_the_call_can_not_explain_it(theirs: int, level: str) -> None:
    found = clock_finding("Redis", theirs, 950, 1_100)
    assert found.level is Level(level)
    assert bool(found.fix) == (level == "warning")


def test_every_look_works_on_a_cluster_too(look: Any, cluster_url: str) -> None:
    code, found = look(cluster_url)
    assert code == 0
    assert (
        levels(found, "redis")
        == levels(found, "clock")
        == levels(found, "groups")
        == levels(found, "schedules")
        == {"ok"}
    )
