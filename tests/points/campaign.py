"""`make points`: strikes at every command of every scene, in several processes, and says what broke."""

import argparse
import logging
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

from conftest import redis_server_binary
from points.crash_points import Point, Tally, faultless, pairs_of, points_of
from points.page import write_section
from points.play import play
from points.scenes import SCENES
from points.server import redis_server

#: So many points are one piece of work.
_SHARE = 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="make points", description="Strike at every command of every scene.")
    parser.add_argument("--scene", action="append", choices=list(SCENES), help="only this one; may be given again")
    parser.add_argument("--seed", type=int, default=0, help="seed of the order in which actors speak (default 0)")
    parser.add_argument("--pairs", type=int, default=60, help="how many plays with two faults a scene (default 60)")
    parser.add_argument("--sample", type=int, help="only so many crash points, drawn by the seed from all of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="each has its own Redis")
    parser.add_argument("--point", help="play this one only, as it was printed")
    parser.add_argument("--write", action="store_true", help="write the result to docs/reliability.md")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if options.point is not None:
        return _explain(options.point)
    began = time.monotonic()
    scenes = options.scene or list(SCENES)
    single, pairs = _points(scenes, options.seed, options.pairs)
    whole = len(single)
    if options.sample is not None:
        single = Random(options.seed).sample(single, min(options.sample, whole))
    tally = _play_all([*single, *pairs], options.processes)
    for point in tally.violations:
        print(f"violation: make points ARGS='--point \"{point}\"'")
    for point in tally.missed:
        print(f"{point}: its fault met no command: the play is not the same each time")
    # A few points of a scene may well meet nothing.
    vacuous = [] if options.sample is not None or (options.pairs == 0 and options.scene) else tally.vacuous()
    for scene in vacuous:
        print(f"{scene}: vacuous: no report was stale, nothing taken over, nothing read again")
    result = _result(tally, (len(single), whole), len(pairs), options.seed, time.monotonic() - began)
    print(result)
    if tally.violations or tally.missed or vacuous:
        return 1
    if options.write:
        write_section("crash points", result)
    return 0


def _points(scenes: Sequence[str], seed: int, pairs: int) -> tuple[list[Point], list[Point]]:
    single: list[Point] = []
    double: list[Point] = []
    with redis_server() as path:
        for scene in scenes:
            steps = faultless(path, scene, seed).steps
            single += points_of(scene, seed, steps)
            double += pairs_of(scene, seed, steps, pairs)
    return single, double


def _play_all(points: Sequence[Point], processes: int) -> Tally:
    tally = Tally()
    shares = [points[start : start + _SHARE] for start in range(0, len(points), _SHARE)]
    with (
        tempfile.TemporaryDirectory(prefix="exo-points-", ignore_cleanup_errors=True) as folder,
        multiprocessing.get_context("spawn").Pool(processes, _begin) as pool,
    ):
        for found in pool.imap_unordered(partial(_play_share, Path(folder)), shares):
            tally.merge(found)
            for point, lines in found.violations.items():
                print(f"\n{point}\n  " + "\n  ".join(lines), flush=True)
            print(
                f"{tally.points:,} of {len(points):,} points, {len(tally.violations)} violations",
                file=sys.stderr,
                flush=True,
            )
    return tally


def _begin() -> None:
    """What a killed actor leaves open says so when it is collected: that is no news."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def _play_share(folder: Path, points: Sequence[Point]) -> Tally:
    tally = Tally()
    with redis_server() as path:
        for point in points:
            tally.add(point, play(path, SCENES[point.scene], point.faults, point.seed))
    return tally


def _explain(text: str) -> int:
    point = Point.read(text)
    with redis_server() as path:
        played = play(path, SCENES[point.scene], point.faults, point.seed)
    struck = {(fault.actor, fault.index): fault.mode for fault in played.struck}
    for step in played.steps:
        mode = struck.get((step.actor, step.index))
        print(f"{step.actor:6} {step.index:4} {step.name}" + (f"   <- {mode}" if mode else ""))
    print(f"met: {played.branches}")
    print("\n".join(played.violations) or "no violation")
    return 1 if played.violations else 0


def _result(tally: Tally, single: tuple[int, int], pairs: int, seed: int, seconds: float) -> str:
    day = datetime.now(UTC).date().isoformat()
    server = subprocess.run(
        [redis_server_binary(), "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[2]
    met: dict[str, int] = {}
    for branches in tally.branches.values():
        for branch, times in branches.items():
            met[branch] = met.get(branch, 0) + times
    rows = {
        "scenes": f"{len(tally.scenes)}",
        "crash points": f"{single[0]:,}" if single[0] == single[1] else f"{single[0]:,}, drawn from {single[1]:,}",
        "plays with a second fault": f"{pairs:,}",
        "faults by kind": ", ".join(
            f"{name.lower().replace('_', ' ')} {count:,}" for name, count in tally.modes.items()
        ),
        "met on the way": ", ".join(
            f"{name} {count:,}" for name, count in sorted(met.items(), key=lambda item: -item[1])
        ),
        "violations": f"{len(tally.violations)}",
        "seed": f"{seed}",
        "wall time": f"{seconds / 60:.1f} min",
    }
    head = f"`make points` on {day}: Python {platform.python_version()}, Redis {server.removeprefix('v=')}."
    return "\n".join(
        [head, "", "| what | how many |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows.items())]
    )


if __name__ == "__main__":
    sys.exit(main())
