"""Take the oldest day that nobody has summarised; summarise it."""

import re
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from exospherehost import BaseNode, PruneSignal

NAMESPACE: Final = "nightly"

#: The name of a day's log.
LOG_OF_A_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d\.log")
_ERROR: Final = re.compile(rb"\b(?:ERROR|CRITICAL|FATAL)\b")


def days_of(directory: Path) -> list[str]:
    """Return the days of which a directory has a log, in order."""
    return sorted(path.stem for path in directory.iterdir() if LOG_OF_A_DAY.fullmatch(path.name))


class TakeDay(BaseNode):
    """Claims one day. A run is not told for which night it is: nights that are made up come all at once.

    So each takes the oldest day that is left, and the file system decides between two that want the same.
    """

    class Inputs(BaseModel):
        directory: str
        summaries: str

    class Outputs(BaseModel):
        day: str

    def execute(self) -> Outputs:
        for day in days_of(Path(self.inputs.directory)):
            claim = Path(self.inputs.summaries) / f"{day}.taken"
            try:
                with open(claim, "x", encoding="utf-8") as file:
                    file.write(self.idempotency_key)
            except FileExistsError:
                # Another delivery of this state may have made the claim, and died.
                if claim.read_text(encoding="utf-8") != self.idempotency_key:
                    continue
            return self.Outputs(day=day)
        raise PruneSignal({"reason": "every day is taken"})


class Summarise(BaseNode):
    """Counts the errors of a day."""

    class Inputs(BaseModel):
        directory: str
        summaries: str
        day: str

    class Outputs(BaseModel):
        summary: str

    def execute(self) -> Outputs:
        lines = (Path(self.inputs.directory) / f"{self.inputs.day}.log").read_bytes().splitlines()
        errors = sum(1 for line in lines if _ERROR.search(line))
        summary = f"{self.inputs.day}: {errors} errors in {len(lines)} lines"
        (Path(self.inputs.summaries) / f"{self.inputs.day}.txt").write_text(f"{summary}\n", encoding="utf-8")
        return self.Outputs(summary=summary)
