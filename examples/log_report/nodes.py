"""List the files, count the errors of one, make the table of all."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from exospherehost import BaseNode

NAMESPACE: Final = "logs"

#: Date and hour at the beginning of a line, and its level.
_ERROR: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):\d\d.*\b(?:ERROR|CRITICAL|FATAL)\b")


class ListLogs(BaseNode):
    """Fans out: one branch for each *.log file of a directory."""

    class Inputs(BaseModel):
        directory: str

    class Outputs(BaseModel):
        file: str

    def execute(self) -> list[Outputs]:
        files = sorted(Path(self.inputs.directory).glob("*.log"))
        if not files:
            raise ValueError(f"{self.inputs.directory} has no *.log files")
        return [self.Outputs(file=str(file)) for file in files]


class CountErrors(BaseNode):
    """Reads one file, line by line: it may be larger than memory."""

    class Inputs(BaseModel):
        file: str

    class Outputs(BaseModel):
        lines: str
        errors: str  #: JSON object: hour → how many

    def execute(self) -> Outputs:
        lines, errors = 0, Counter[str]()
        with open(self.inputs.file, encoding="utf-8", errors="replace") as text:
            for line in text:
                lines += 1
                if found := _ERROR.match(line):
                    errors[f"{found[1]} {found[2]}:00"] += 1
        return self.Outputs(lines=str(lines), errors=json.dumps(errors))


class MakeTable(BaseNode):
    """Unites the branches: both inputs are JSON arrays with one entry a file."""

    class Inputs(BaseModel):
        lines: str
        errors: str

    class Outputs(BaseModel):
        table: str

    def execute(self) -> Outputs:
        total = Counter[str]()
        for errors in json.loads(self.inputs.errors):
            total.update(json.loads(errors))
        lines = [int(count) for count in json.loads(self.inputs.lines)]
        rows = [f"{hour}  {count:>6}" for hour, count in sorted(total.items())]
        summary = f"{total.total()} errors in {sum(lines)} lines of {len(lines)} files"
        return self.Outputs(table="\n".join(["hour              errors", *rows, summary]))
