"""The power losses of `make points`: files torn at every byte of each script, and whole plays that go on after a cut."""

import argparse
import logging
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from points.page import write_section
from points.power import PLAYED, SCRIPTED, Block, blocks_of_all, play_cut, power_points, torn
from points.power_server import AsDeployed, AsEmbedded, Bare, remove

#: So many cuts are one piece of work.
_SHARE = 25

_KINDS: dict[str, type[Bare]] = {"as the embedded server": AsEmbedded, "as deployed": AsDeployed}


class Cuts(NamedTuple):
    """Places at which what one command wrote is torn."""

    kind: str
    block: Block
    kept: Sequence[int]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="power losses", description="Tear the append-only file, and start Redis twice."
    )
    parser.add_argument(
        "--bytes", type=int, default=0, help="how many bytes of each script, evenly spread (default: all)"
    )
    parser.add_argument("--plays", type=int, default=8, help="how many whole plays of each scene (default 8)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="write the result to docs/reliability.md")
    options = parser.parse_args()
    _begin()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="exo-power-", ignore_cleanup_errors=True) as folder,
        multiprocessing.get_context("spawn").Pool(options.processes, _begin) as pool,
    ):
        blocks = blocks_of_all(Path(folder) / "recorded", SCRIPTED)
        shares = [cuts for block in blocks.values() for cuts in _cuts(block, options.bytes)]
        wrong: list[str] = []
        for done, found in enumerate(pool.imap_unordered(partial(_tear, Path(folder)), shares), start=1):
            wrong += found
            print(f"{done} of {len(shares)} shares of cuts, {len(wrong)} violations", file=sys.stderr, flush=True)
        plays = list(power_points(PLAYED, options.plays, options.seed))
        numbered = [(number, options.seed, *play) for number, play in enumerate(plays)]
        happened = 0
        for fell, lines in pool.imap_unordered(partial(_play, Path(folder)), numbered):
            happened += fell
            wrong += lines
    torn_at = sum(len(cuts.kept) for cuts in shares)
    print("\n".join(wrong))
    result = "\n".join([
        "| what | how many |", "|---|---|",
        f"| scripts and commands torn | {len(blocks)}: {', '.join(sorted(blocks))} |",
        f"| cuts, two restarts each | {torn_at:,}, half of them each way of starting |",
        f"| whole plays through a power loss | {happened:,} |",
        f"| violations | {len(wrong)} |",
        f"| wall time | {(time.monotonic() - began) / 60:.1f} min |",
    ])  # fmt: skip
    print(result)
    if wrong or not happened:
        return 1
    if options.write:
        write_section("power loss", result)
    return 0


def _begin() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def _cuts(block: Block, count: int) -> Iterator[Cuts]:
    size = len(block.written) - block.start
    places = (
        range(1, size + 1) if not count else sorted({1 + n * (size - 1) // max(1, count - 1) for n in range(count)})
    )
    kept = [block.start + place for place in places]
    for kind in _KINDS:
        for start in range(0, len(kept), _SHARE):
            yield Cuts(kind, block, kept[start : start + _SHARE])


def _tear(folder: Path, cuts: Cuts) -> list[str]:
    server = _KINDS[cuts.kind](Path(tempfile.mkdtemp(dir=folder)))
    try:
        return [f"started {cuts.kind}: {why}" for kept in cuts.kept if (why := torn(server, cuts.block, kept))]
    finally:
        remove(server)


def _play(folder: Path, point: tuple[int, int, str, int, bool, bool]) -> tuple[bool, list[str]]:
    number, seed, scene, at, always, survivors = point
    played, cut = play_cut(folder / f"play-{number}", scene, at, always=always, survivors=survivors, seed=seed)
    where = f"{scene}, power fails at command {at}, always={always}, survivors={survivors}, seed {seed}"
    return cut.happened, [f"{where}: {line}" for line in played.violations]


if __name__ == "__main__":
    sys.exit(main())
