"""What `exosphere dev` shows of its parts."""

import json

import pytest

from exosphere_cli.dev_output import DevOutput
from exosphere_core.logs import FORMAT_VARIABLE

KEY = "exo-key-of-this-directory"


def test_where_logs_are_json_each_line_is_an_object_and_the_welcome_tells_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(FORMAT_VARIABLE, "json")
    output = DevOutput(("dev", "server"))
    output.welcome("http://127.0.0.1:8000", KEY, "redis 7 in .exosphere", ["nodes:runtime"])
    output.printer("server")('{"time": "now", "message": "ready"}')
    output.printer("dev")("server ended with exit code 1; starting it again in 0.5 s")
    shown = capsys.readouterr().out
    lines = [json.loads(line) for line in shown.splitlines()]
    assert [line["part"] for line in lines] == ["dev", "server", "dev"]
    assert "http://127.0.0.1:8000" in lines[0]["message"]
    assert lines[1] == {"time": "now", "message": "ready", "part": "server"}
    assert lines[2]["message"].startswith("server ended")
    assert KEY not in shown


def test_else_each_line_has_the_name_of_its_part_before_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(FORMAT_VARIABLE, raising=False)
    DevOutput(("dev", "server")).printer("dev")("hello")
    assert capsys.readouterr().out == "dev    | hello\n"
