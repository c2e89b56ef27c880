"""`exosphere reconcile`, as a person uses it."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from redis.asyncio import Redis

from conftest import die_with_driver
from engine.world import HOME, World, node
from exosphere_core.store.catalog import note_namespace
from exosphere_orchestrator.reconcile import command, examine, queues
from exosphere_orchestrator.reconcile.mend import Kind
from exosphere_orchestrator.settings import load_settings

SECRETS = {
    "STATE_MANAGER_SECRET": "s" * 32,
    "SECRETS_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


def reconcile(url: str, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "exosphere_cli.main", "reconcile", "--wait", "1", *options],
        env={**os.environ, **SECRETS, **environment, "EXOSPHERE_REDIS_URL": url},
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
    told = json.loads(reconcile(redis_url, "-o", "json").stdout)
    assert told == {"runs": 1, "states": 1, "mended": {}, "left": {}, "busy": 0}


@pytest.mark.parametrize(("sweeps", "restored"), [(200, 8), (3, 3)])
def test_it_goes_on_while_there_is_something_to_put_right_and_says_when_it_did_not_get_to_the_end(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, sweeps: int, restored: int
) -> None:
    for name, value in {**SECRETS, "EXOSPHERE_REDIS_URL": redis_url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(command, "_SWEEPS", sweeps)
    # So many lost states are brought back by one sweep.
    monkeypatch.setattr(queues, "MOST_SUSPECTS", 1)
    monkeypatch.setattr(examine, "MOST_SUSPECTS", 1)

    async def scene() -> None:
        async with Redis.from_url(redis_url) as redis:
            await redis.flushall()
            await note_namespace(redis, "ns")
            world = World(redis)
            await world.graph(node("a"))
            for _ in range(8):
                await world.trigger()
            await redis.delete(HOME.ready("A"))
            await world.close()
            seen: list[int] = []
            journal = await command.reconcile_now(load_settings(), 1, lambda sweep: seen.append(sweep.runs))
            assert len(seen) >= min(sweeps, restored)
            assert set(seen) <= set(range(9))
            assert await redis.xlen(HOME.ready("A")) == journal.mended[Kind.RESTORED] == restored
            assert bool(journal.remaining) == (restored < 8)

    asyncio.run(scene())


def test_without_redis_it_says_so_in_one_line() -> None:
    told = reconcile("redis://127.0.0.1:1/0")
    assert told.returncode == 1
    assert told.stderr.startswith("error: Redis can't be reached")
    assert "Traceback" not in told.stderr
