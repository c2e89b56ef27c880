"""`exosphere reconcile`, as a person uses it."""

import asyncio
import os
import subprocess
import sys

from redis.asyncio import Redis

from conftest import die_with_driver
from engine.world import HOME, World, node
from exosphere_core.store.catalog import note_namespace


def reconcile(url: str) -> "subprocess.CompletedProcess[str]":
    secrets = {
        "STATE_MANAGER_SECRET": "s" * 32,
        "SECRETS_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    }
    return subprocess.run(
        [sys.executable, "-m", "exosphere_cli.main", "reconcile", "--wait", "1"],
        env={**os.environ, **secrets, "EXOSPHERE_REDIS_URL": url},
        capture_output=True, text=True, timeout=60, preexec_fn=die_with_driver, check=False,
    )  # fmt: skip


def test_the_command_tells_what_it_put_right_and_then_finds_nothing_more(redis_url: str) -> None:
    async def scene() -> None:
        async with Redis.from_url(redis_url) as redis:
            await redis.flushall()
            await note_namespace(redis, "ns")
            world = World(redis)
            await world.graph(node("a"))
            await world.trigger()
            await redis.delete(HOME.active("g"), HOME.ready("A"))
            await world.close()

    asyncio.run(scene())
    first = reconcile(redis_url)
    assert first.returncode == 0, first.stderr
    assert "looked at 1 runs and 1 states; mended 2, left 0" in first.stdout
    assert "state without a queue entry made ready again" in first.stdout
    second = reconcile(redis_url)
    assert "mended 0, left 0" in second.stdout


def test_without_redis_it_says_so_in_one_line() -> None:
    told = reconcile("redis://127.0.0.1:1/0")
    assert told.returncode == 1
    assert told.stderr.startswith("error: Redis can't be reached")
    assert "Traceback" not in told.stderr
