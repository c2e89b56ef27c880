"""docs/operations.md: a snapshot is restored by the way that the page describes, and by no shorter one."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as Lost

from conftest import answers, die_with_driver, redis_server_binary
from pages.blocks import DOCS

PAGE = (DOCS / "operations.md").read_text(encoding="utf-8")

BOUND_S = 30.0


@contextmanager
def server(folder: Path, appendonly: str) -> Iterator[Redis]:
    """A Redis with its data in a folder; it is shut down in order."""
    socket = folder / "redis.sock"
    command = [redis_server_binary(), "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(
        [*command, "--appendonly", appendonly], stdout=subprocess.DEVNULL, preexec_fn=die_with_driver
    )
    url = f"unix://{socket}"
    wait("the server answers", lambda: answers(url))
    with Redis.from_url(url) as redis:
        yield redis
        with suppress(Lost):
            redis.shutdown(nosave=True)
    assert process.wait(timeout=BOUND_S) == 0


def wait(what: str, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + BOUND_S
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def rewritten(redis: Redis) -> bool:
    told = redis.info("persistence")
    return not (told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"])


def snapshot(folder: Path) -> Path:
    """What a backup holds: a server with one record, saved."""
    folder.mkdir()
    with server(folder, "yes") as redis:
        redis.hset("exo:{ns:0}:run:1", "status", "PENDING")
        redis.save()
    return folder / "dump.rdb"


def test_a_snapshot_that_is_loaded_without_the_append_only_file_first_is_kept_by_it(tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    restored.mkdir()
    snapshot(tmp_path / "old").rename(restored / "dump.rdb")
    with server(restored, "no") as redis:
        redis.config_set("appendonly", "yes")
        wait("the file is written", lambda: rewritten(redis))
    with server(restored, "yes") as redis:
        assert redis.hget("exo:{ns:0}:run:1", "status") == b"PENDING"


def test_a_server_that_finds_a_snapshot_and_no_append_only_file_begins_empty(tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    restored.mkdir()
    snapshot(tmp_path / "old").rename(restored / "dump.rdb")
    with server(restored, "yes") as redis:
        assert redis.dbsize() == 0


def test_the_page_describes_this_way() -> None:
    steps = ["--appendonly no", "CONFIG SET appendonly yes", "aof_rewrite_in_progress", "SHUTDOWN", "systemctl start"]
    places = [PAGE.index(step, PAGE.index("**Restore a snapshot.**")) for step in steps]
    assert places == sorted(places)
