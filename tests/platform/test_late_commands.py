"""A command imports what it needs, and nothing that the others need."""

import subprocess
import sys

import pytest
from click import Command, Context

from exosphere_cli.main import cli

#: Named together in the help.
CLIENT_COMMANDS = ("graph", "run", "schedule", "node", "queue", "runtime", "key", "rejected")


def test_every_command_that_is_listed_can_be_imported_under_its_name() -> None:
    names = cli.list_commands(Context(cli))
    assert names
    for name in names:
        command = cli.get_command(Context(cli), name)
        assert isinstance(command, Command)
        assert command.name == name
        assert f"exosphere {name}" in (cli.help or "") or name in CLIENT_COMMANDS


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("--version", "exosphere_core.client"),
        ("dev", "pydantic"),
        ("server", "rich"),
        ("background", "httpx"),
        ("graph", "fastapi"),
    ],
)
def test_a_command_starts_without_what_only_others_need(command: str, needless: str) -> None:
    code = (
        "import sys; from exosphere_cli.main import cli; "
        f"cli.main([{command!r}, '--help'], standalone_mode=False); sys.exit({needless!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60).returncode == 0
