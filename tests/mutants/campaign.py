"""`make mutants`: breaks a copy of the tree in each way of the table, and sees whether the tests notice."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from conftest import die_with_driver
from mutants.table import MUTANTS, Mutant
from points.page import write_section

ROOT = Path(__file__).resolve().parents[2]

#: What the tests need.
_COPIED = (
    "sdk",
    "worker",
    "orchestrator",
    "tests",
    "examples",
    "deploy",
    "docs",
    "bench",
    "pyproject.toml",
    "README.md",
    "Makefile",
)

#: Longer than any file of tests takes, in s. A test that hangs has noticed, too, but says nothing.
_BOUND_S = 400

#: What pytest says when tests failed; other numbers tell that none was run.
_TESTS_FAILED = 1


class Fate(NamedTuple):
    """What became of a mutant: `noticed_by` is the first test that failed, empty when none did."""

    mutant: Mutant
    noticed_by: str
    trouble: str


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make mutants", description="Break the protocol, and see whether a test fails."
    )
    parser.add_argument("--only", help="only mutants whose name has this text in it")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="so many at a time")
    parser.add_argument("--write", action="store_true", help="write the result to docs/reliability.md")
    options = parser.parse_args()
    began = time.monotonic()
    chosen = [mutant for mutant in MUTANTS if not options.only or options.only in mutant.name]
    whole = _healthy(chosen)
    if whole:
        print(f"the tests fail without a mutant:\n{whole}")
        return 1
    with ThreadPoolExecutor(options.processes) as pool:
        fates = []
        for fate in pool.map(_try, chosen):
            fates.append(fate)
            print(f"{fate.mutant.name}: {fate.noticed_by or 'SURVIVES'} {fate.trouble}", flush=True)
    survivors = [fate for fate in fates if not fate.noticed_by]
    result = _result(fates, time.monotonic() - began)
    print(result)
    if survivors:
        return 1
    if options.write:
        write_section("mutants", result)
    return 0


def applied(text: str, mutant: Mutant) -> str:
    """Return the file's text with the breakage.

    Raises:
        ValueError: the old text does not stand there exactly once.
    """
    found = text.count(mutant.old)
    if found != 1:
        raise ValueError(f"mutant {mutant.name!r}: its old text stands {found} times in {mutant.file}")
    return text.replace(mutant.old, mutant.new)


def _healthy(mutants: Sequence[Mutant]) -> str:
    """Run all tests of the table on an unbroken copy. Returns what failed, or ""."""
    with tempfile.TemporaryDirectory(prefix="exo-mutant-", ignore_cleanup_errors=True) as folder:
        tree = _copy(Path(folder))
        done = _run(tree, sorted({test for mutant in mutants for test in mutant.tests}))
        return "" if done.returncode == 0 else done.stdout[-3000:]


def _try(mutant: Mutant) -> Fate:
    with tempfile.TemporaryDirectory(prefix="exo-mutant-", ignore_cleanup_errors=True) as folder:
        tree = _copy(Path(folder))
        file = tree / mutant.file
        file.write_text(applied(file.read_text(), mutant))
        try:
            done = _run(tree, mutant.tests)
        except subprocess.TimeoutExpired:
            return Fate(mutant, "", "its tests hang")
        failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED ")]
        if done.returncode == _TESTS_FAILED and failed:
            return Fate(mutant, failed[0].removeprefix("tests/"), "")
        return Fate(mutant, "", "" if done.returncode == 0 else done.stdout[-2000:])


def _copy(folder: Path) -> Path:
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


def _run(tree: Path, tests: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join(str(tree / part) for part in ("sdk", "worker", "orchestrator"))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests],
        cwd=tree, env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_BOUND_S, check=False, preexec_fn=die_with_driver,
    )  # fmt: skip


def _result(fates: Sequence[Fate], seconds: float) -> str:
    day = datetime.now(UTC).date().isoformat()
    caught = sum(bool(fate.noticed_by) for fate in fates)
    head = f"`make mutants` on {day}: Python {platform.python_version()}, {caught} of {len(fates)} noticed, {seconds / 60:.1f} min."
    rows = [f"| {fate.mutant.name} | {_plain(fate.noticed_by) or 'nothing'} |" for fate in fates]
    return "\n".join([head, "", "| breakage | noticed first by |", "|---|---|", *rows])


def _plain(test: str) -> str:
    file, _, name = test.partition("::")
    return f"`{file}`: {name.partition('[')[0].removeprefix('test_').replace('_', ' ')}" if name else test


if __name__ == "__main__":
    sys.exit(main())
