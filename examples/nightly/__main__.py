"""`python -m examples.nightly [DIRECTORY]`: a week of nights in a second, three of them with the machine off."""

import importlib.util
import random
import sys
import tempfile
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from examples.nightly.nodes import NAMESPACE, Summarise, TakeDay, days_of
from exospherehost import CronTrigger, GraphNodeModel, StoreConfigModel

ZONE: Final = "Europe/Paris"
#: What becomes of missed nights, one week each.
POLICIES: Final = ("all", "latest", "none")
_DAY: Final = timedelta(days=1)

NODES: Final = [
    GraphNodeModel(
        node_name="TakeDay",
        namespace=NAMESPACE,
        identifier="take",
        inputs={"directory": "${{ store.directory }}", "summaries": "${{ store.summaries }}"},
        next_nodes=["summarise"],
    ),
    GraphNodeModel(
        node_name="Summarise",
        namespace=NAMESPACE,
        identifier="summarise",
        inputs={
            "directory": "${{ store.directory }}",
            "summaries": "${{ store.summaries }}",
            "day": "${{ take.outputs.day }}",
        },
    ),
]


def write_sample(directory: Path) -> None:
    """Write the logs of a week."""
    directory.mkdir()
    dice, at = random.Random(7), datetime(2026, 3, 23)
    while at < datetime(2026, 3, 30):
        level = dice.choices(("INFO", "WARNING", "ERROR"), (90, 8, 2))[0]
        with open(directory / f"{at:%Y-%m-%d}.log", "a", encoding="utf-8") as log:
            log.write(f"{at:%Y-%m-%d %H:%M:%S} {level} request {dice.getrandbits(32):08x}\n")
        at += timedelta(seconds=dice.randint(60, 900))


def play(directory: Path, summaries: Path, catchup: str) -> None:
    """Print what a schedule with this policy does in the week after the first day of the logs."""
    # Imported only now: it needs the extra `testing`.
    from exospherehost.testing import run_schedules

    days, zone = days_of(directory), ZoneInfo(ZONE)
    first = datetime.combine(datetime.fromisoformat(days[0]), time(12), zone)
    off = (first + 2 * _DAY, first + 5 * _DAY)
    summaries.mkdir()
    print(f"catchup: {catchup}; the machine is off from {off[0]:%a %d %H:%M} to {off[1]:%a %d %H:%M}")
    for firing in run_schedules(
        NODES,
        [TakeDay, Summarise],
        # A schedule gives its runs no store of their own: what they need are the defaults of the graph.
        store_config=StoreConfigModel(default_values={"directory": str(directory), "summaries": str(summaries)}),
        triggers=[CronTrigger(expression="30 2 * * *", timezone=ZONE, catchup=catchup)],
        begins=first,
        ends=first + 7 * _DAY,
        off=[off],
    ):
        due, fired = firing.due_at.astimezone(zone), firing.fired_at.astimezone(zone)
        since = f"{firing.since.astimezone(zone):%a %d} to " if firing.since else ""
        when = f"made up {fired:%a %d %H:%M}" if firing.late else "on time"
        if firing.run is None:
            told = f"skipped {fired:%a %d %H:%M}, {firing.skipped or firing.error}"
        elif firing.run.state("take").status == "PRUNED":
            told = f"{when}, nothing left to do"
        elif firing.run.succeeded:
            told = f"{when}, {firing.run.outputs('summarise')['summary']}"
        else:
            sys.exit(f"error: {firing.run!r}")
        print(f"  {since}{due:%a %d %H:%M}  {told}")
    done = sorted(path.stem for path in summaries.glob("*.txt"))
    print(f"  {len(done)} of {len(days)} days are summarised")


def main() -> None:
    """Play the week with each policy."""
    if importlib.util.find_spec("fakeredis") is None:
        sys.exit('error: this example needs exospherehost.testing: pip install "exosphere-redis[examples]"')
    with tempfile.TemporaryDirectory(prefix="exosphere-") as scratch:
        directory = Path(sys.argv[1] if len(sys.argv) > 1 else Path(scratch) / "logs").absolute()
        if len(sys.argv) < 2:
            write_sample(directory)
        if not directory.is_dir() or not days_of(directory):
            sys.exit(f"error: {directory} has no logs with names such as 2026-03-23.log")
        print(f"A week of nights, each at 02:30 in {ZONE}")
        for catchup in POLICIES:
            play(directory, Path(scratch) / catchup, catchup)


if __name__ == "__main__":
    main()
