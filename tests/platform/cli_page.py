"""Writes docs/cli.md, the page of all commands, from the code: `python tests/platform/cli_page.py > docs/cli.md`."""

import ast
import inspect
from collections.abc import Iterator

import click

from exosphere_cli import exit_codes
from exosphere_cli.exit_codes import ExitCode
from exosphere_cli.main import cli

#: The options of every client command, told once.
SHARED = ("profile", "uri", "key", "namespace", "data_dir")

HEAD = """# The command line

Every command has `--help`. What a command answers is on standard output; notes, progress and errors are on standard error, an error as
one line that says what, where, and how to mend it. Text that comes from runs is printed without what could steer a terminal, and where
there is no terminal nothing is coloured, cut or redrawn.

This page is made of the code: `python tests/platform/cli_page.py > docs/cli.md`.

## Exit codes

| code | meaning |
|---|---|
{codes}
## Formats

Commands that list or show something have `-o table|json|yaml`. `table` is for people, and may change. `json` and `yaml` have every field, under
the names that the [HTTP API](openapi.json) gives them; a list is a list, and an empty one is `[]`.

```console
exosphere run list --status FAILED --after 1d -o json | jq -r '.[].run_id' | xargs -n 1 exosphere run retry
```

## Which server

Client commands have these options:

| option | meaning |
|---|---|
{shared}
Each of address, namespace and key is taken from the first of these that has it: its own flag; the profile that `--profile` names; the environment;
the profile that `EXOSPHERE_PROFILE` names, else the default one (`exosphere profile use`). The key of a profile is sent to the address of that profile
alone, and never shown; the profiles are in a file that only their user can read.

```console
exosphere profile add prod --uri https://exosphere.example.org -n shop     # asks for the key
exosphere run list -p prod
```

## Completion

`eval "$(exosphere completion bash)"` in `~/.bashrc`, the same with `zsh` in `~/.zshrc` after `compinit`, or once
`exosphere completion fish > ~/.config/fish/completions/exosphere.fish`: TAB completes commands, options, choices, files and names of profiles.

## Commands
"""


def page() -> str:
    """The whole page."""
    text = HEAD.format(codes="".join(exit_code_rows()), shared="".join(shared_rows()))
    for path, command in commands():
        text += section(path, command)
    return text


def exit_code_rows() -> Iterator[str]:
    """A line of the table for each exit code: its comment in the code."""
    lines = inspect.getsource(exit_codes).splitlines()
    (body,) = (node for node in ast.parse("\n".join(lines)).body if isinstance(node, ast.ClassDef))
    told = {}
    for node in body.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            told[node.targets[0].id] = lines[node.lineno - 1].partition("#:")[2].strip()
    for code in ExitCode:
        assert told[code.name], f"{code.name} has no meaning"
        yield f"| {code.value} | {told[code.name]} |\n"


def shared_rows() -> Iterator[str]:
    """A line of the table for each option of every client command."""
    (command,) = (command for path, command in commands() if path == "exosphere run list")
    return (option_row(command, option) for option in command.params if option.name in SHARED)


def commands() -> list[tuple[str, click.Command]]:
    """All commands in order of their paths; a group comes before what is in it."""
    found: list[tuple[str, click.Command]] = []

    def walk(path: str, command: click.Command) -> None:
        if path != "exosphere":
            found.append((path, command))
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                walk(f"{path} {name}", inner)

    walk("exosphere", cli)
    return found


def section(path: str, command: click.Command) -> str:
    """What the page says of a command."""
    if isinstance(command, click.Group):
        return f"\n### {path}\n\n{prose(command)}\n"
    context = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    names = {option.name for option in command.params}
    text = f"\n#### `{path} {usage}`\n\n{prose(command)}\n"
    own = [option for option in command.params if isinstance(option, click.Option) and not is_shared(names, option)]
    if own:
        text += "\n| option | meaning |\n|---|---|\n" + "".join(option_row(command, option) for option in own)
    if "namespace" in names and set(SHARED) <= names:
        text += "\nand the [options of client commands](#which-server).\n"
    return text


def is_shared(names: set[str | None], option: click.Option) -> bool:
    """Whether an option is one of those of every client command."""
    return set(SHARED) <= names and option.name in SHARED


def prose(command: click.Command) -> str:
    """The help text of a command; what it shows as it is (`\\b`) becomes a block of code."""
    parts = []
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        lines = part.removeprefix("\b\n").splitlines()
        if part.startswith("\b\n") and any(line.startswith("  ") for line in lines):
            title = "" if lines[0].startswith("  ") else lines.pop(0) + "\n\n"
            code = inspect.cleandoc("\n" + "\n".join(lines))
            parts.append(f"{title}```text\n{code}\n```")
        else:
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def option_row(command: click.Command, option: click.Parameter) -> str:
    """The line of an option."""
    record = option.get_help_record(click.Context(command)) if isinstance(option, click.Option) else None
    assert record is not None, option
    names, meaning = record
    return f"| `{names.replace('|', chr(92) + '|')}` | {meaning.replace('|', chr(92) + '|')} |\n"


if __name__ == "__main__":
    print(page(), end="")
