"""`make fuzz`: schemathesis plays the description of the API against a state manager, with every check on; and what no honest
runtime writes is written to the report streams.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from api.service import KEY, Service, Space, one
from conftest import die_with_driver
from fuzz.reports import ReportFuzz
from points.page import write_section
from redis_servers import RedisServer

ROOT = Path(__file__).resolve().parents[2]
_CONFIG = Path(__file__).parent / "schemathesis.toml"

#: In an environment of its own: as a plugin of pytest it would slow down every test.
_TOOL = str(Path(sys.executable).parents[1] / "fuzz" / "bin" / "st")

#: What the campaign must come to; one that plays less has met too little.
_LEAST_CASES = 20_000

#: How many entries of report streams one namespace gets.
_REPORTS_EACH = 1000

_COUNT = re.compile(r"([\d,]+) generated")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make fuzz", description="Send the API whatever its description allows, and what it does not."
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--examples", type=int, default=300, help="the most cases that each phase makes of an operation"
    )
    parser.add_argument("--least", type=int, default=_LEAST_CASES, help="fewer cases are a failure")
    parser.add_argument("--reports", type=int, default=20_000, help="how many entries are written to report streams")
    parser.add_argument("--write", action="store_true", help="write the result to docs/security.md")
    options = parser.parse_args()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="exo-fuzz-") as folder,
        RedisServer(Path(folder) / "redis") as redis,
        # A stream of events of a run that goes on would have no end.
        Service(redis.url, max_watch_ms=20) as service,
    ):
        put_aside = play_reports(service, options.seed, options.reports)
        populate(Space(service, "default"))
        command = [
            _TOOL, f"--config-file={_CONFIG}", "run",
            str(service.http.base_url.join("/openapi.json")), "--header", f"x-api-key: {KEY}", "--checks", "all",
            "--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure",
            "--max-examples", str(options.examples), "--seed", str(options.seed),
        ]  # fmt: skip
        played = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            preexec_fn=die_with_driver,
        )  # fmt: skip
        alive = service.http.get("/readyz").status_code == 200
    print(played.stdout)
    found = _COUNT.search(played.stdout)
    cases = int(found[1].replace(",", "")) if found else 0
    failed = played.returncode != 0 or not alive or cases < options.least
    if cases < options.least:
        print(f"{cases:,} cases were played; fewer than {options.least:,} tell too little")
    if options.write and not failed:
        write_section("fuzz", _told(options, cases, put_aside, time.monotonic() - began), ROOT / "docs" / "security.md")
    return 1 if failed else 0


def play_reports(service: Service, seed: int, count: int) -> int:
    """Play entries of report streams. Returns how many were put aside. Raises AssertionError when anything goes wrong."""
    sizes = [min(_REPORTS_EACH, count - start) for start in range(0, count, _REPORTS_EACH)]
    put_aside = sum(
        ReportFuzz(service, f"reports-{number}", seed * 1_000_000 + number).play(size).put_aside
        for number, size in enumerate(sizes)
    )
    print(f"{count:,} entries of report streams: {put_aside:,} were put aside, and nothing failed", flush=True)
    return put_aside


def populate(space: Space) -> None:
    """Let there be a graph, a run that has ended and one that goes on: cases that name them come further."""
    space.chain()
    space.run_chain()
    space.trigger()
    space.do("First", one(v="1"))


def _told(options: argparse.Namespace, cases: int, put_aside: int, seconds: float) -> str:
    version = subprocess.run([_TOOL, "--version"], capture_output=True, text=True, check=True).stdout
    command = f'make fuzz ARGS="--seed {options.seed} --examples {options.examples}"'
    return (
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d} ({os.cpu_count()} cores, Python {platform.python_version()}, "
        f"schemathesis {version.split()[-1]}): {cases:,} cases over all operations in {seconds / 60:.1f} min, every check "
        "on: no answer 5xx, none of an undocumented status, type or form, no call answered without its key. "
        f"{options.reports:,} forged and broken entries of report streams: {put_aside:,} put aside, the others of no effect or of "
        "that of a report; nothing crashed, nothing stayed pending, and the honest runs beside them ended as they should."
    )


if __name__ == "__main__":
    sys.exit(main())
