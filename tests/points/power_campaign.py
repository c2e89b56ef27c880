"""The power losses of `make points`: files torn at every byte of each script, and whole plays that go on after a cut."""

import argparse
import logging
import multiprocessing
import os
import platform
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from exosphere_orchestrator.embedded.binary import find_server
from points.page import write_section
from points.power import SCRIPTED, Block, largest, record, torn
from points.power_cut import PLAYED, PowerPoint, play_cut, power_points
from points.power_server import AsDeployed, AsEmbedded, Bare, remove

#: So many cuts are one piece of work.
_SHARE = 25

_KINDS: dict[str, type[Bare]] = {"as the embedded server": AsEmbedded, "as deployed": AsDeployed}

#: How a server is started, and its `appendfsync`.
_WAYS = [(kind, setting) for kind in _KINDS for setting in ("always", "everysec")]


class Cuts(NamedTuple):
    """Places at which what one command wrote is torn."""

    kind: str
    appendfsync: str
    block: Block
    kept: Sequence[int]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="power losses", description="Tear the append-only file, and start Redis twice."
    )
    scenes = dict.fromkeys((*SCRIPTED, *PLAYED))
    parser.add_argument("--scene", action="append", choices=list(scenes), help="only this one; may be given again")
    parser.add_argument(
        "--bytes",
        type=int,
        default=0,
        help="how many bytes of each script, evenly spread (default: all, but in long values)",
    )
    parser.add_argument(
        "--ways",
        type=int,
        default=1,
        choices=range(1, 5),
        help="in how many of the four ways each byte is cut (default 1)",
    )
    parser.add_argument(
        "--random", type=int, default=100, help="how many bytes of all that a scene writes (default 100)"
    )
    parser.add_argument("--plays", type=int, default=8, help="how many whole plays of each scene (default 8)")
    parser.add_argument("--seed", type=int, default=0)
    # Mostly they wait, for servers that start and files that are written anew.
    parser.add_argument("--processes", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--write", action="store_true", help="write the result to docs/reliability.md")
    options = parser.parse_args()
    _begin()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="exo-power-", dir=_memory(), ignore_cleanup_errors=True) as folder,
        multiprocessing.get_context("spawn").Pool(options.processes, _begin) as pool,
    ):
        recorded = {
            scene: record(Path(folder) / f"recorded-{n}", scene)
            for n, scene in enumerate(SCRIPTED)
            if _is_chosen(scene, options)
        }
        blocks = largest(block for found in recorded.values() for block in found)
        last = [cuts for block in blocks.values() for cuts in _cuts(block, options)]
        anywhere = [cuts for scene, found in recorded.items() for cuts in _anywhere(scene, found, options)]
        shares = last + anywhere
        wrong: list[str] = []
        for done, found in enumerate(pool.imap_unordered(partial(_tear, Path(folder)), shares), start=1):
            wrong += found
            if done % 20 == 0 or found:
                print(f"{done} of {len(shares)} shares of cuts, {len(wrong)} violations", file=sys.stderr, flush=True)
        torn_s = time.monotonic() - began
        plays = list(
            power_points([scene for scene in PLAYED if _is_chosen(scene, options)], options.plays, options.seed)
        )
        happened = 0
        for fell, lines in pool.imap_unordered(partial(_play, Path(folder)), enumerate(plays)):
            happened += fell
            wrong += lines
        aimed = sum(isinstance(point.at, str) for point in plays)
    print("\n".join(wrong))
    result = "\n".join([
        _head(options), "",
        "| what | how many |", "|---|---|",
        f"| scripts and commands torn | {len(blocks)}: {', '.join(sorted(blocks))} |",
        f"| what they wrote | {sum(block.size for block in blocks.values()):,} bytes |",
        f"| cuts inside these, two restarts each | {_total(last):,}: {_by_way(last)} |",
        f"| cuts at random bytes of all that {len(recorded)} scenes write, two restarts each | {_total(anywhere):,} |",
        f"| whole plays through a power loss | {happened:,}, {aimed} of them at `lay_down` or the `join` behind it |",
        f"| violations | {len(wrong)} |",
        f"| wall time | {torn_s / 60:.1f} min for the cuts, {(time.monotonic() - began - torn_s) / 60:.1f} min for the plays |",
    ])  # fmt: skip
    print(result)
    if wrong or (plays and not happened):
        return 1
    if options.write:
        write_section("power loss", result)
    return 0


def _is_chosen(scene: str, options: argparse.Namespace) -> bool:
    return not options.scene or scene in options.scene


def _memory() -> str | None:
    """A folder in memory, where there is one: what is not in the file was cut off, whatever a disk would have done."""
    shared = "/dev/shm"
    return shared if os.access(shared, os.W_OK) else None


def _head(options: argparse.Namespace) -> str:
    words = [
        f"--{name} {value}"
        for name, value in vars(options).items()
        if name in ("bytes", "ways", "random", "plays", "seed")
    ]
    words += [f"--scene '{scene}'" for scene in options.scene or ()]
    day = datetime.now(UTC).date().isoformat()
    return (
        f'`make points POWER_ARGS="{" ".join(words)}"` on {day}: Python {platform.python_version()}, {find_server()}.'
    )


def _total(shares: Sequence[Cuts]) -> int:
    return sum(len(cuts.kept) for cuts in shares)


def _by_way(shares: Sequence[Cuts]) -> str:
    ways: Counter[str] = Counter()
    for cuts in shares:
        ways[f"started {cuts.kind} with `{cuts.appendfsync}`"] += len(cuts.kept)
    return ", ".join(f"{count:,} {way}" for way, count in ways.items())


def _begin() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def _cuts(block: Block, options: argparse.Namespace) -> Iterator[Cuts]:
    """Each place is cut in so many of the ways, and neighbours in different ones."""
    places: Sequence[int] = block.places(Random(f"{block.kind} {options.seed}"))
    if options.bytes:
        last = len(places) - 1
        places = sorted({places[n * last // max(1, options.bytes - 1)] for n in range(options.bytes)})
    for number, (kind, setting) in enumerate(_WAYS):
        kept = [block.start + place for n, place in enumerate(places) if (n + number) % len(_WAYS) < options.ways]
        for start in range(0, len(kept), _SHARE):
            yield Cuts(kind, setting, block, kept[start : start + _SHARE])


def _anywhere(scene: str, recorded: Sequence[Block], options: argparse.Namespace) -> Iterator[Cuts]:
    """Any byte that a scene writes is as likely as another; it plays in less than 2 s."""
    draws = Random(f"{scene} {options.seed}")
    for n, block in enumerate(draws.choices(recorded, [block.size for block in recorded], k=options.random)):
        yield Cuts(*_WAYS[n % len(_WAYS)], block, [block.start + draws.randint(1, block.size)])


def _tear(folder: Path, cuts: Cuts) -> list[str]:
    server = _KINDS[cuts.kind](Path(tempfile.mkdtemp(dir=folder)), cuts.appendfsync)
    try:
        return [f"started {cuts.kind}: {why}" for kept in cuts.kept if (why := torn(server, cuts.block, kept))]
    finally:
        remove(server)


def _play(folder: Path, numbered: tuple[int, PowerPoint]) -> tuple[bool, list[str]]:
    number, point = numbered
    played, cut = play_cut(folder / f"play-{number}", point)
    lines = [f"{point}: {line}" for line in played.violations]
    if isinstance(point.at, str) and not cut.happened:
        lines.append(f"{point}: vacuous: nobody sent {point.at}")
    return cut.happened, lines


if __name__ == "__main__":
    sys.exit(main())
