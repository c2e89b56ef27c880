"""`make proof`: plays scenario after scenario on a real Redis, in several processes, until one fails or all were played."""

import argparse
import asyncio
import ctypes
import logging
import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import uvloop
from redis.asyncio import Redis

from conftest import die_with_driver, redis_server_binary
from semantics.draws import tape_of
from semantics.drive import agree
from semantics.generate import random_scenario
from semantics.happenings import Scenario
from semantics.reduce import reduced
from semantics.tally import Tally

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "proof.md"
_START, _END = "<!-- result -->", "<!-- /result -->"

#: A result of fewer graphs does not replace the one in the docs.
_ENOUGH = 20_000
#: So many graphs are played between two lines of progress.
_SHARE = 500
#: How often a failing case is played again to make it smaller.
_TRIES = 3000


class Failure(NamedTuple):
    """A scenario on which model and engine part."""

    seed: int
    why: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="make proof", description="Play random scenarios on model and engine.")
    parser.add_argument("--graphs", type=_positive, default=_ENOUGH, help=f"how many (default {_ENOUGH})")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the first; the others count on from it (default 0)"
    )
    parser.add_argument("--processes", type=_positive, default=os.cpu_count() or 1, help="each has its own Redis")
    parser.add_argument("--case", type=int, help="play the scenario of this seed only, and make it small if it fails")
    options = parser.parse_args()
    if options.case is not None:
        return _explain(options.case)
    began = time.monotonic()
    tally, failure = _prove(options.seed, options.graphs, options.processes)
    if failure is not None:
        print(f"seed {failure.seed}: {failure.why}\n", flush=True)
        return _explain(failure.seed)
    result = _result(tally, options.seed, options.processes, time.monotonic() - began)
    print(result)
    if tally.counts["graphs"] >= _ENOUGH:
        _write(result)
    return 0


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _prove(first: int, graphs: int, processes: int) -> tuple[Tally, Failure | None]:
    """Play so many scenarios, until one fails."""
    tally = Tally()
    shares = [range(start, min(start + _SHARE, first + graphs)) for start in range(first, first + graphs, _SHARE)]
    with (
        tempfile.TemporaryDirectory(prefix="exo-proof-", ignore_cleanup_errors=True) as folder,
        multiprocessing.get_context("spawn").Pool(processes, _begin) as pool,
    ):
        for outcome in pool.imap_unordered(partial(_play_share, Path(folder)), shares):
            if isinstance(outcome, Failure):
                return tally, outcome
            tally.merge(outcome)
            print(f"{tally.counts['graphs']:,} of {graphs:,} graphs", file=sys.stderr, flush=True)
    return tally, None


def _begin() -> None:
    """A process of the pool ends with the driver, and leaves it to it what an interrupt means."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)


def _play_share(folder: Path, seeds: range) -> Tally | Failure:
    with _redis_server(folder) as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_play(url, seeds))


async def _play(url: str, seeds: range) -> Tally | Failure:
    tally = Tally()
    redis = Redis.from_url(url)
    try:
        for seed in seeds:
            why = await _try(redis, random_scenario(tape_of(seed)), tally)
            if why is not None:
                return Failure(seed, why)
    finally:
        await redis.aclose()
    return tally


async def _try(redis: Redis, scenario: Scenario, tally: Tally) -> str | None:
    """Play one scenario. Returns why it failed, or None."""
    try:
        tally.add(scenario, await agree(redis, scenario))
    except AssertionError as why:
        return str(why)
    except Exception:
        return traceback.format_exc()
    return None


def _explain(seed: int) -> int:
    """Play one scenario; when it fails, tell the smallest one like it that can be found."""
    logging.disable(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory(prefix="exo-proof-") as folder,
        _redis_server(Path(folder)) as url,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):

        async def play(scenario: Scenario) -> str | None:
            redis = Redis.from_url(url)
            try:
                return await _try(redis, scenario, Tally())
            finally:
                await redis.aclose()

        scenario = random_scenario(tape_of(seed))
        if runner.run(play(scenario)) is None:
            print(f"seed {seed}: model and engine agree")
            return 0
        print("Making it smaller ...", file=sys.stderr)
        scenario = reduced(scenario, lambda smaller: runner.run(play(smaller)) is not None, _TRIES)
        why = runner.run(play(scenario))
    print(f"The smallest scenario like that of seed {seed} on which model and engine part:\n")
    for declared in scenario.template["nodes"]:
        print(f"  {declared}")
    print(f"  { ({key: value for key, value in scenario.template.items() if key != 'nodes'}) }")
    print(f"  inputs {scenario.inputs}, store {scenario.store}, delay {scenario.delay_ms} ms, chunk {scenario.chunk}\n")
    for number, event in enumerate(scenario.events):
        print(f"  {number:3} {event}")
    print(f'\n{why}\n\nmake proof ARGS="--case {seed}" plays it again.')
    return 1


@contextmanager
def _redis_server(folder: Path) -> Iterator[str]:
    """A real Redis that keeps nothing and ends with this process."""
    socket = folder / f"{os.getpid()}.sock"
    server = subprocess.Popen(
        [redis_server_binary(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)],
        stdout=subprocess.DEVNULL, preexec_fn=die_with_driver,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while not socket.exists():
            assert server.poll() is None, "redis-server ended"
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.01)
        yield f"unix://{socket}"
    finally:
        server.terminate()
        server.wait(timeout=20)
        socket.unlink(missing_ok=True)


def _result(tally: Tally, seed: int, processes: int, seconds: float) -> str:
    counts = tally.counts
    fired = sum(count for name, count in counts.items() if name.startswith("unite ") and not name.endswith("OPEN"))
    day = datetime.now(UTC).date().isoformat()
    server = subprocess.run(
        [redis_server_binary(), "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[2]
    rows = {
        "graphs": f"{counts['graphs']:,}, with {counts['nodes']:,} nodes",
        "runs": tally.listed("run"),
        "states": f"{counts['states']:,}: {tally.listed('state')}",
        "unites fired": f"{fired:,}; all unites: {tally.listed('unite')}",
        "events": f"{counts['events']:,}: {tally.listed('event')}",
        "reports that had to change nothing": f"{counts['reports that change nothing']:,}",
        "mismatches": "0",
        "seeds": f"{seed} to {seed + counts['graphs'] - 1}",
        "wall time": f"{seconds / 60:.1f} min in {processes} processes",
    }
    head = f"`make proof` on {day}: Python {platform.python_version()}, Redis {server.removeprefix('v=')}."
    return "\n".join(
        [head, "", "| what | how many |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows.items())]
    )


def _write(result: str) -> None:
    page = _PAGE.read_text()
    before, _, rest = page.partition(_START)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(f"{before}{_START}\n{result}\n{_END}{after}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
