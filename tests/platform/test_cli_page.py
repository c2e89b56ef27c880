"""docs/cli.md tells of every command what the code does."""

import runpy
from pathlib import Path
from typing import Any

import click
import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKER: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("cli_page.py")))


def test_the_page_is_up_to_date() -> None:
    assert MAKER["page"]() == (ROOT / "docs" / "cli.md").read_text(), (
        "write it anew: python tests/platform/cli_page.py > docs/cli.md"
    )


@pytest.mark.parametrize(("path", "command"), [pytest.param(*one, id=one[0]) for one in MAKER["commands"]()])
def test_every_command_and_option_has_a_help_text(path: str, command: Any) -> None:
    assert command.help
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, f"{path} {option.opts}"


def test_every_command_that_lists_or_shows_has_formats() -> None:
    for path, command in MAKER["commands"]():
        if path.split()[-1] in ("list", "show", "versions", "firings", "tree", "wait", "validate", "diff", "doctor"):
            options = {option.name: option for option in command.params}
            assert list(options["output"].type.choices) == ["table", "json", "yaml"], path
