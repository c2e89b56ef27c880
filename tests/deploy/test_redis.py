"""redis.conf and redis-start.sh, with a real server."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

DEPLOY = Path(__file__).parents[2] / "deploy"

StartRedis = Callable[[], tuple[Redis, subprocess.Popen[bytes]]]


def test_the_server_takes_the_configuration(start_redis: StartRedis) -> None:
    client, _ = start_redis()
    wanted = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "aof-load-truncated": "no",
        "save": "",
        "maxmemory": str(1024**3),
        "maxmemory-policy": "noeviction",
        "hash-max-ziplist-entries": "128",
        "hash-max-ziplist-value": "512",
        "protected-mode": "yes",
    }
    assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_a_value_of_half_a_kilobyte_is_kept_in_the_compact_form(start_redis: StartRedis) -> None:
    client, _ = start_redis()
    client.hset("state", mapping={f"field{number}": "x" * 512 for number in range(15)})
    assert client.object("encoding", "state") in ("listpack", "ziplist")


def test_nobody_gets_in_without_the_password(start_redis: StartRedis) -> None:
    client, process = start_redis()
    connection = client.connection_pool.connection_kwargs
    with Redis(port=connection["port"]) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    assert connection["password"].encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()


def test_sigterm_ends_it_and_the_data_is_there_again(start_redis: StartRedis) -> None:
    client, process = start_redis()
    client.set("kept", "yes")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    client, _ = start_redis()
    assert client.get("kept") == "yes"


@pytest.mark.parametrize("lost_bytes", [1, 20, 45, 60])
def test_a_torn_end_of_the_file_takes_away_whole_transactions_for_good(
    start_redis: StartRedis, tmp_path: Path, lost_bytes: int
) -> None:
    client, process = start_redis()
    client.set("before", "kept")
    with client.pipeline(transaction=True) as both:
        both.set("one", "1").set("other", "2").execute()
    # Not killed: a second may pass before a write is in the file, and what is cut here must be in it.
    process.terminate()
    process.wait()
    file = max((tmp_path / "data").rglob("*.aof"), key=lambda path: path.stat().st_size)
    os.truncate(file, file.stat().st_size - lost_bytes)
    for start in range(3):
        client, process = start_redis()
        assert client.get("before") == "kept"
        assert client.mget("one", "other") == [None, None]
        assert client.incr("starts") == start + 1
        process.terminate()
        process.wait()


@pytest.mark.parametrize("password", ["", 'a"b', "a b", "pass$word", "line\nbreak"])
def test_a_password_that_a_url_or_the_configuration_can_not_carry_is_refused(password: str) -> None:
    done = subprocess.run(
        [DEPLOY / "redis-start.sh"],
        env={"REDIS_PASSWORD": password, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "redis-start.sh: REDIS_PASSWORD must be set, to letters, digits, '-' and '_' only\n"
