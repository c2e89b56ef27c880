"""The embedded Redis: found, started, kept, and gone with whoever started it."""

import os
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from exosphere_core.errors import ConfigurationError
from exosphere_orchestrator.embedded import EmbeddedRedis, binary
from exosphere_orchestrator.embedded.binary import find_server, parse_version

Start = Callable[..., subprocess.Popen[str]]

OWNER = """
import sys, threading
from pathlib import Path
from exosphere_orchestrator.embedded import EmbeddedRedis
server = EmbeddedRedis(Path(sys.argv[1]))
server.start()
print(server.url)
threading.Event().wait()
"""


def process_id(url: str) -> int:
    """Of the server that listens at a URL."""
    return int(ask(url, "INFO", "server")["process_id"])


def ask(url: str, *command: str) -> Any:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return client.execute_command(*command)


def test_data_is_there_after_a_restart_at_the_same_url(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        first_url = server.url
        ask(server.url, "SET", "cursor", "42")
    with EmbeddedRedis(tmp_path) as server:
        assert server.url == first_url
        assert ask(server.url, "GET", "cursor") == "42"


def test_the_server_never_evicts_and_keeps_an_append_only_file(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        settings = ask(server.url, "CONFIG GET", "*")
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings.get("hash-max-listpack-value", settings.get("hash-max-ziplist-value")) == "512"


def test_nobody_without_the_password_gets_in_and_no_secret_is_readable_by_others(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        scheme, _, rest = server.url.partition("://")
        with pytest.raises(redis.AuthenticationError):
            ask(f"{scheme}://{rest.partition('@')[2]}", "PING")
        assert stat.S_IMODE((tmp_path / "redis").stat().st_mode) == 0o700
        for file in (tmp_path / "redis").rglob("*"):
            if file.is_file():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_the_password_is_on_no_command_line(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        password = (tmp_path / "redis" / "password").read_text().strip()
        commands = b""
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                commands += file.read_bytes()
            except OSError:
                continue  # ended since it was listed
        assert password in server.url
    assert password.encode() not in commands


def test_a_path_too_long_for_a_socket_gets_a_loopback_port_which_stays(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / ("deep" * 30))
    with server:
        url = server.url
        assert url.startswith("redis://:")
        assert "@127.0.0.1:" in url
        ask(url, "SET", "cursor", "42")
    with server:
        assert server.url == url
        assert ask(url, "GET", "cursor") == "42"


def test_a_path_with_a_space_works(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / 'my "data"') as server:
        assert ask(server.url, "PING") is True


def test_a_directory_in_use_is_refused_by_the_id_of_its_owner(tmp_path: Path, start_python: Start) -> None:
    owner = start_python(OWNER, tmp_path)
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    with pytest.raises(ConfigurationError, match=rf"{tmp_path} is in use by process {owner.pid}"):
        EmbeddedRedis(tmp_path).start()
    assert ask(url, "PING") is True


def test_a_killed_owner_takes_the_server_along_and_its_successor_has_the_data(
    tmp_path: Path, start_python: Start, eventually: Callable[..., None], is_alive: Callable[[int], bool]
) -> None:
    owner = start_python(OWNER, tmp_path)
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    server_id = process_id(url)
    ask(url, "SET", "cursor", "42")
    owner.kill()
    with EmbeddedRedis(tmp_path) as server:
        assert ask(server.url, "GET", "cursor") == "42"
        assert process_id(server.url) != server_id
    eventually(lambda: not is_alive(server_id), "the end of the first server")


def test_a_killed_guardian_takes_the_server_along(
    tmp_path: Path, eventually: Callable[..., None], is_alive: Callable[[int], bool]
) -> None:
    with EmbeddedRedis(tmp_path) as server:
        server_id = process_id(server.url)
        guardian_id = int(Path(f"/proc/{server_id}/stat").read_text().rpartition(")")[2].split()[1])
        assert guardian_id != os.getpid()
        os.kill(guardian_id, signal.SIGKILL)
        eventually(lambda: not is_alive(server_id), "the end of the server")


def test_the_owner_notices_a_server_that_died_and_can_start_it_again(
    tmp_path: Path, eventually: Callable[..., None]
) -> None:
    with EmbeddedRedis(tmp_path) as server:
        assert server.poll() is None
        url = server.url
        os.kill(process_id(url), signal.SIGKILL)
        eventually(lambda: server.poll() is not None, "poll() noticing the death")
        assert server.poll() == 128 + signal.SIGKILL
        server.start()
        assert server.url == url
        assert ask(url, "PING") is True


def test_a_ctrl_c_of_the_terminal_does_not_reach_the_server(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        assert os.getsid(process_id(server.url)) != os.getsid(0)


#: A transaction as it is written: two commands between MULTI and EXEC.
TRANSACTION = (
    b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1\r\n1\r\n"
    b"*3\r\n$3\r\nSET\r\n$5\r\nother\r\n$1\r\n1\r\n*1\r\n$4\r\nEXEC\r\n"
)


@pytest.mark.parametrize("kept_bytes", [3, 15, 30, 44, 55, 78, 89])
def test_half_a_transaction_at_the_files_end_stays_gone_over_two_restarts(tmp_path: Path, kept_bytes: int) -> None:
    with EmbeddedRedis(tmp_path) as server:
        ask(server.url, "SET", "whole", "1")
    files = sorted((tmp_path / "redis").rglob("appendonly*aof"))
    with open(files[-1], "ab") as file:
        file.write(TRANSACTION[:kept_bytes])
    with EmbeddedRedis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.pipeline(transaction=True).set("later", "1").set("last", "1").execute()
    with EmbeddedRedis(tmp_path) as server:
        assert ask(server.url, "MGET", "whole", "half", "later", "last") == ["1", None, "1", "1"]


def test_a_server_that_refuses_to_start_is_quoted(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        ask(server.url, "SET", "cursor", "42")
    for file in (tmp_path / "redis").rglob("appendonly*aof"):
        file.write_bytes(b"this is no append-only file\n")
    with pytest.raises(ConfigurationError, match=r"did not start: Bad file format .*log: "):
        EmbeddedRedis(tmp_path).start()


def test_a_data_directory_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigurationError, match=r"data directory .*/taken can't be used"):
        EmbeddedRedis(tmp_path / "taken").start()


def test_a_machine_without_any_server_is_told_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(binary, "_WHEELS", ())
    with pytest.raises(ConfigurationError, match=r"no redis-server .*Fix: install Redis 6\.2"):
        find_server()


def test_an_old_server_on_the_path_is_passed_over_and_named_when_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=5.0.7 sha=00000000:0 malloc=libc bits=64 build=0'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert find_server().path != old
    monkeypatch.setattr(binary, "_WHEELS", ())
    monkeypatch.setattr(binary, "_NAMES", ("redis-server",))
    with pytest.raises(ConfigurationError, match=rf"{old} is Redis 5\.0\.7, which is too old: 6\.2 or later"):
        find_server()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Redis server v=6.2.14 sha=40305114:0 malloc=libc bits=64", (6, 2, 14)),
        ("Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", (8, 0, 1)),
    ],
)
def test_versions_of_redis_and_valkey_are_read(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(Path("x"), text).version == version


def test_an_executable_that_is_no_redis_is_refused_by_what_it_says() -> None:
    with pytest.raises(ConfigurationError, match=r"x is no Redis server: its --version says 'hello'"):
        parse_version(Path("x"), "hello\n")
