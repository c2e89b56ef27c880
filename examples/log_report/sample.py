"""Log files to try the example on: a day of three services, the same each time."""

import random
from datetime import datetime, timedelta
from pathlib import Path


def write_sample(directory: Path) -> None:
    """Write three files into an empty directory, which is made."""
    directory.mkdir()
    dice = random.Random(7)
    for service in ("billing", "gateway", "search"):
        at, lines = datetime(2026, 1, 31), []
        while at.day == 31:
            level = dice.choices(("INFO", "WARNING", "ERROR"), (90, 8, 2 + at.hour // 4))[0]
            lines.append(f"{at:%Y-%m-%d %H:%M:%S},000 {level} {service} request {dice.getrandbits(32):08x}\n")
            at += timedelta(seconds=dice.randint(5, 120))
        (directory / f"{service}.log").write_text("".join(lines), encoding="utf-8")
