"""What a line of a log looks like."""

import json
import logging
import sys
from datetime import datetime
from typing import Any

import pytest

from exosphere_cli.json_output import as_json, spelled
from exosphere_core.errors import ConfigurationError
from exosphere_core.logs import ATTEMPT, FORMAT_VARIABLE, REQUEST_ID, About, JsonLines, writes_json

IDS = About("run-1", "state-1", "Loader", "2", "shop")


class Running:
    """Stands in for a delivery that is being executed."""

    def about(self) -> About:
        return IDS


def line_of(**fields: Any) -> dict[str, Any]:
    record = logging.LogRecord("my.logger", logging.WARNING, "file.py", 1, "all %s", ("well",), None)
    vars(record).update(fields)
    text = JsonLines().format(record)
    assert "\n" not in text
    line: dict[str, Any] = json.loads(text)
    return line


def test_a_line_is_one_object_with_its_time_in_utc_to_the_millisecond() -> None:
    line = line_of(created=1_700_000_000.25)
    assert line == {
        "time": "2023-11-14T22:13:20.250+00:00", "level": "WARNING", "logger": "my.logger", "message": "all well",
    }  # fmt: skip
    assert datetime.fromisoformat(line["time"]).timestamp() == 1_700_000_000.25


def test_an_exception_is_told_whole_in_the_one_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        line = line_of(exc_info=sys.exc_info())
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: two\nlines")


def test_ids_that_a_record_carries_are_told_and_others_of_its_attributes_are_not() -> None:
    line = line_of(run_id="r", state_id="s", node="N", attempt=3, namespace="ns", password="hush")
    assert {name: line[name] for name in About._fields} == {
        "run_id": "r", "state_id": "s", "node": "N", "attempt": "3", "namespace": "ns",
    }  # fmt: skip
    assert "hush" not in str(line)


def test_what_any_library_logs_while_a_node_is_executed_carries_its_ids_but_for_those_that_it_gives_itself() -> None:
    attempt, request = ATTEMPT.set(Running()), REQUEST_ID.set("q")
    try:
        line = line_of(node="Other")
    finally:
        ATTEMPT.reset(attempt)
        REQUEST_ID.reset(request)
    assert {name: line[name] for name in About._fields} == {**IDS.extra, "node": "Other"}
    assert line["request_id"] == "q"
    assert not set(About._fields) & set(line_of())


@pytest.mark.parametrize("given", ["xml", "JSON", "json "])
def test_a_format_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(FORMAT_VARIABLE, given)
    with pytest.raises(ConfigurationError, match=f"{FORMAT_VARIABLE} '{given}' is no format; use text or json"):
        writes_json()


@pytest.mark.parametrize(("given", "expected"), [(None, False), ("", False), ("text", False), ("json", True)])
def test_the_format_is_text_unless_json_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, given: str | None, expected: bool
) -> None:
    monkeypatch.delenv(FORMAT_VARIABLE, raising=False)
    if given is not None:
        monkeypatch.setenv(FORMAT_VARIABLE, given)
    assert writes_json() is expected


def test_lines_of_several_processes_name_their_part_and_those_that_are_json_keep_their_fields() -> None:
    assert json.loads(as_json('{"message": "a", "level": "ERROR"}', "server")) == {
        "message": "a", "level": "ERROR", "part": "server",
    }  # fmt: skip
    for text in ("plain", "{no json", "[1]", "{}x"):
        line = json.loads(as_json(text, "worker 1"))
        assert (line["message"], line["part"], line["level"]) == (text, "worker 1", "INFO")
        assert datetime.fromisoformat(line["time"]).tzinfo is not None


@pytest.mark.parametrize(("form", "expected"), [("text", "hello"), ("json", "{")])
def test_lines_are_spelled_as_the_environment_asks(monkeypatch: pytest.MonkeyPatch, form: str, expected: str) -> None:
    monkeypatch.setenv(FORMAT_VARIABLE, form)
    shown: list[str] = []
    spelled(shown.append, "part")("hello")
    assert shown[0].startswith(expected)
