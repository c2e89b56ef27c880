"""What long work shows of how far it has come."""

import io

import pytest
from rich.console import Console

from exosphere_cli import counting


def test_in_a_terminal_the_newest_text_is_shown_and_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=80)
    monkeypatch.setattr(counting, "console", lambda **_: terminal)
    with counting.counting() as show:
        show("looked at 7 runs")
        show("looked at [8] runs")
    assert "looked at [8] runs" in shown.getvalue()
    # The line is taken back.
    assert shown.getvalue().rstrip().endswith("\x1b[2K")


def test_elsewhere_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with counting.counting() as show:
        show("looked at 7 runs")
    assert capsys.readouterr() == ("", "")
