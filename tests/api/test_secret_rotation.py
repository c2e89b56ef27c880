"""`exosphere secrets rotate`: secrets come under a new key while runs need them, and the old key is of no use afterwards."""

import os
import subprocess
import sys
from typing import Any

import pytest
from redis import Redis

from api.service import Service, Space, node_class
from conftest import die_with_driver
from exosphere_core import api
from exosphere_core.keys import CatalogKeys
from exosphere_orchestrator.catalog import rotation
from exosphere_orchestrator.vault import Vault, new_key

CANARY = "canary-8c1f7b"


def rotate(redis_url: str, keys: str) -> "subprocess.CompletedProcess[str]":
    environment = {"EXOSPHERE_REDIS_URL": redis_url, "STATE_MANAGER_SECRET": "s" * 32, "SECRETS_ENCRYPTION_KEY": keys}
    return subprocess.run(
        [sys.executable, "-m", "exosphere_cli.main", "secrets", "rotate"], env={**os.environ, **environment},
        capture_output=True, text=True, timeout=60, preexec_fn=die_with_driver, check=False,
    )  # fmt: skip


def secrets_of(space: Space, state: str) -> dict[str, Any]:
    found: dict[str, Any] = space.ok(api.GET_SECRETS, state_id=state)["secrets"]
    return found


@pytest.fixture
def old_key(redis_url: str) -> str:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    return new_key()


def graphs_with_secrets(space: Space) -> None:
    """Two versions of a graph, and another graph without secrets."""
    space.register(node_class("A", secrets=("token",)))
    space.graph(space.node("a"), secrets={"token": CANARY, "spare": "x"})
    space.graph(space.node("a"), secrets={"token": CANARY + "-2"})
    space.graph(space.node("a"), name="plain")


def test_secrets_of_all_versions_are_encrypted_again_and_running_nodes_get_them_throughout(
    redis_url: str, old_key: str
) -> None:
    new = new_key()
    with Service(redis_url, encryption_key=old_key) as service:
        space = Space(service, "ns")
        graphs_with_secrets(space)
        space.trigger()
        running = space.take("A").state
    with Service(redis_url, encryption_key=f"{new},{old_key}") as service:
        space = Space(service, "ns")
        assert secrets_of(space, running) == {"token": CANARY + "-2"}
        told = rotate(redis_url, f"{new},{old_key}")
        assert (told.returncode, told.stdout) == (
            0, "looked at 2 graph versions with secrets; encrypted 3 secrets again, left 0\n",
        )  # fmt: skip
        assert secrets_of(space, running) == {"token": CANARY + "-2"}
    with Service(redis_url, encryption_key=new) as service:
        assert secrets_of(Space(service, "ns"), running) == {"token": CANARY + "-2"}
    assert "encrypted 0 secrets again, left 0" in rotate(redis_url, new).stdout
    with Redis.from_url(redis_url) as redis:
        assert not any(CANARY.encode() in redis.dump(key) for key in redis.keys("*"))
    assert CANARY not in told.stdout + told.stderr


def test_what_no_key_opens_is_left_and_named_and_the_rest_is_rotated(redis_url: str, old_key: str) -> None:
    new = new_key()
    with Service(redis_url, encryption_key=old_key) as service:
        graphs_with_secrets(Space(service, "ns"))
    with Service(redis_url, encryption_key=new_key()) as service:
        Space(service, "ns").graph(Space(service, "ns").node("a"), secrets={"token": "lost"})
    told = rotate(redis_url, f"{new},{old_key}")
    assert told.returncode == 1
    assert "encrypted 3 secrets again, left 1" in told.stdout
    assert "version 3 of graph 'g' in namespace 'ns': a secret of ns/g/token was encrypted with key" in told.stdout


def test_secrets_that_somebody_else_replaces_meanwhile_are_read_again(
    redis_url: str, old_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rotations at a time: the ciphertexts differ each time, the values do not."""
    new = new_key()
    with Service(redis_url, encryption_key=old_key) as service:
        space = Space(service, "ns")
        graphs_with_secrets(space)
        vault = Vault(f"{new},{old_key}")
        read = rotation.read_sealed
        met = []

        async def read_and_be_late(redis: Any, namespace: str, graph: str, version: int) -> Any:
            found = await read(redis, namespace, graph, version)
            if not met:
                met.append(version)
                other = await rotation.rotate(redis, vault)
                assert other.sealed_anew == 3
            return found

        monkeypatch.setattr(rotation, "read_sealed", read_and_be_late)
        done = service.with_redis(lambda redis: rotation.rotate(redis, vault))
        assert (done.versions, done.sealed_anew, done.left) == (2, 0, [])
    with Redis.from_url(redis_url) as redis:
        text = redis.hget(CatalogKeys("ns").version("g", 2), "secrets")
    assert isinstance(text, bytes)
    assert CANARY.encode() not in text


def test_a_value_moved_to_another_graph_is_not_sealed_anew(redis_url: str, old_key: str) -> None:
    with Service(redis_url, encryption_key=old_key) as service:
        space = Space(service, "ns")
        graphs_with_secrets(space)
        space.graph(space.node("a"), name="other", secrets={"token": "y"})
    with Redis.from_url(redis_url) as redis:
        stolen = redis.hget(CatalogKeys("ns").version("g", 2), "secrets")
        redis.hset(CatalogKeys("ns").version("other", 1), "secrets", stolen)
    told = rotate(redis_url, f"{new_key()},{old_key}")
    assert told.returncode == 1
    assert "a secret of ns/other/token was tampered with or moved" in told.stdout
