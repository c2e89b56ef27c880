"""Wall clocks that jump by an hour: no lease is taken for lost, no due time is fired twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from chaos.clock.shim import Clock, compiler
from conftest import die_with_driver, redis_server_binary
from exosphere_core.keys import RUNTIMES_GROUP, CatalogKeys, ShardKeys
from ports import free_port
from system import warm_start
from system.stack import NAMESPACE, Stack, wait_for

HOUR_S = 3600
LEASE_MS = 900

_BACKGROUND = (
    "from exosphere_orchestrator.background import run; "
    "from exosphere_orchestrator.settings import load_settings; run(load_settings())"
)


class Shifted:
    """A Redis and our processes, each with a wall clock of its own that can jump."""

    def __init__(self, folder: Path) -> None:
        self.clocks = {}
        for name in ("redis", "ours"):
            (folder / name).mkdir()
            self.clocks[name] = Clock(folder / name)
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}"
        self.server = subprocess.Popen(
            [redis_server_binary(), "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)],
            stdout=subprocess.DEVNULL, preexec_fn=die_with_driver, env={**os.environ, **self.clocks["redis"].environ},
        )  # fmt: skip
        self.redis = Redis.from_url(self.url)
        wait_for("Redis answers", self._answers)
        self.stack = Stack(self.url, folder, LEASE_MS)
        self.stack.environ |= self.clocks["ours"].environ
        warm_start.prepare({**os.environ, **self.clocks["ours"].environ})

    def _answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def off_by_s(self) -> int:
        """By how much Redis' wall clock is off ours."""
        return round(self.redis.time()[0] - time.time())

    def beats(self) -> int:
        """How often the one delivery that is under way was renewed; 0 while there is none."""
        held = self.redis.xpending_range(ShardKeys(NAMESPACE).ready("Long"), RUNTIMES_GROUP, "-", "+", 1)
        return held[0]["times_delivered"] if held else 0

    def sweep(self) -> None:
        """The background jobs start, deal with every schedule that is due, and are stopped."""
        started = self.stack.log("bg").count("background jobs run") if (self.stack.folder / "bg.log").exists() else 0
        self.stack.start("bg", [sys.executable, "-c", _BACKGROUND])
        wait_for("the jobs run", lambda: self.stack.log("bg").count("background jobs run") > started)
        self.stack.signal("bg", signal.SIGTERM)
        assert self.stack.wait_end("bg") == 0
        assert "RuntimeWarning" not in self.stack.log("bg")

    def firings(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for raw in self.redis.lrange(CatalogKeys(NAMESPACE).firings("g"), 0, -1)]

    def close(self) -> None:
        self.stack.close()
        self.redis.close()
        self.server.kill()
        self.server.wait()


@pytest.fixture
def shifted(tmp_path: Path) -> Iterator[Shifted]:
    assert compiler(), "the clock tests need a C compiler (gcc or cc) on the PATH"
    both = Shifted(tmp_path)
    yield both
    both.close()


def test_a_clock_that_jumps_by_an_hour_takes_no_lease_from_a_living_worker(shifted: Shifted) -> None:
    shifted.stack.state_manager()
    shifted.stack.runtime()
    until = shifted.stack.folder / "until"
    shifted.stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    run = shifted.stack.trigger("g")
    wait_for("the node began", shifted.stack.ledger_lines)
    # Its reaper knows the node from the start: that of the first one learns of new nodes only every few seconds.
    shifted.stack.state_manager("watching")
    for whose, hours in (("redis", 1), ("redis", -1), ("ours", 1), ("ours", -1)):
        shifted.clocks[whose].shift(hours * HOUR_S)
        if whose == "redis":
            assert abs(shifted.off_by_s() - hours * HOUR_S) <= 5, "the clock of Redis did not jump"
        # Three beats a lease: for two leases the reaper has looked at this delivery.
        beats = shifted.beats()
        wait_for("the lease is renewed again and again", lambda beats=beats: shifted.beats() >= beats + 6)
        shifted.clocks[whose].shift(0)
    assert "was lost" not in shifted.stack.log("sm") + shifted.stack.log("watching") + shifted.stack.log("rt")
    until.touch()
    assert shifted.stack.wait_run(run)["status"] == "SUCCESS"
    (state,) = shifted.stack.states(run)
    assert state["attempt"] == 1
    assert len(shifted.stack.ledger_lines()) == 1


def test_clocks_that_jump_forth_and_back_fire_each_due_time_once(shifted: Shifted) -> None:
    shifted.stack.state_manager()
    shifted.stack.runtime()
    hourly = [{"type": "CRON", "value": {"expression": "0 * * * *"}}]
    node = {"node_name": "Threaded", "identifier": "a", "inputs": {"value": "1"}}
    shifted.stack.graph("g", node, triggers=hourly)
    counts = []
    # Redis jumps first, then our processes; and back beyond where they came from.
    for whose, hours in (("redis", 2), ("ours", 2), ("redis", -2), ("ours", -2)):
        shifted.clocks[whose].shift(hours * HOUR_S)
        shifted.sweep()
        dues = [firing["due_at"] for firing in shifted.firings()]
        assert len(dues) == len(set(dues)), "a due time fired twice"
        counts.append(len(dues))
    assert counts[0] > 0
    assert counts[1:] == [counts[0]] * 3, "a clock that is the only one to jump, or went back, made something due"
    runs = [firing["run_id"] for firing in shifted.firings() if "run_id" in firing]
    assert shifted.redis.zcard(ShardKeys(NAMESPACE).runs) == len(set(runs)) == len(runs)
