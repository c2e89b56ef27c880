"""docs/telemetry.md says what is told, and nothing else."""

import json
import logging
import re
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from api.telemetry_page import metrics_table
from api.test_monitoring import Told, told, told_texts
from exosphere_core.logs import About, JsonLines

__all__ = ["told", "told_texts"]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "telemetry.md").read_text()
SPANS = (ROOT / "sdk" / "exosphere_otel" / "spans.py").read_text()


@pytest.mark.parametrize("part", ["state manager", "worker", "background"])
def test_the_table_of_metrics_is_what_its_processes_tell(told_texts: dict[str, str], part: str) -> None:
    table = metrics_table(told_texts[part])
    assert table in PAGE, f"docs/telemetry.md has to say of the {part}:\n\n{table}"


def test_no_metric_is_named_that_nobody_tells(told: Told) -> None:
    named = set(re.findall(r"\bexosphere_[a-z_]+", PAGE)) - {"exosphere_otel"}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in told} | set(told)
    assert named <= families


def test_every_attribute_of_a_span_is_on_the_page_and_no_other() -> None:
    drawn = set(re.findall(r'"(exosphere\.[a-z_]+)"', SPANS))
    assert drawn == set(re.findall(r"`(exosphere\.[a-z_]+)`", PAGE))


def test_every_field_of_a_line_that_tells_what_it_is_about_is_on_the_page() -> None:
    told_of = {*About._fields, "time", "level", "logger", "message", "exception", "request_id", "trace_id", "span_id", "part"}  # fmt: skip
    section = PAGE[PAGE.index("## Logs") :]
    assert told_of == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_the_line_that_the_page_shows_is_one_that_is_written() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    fields = json.loads(shown)
    record = logging.LogRecord(fields["logger"], logging.WARNING, "nodes.py", 1, fields["message"], (), None)
    record.created = datetime.fromisoformat(fields["time"]).timestamp()
    vars(record).update({name: fields[name] for name in About._fields})
    assert JsonLines().format(record) + "\n" == shown


def test_the_extra_and_the_entry_point_that_the_page_names_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "otel" in project["optional-dependencies"]
    assert '"exosphere-redis[otel]"' in PAGE
    assert project["entry-points"]["opentelemetry_instrumentor"]["exosphere"] == "exosphere_otel:ExosphereInstrumentor"
    assert "from exosphere_otel import ExosphereInstrumentor" in PAGE
