"""Lines of this command line among those of its processes, where the logs are JSON."""

import json
import time
from collections.abc import Callable

from exosphere_core.logs import json_line, writes_json


def as_json(line: str, part: str) -> str:
    """Spell a line that a part wrote as JSON, its name in the field `part`. What is JSON already keeps its fields."""
    if line.startswith("{"):
        try:
            fields = json.loads(line)
        except ValueError:
            fields = None
        if isinstance(fields, dict):
            return json.dumps({**fields, "part": part}, ensure_ascii=False)
    return json_line(time.time(), "exosphere.cli", line, {"part": part})


def spelled(write: Callable[[str], None], part: str) -> Callable[[str], None]:
    """Return what writes a line, as JSON where the logs are.

    Raises:
        ConfigurationError: the environment names no format of logs.
    """
    return (lambda line: write(as_json(line, part))) if writes_json() else write
