"""`exosphere profile`: servers by name."""

import sys
from typing import Final

import click
from pydantic import BaseModel

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.formats import NONE, Columns, output_option, show_list, show_one
from exosphere_cli.output import console, printable
from exosphere_cli.profiles import Profile, Profiles, complete_profile, profiles_path, read_profiles, write_profiles
from exosphere_core.access import read_access
from exosphere_core.errors import ConfigurationError
from exosphere_core.names import name_error

#: Longer than any API key.
_MOST_LETTERS: Final = 4096


class ProfileBody(BaseModel):
    """A profile as it is shown: whether it has a key, never which."""

    name: str
    uri: str
    namespace: str | None
    has_key: bool
    default: bool


_COLUMNS: Columns[ProfileBody] = {
    "NAME": lambda one: one.name,
    "URI": lambda one: one.uri,
    "NAMESPACE": lambda one: one.namespace or NONE,
    "KEY": lambda one: "kept" if one.has_key else NONE,
    "DEFAULT": lambda one: "yes" if one.default else NONE,
}


@click.group(cls=CommandGroup)
def profile() -> None:
    """Keep servers by name: address, namespace and API key.

    \b
    A client command takes each of the three from the first of these that has it:
      1. its own flag: --uri, --namespace, --key
      2. the profile that --profile names
      3. the environment: EXOSPHERE_STATE_MANAGER_URI, EXOSPHERE_NAMESPACE, EXOSPHERE_API_KEY
      4. the profile that EXOSPHERE_PROFILE names, else the default one (`profile use`)

    The key of a profile is sent to the address of that profile, and to no other. It is never shown.
    """


@profile.command("add")
@click.argument("name")
@click.option("--uri", required=True, help="Address of the state manager, such as https://exosphere.example.org.")
@click.option("--namespace", "-n", help="Namespace of its commands.  [default: that of the environment, or 'default']")
@click.option("--no-key", is_flag=True, help="Keep no key: it is given by --key or EXOSPHERE_API_KEY.")
@click.option("--default", "as_default", is_flag=True, help="Take it when no profile is named, as `profile use` does.")
def add_profile(name: str, uri: str, namespace: str | None, no_key: bool, as_default: bool) -> None:
    """Keep the server at --uri under NAME, or replace what is kept there.

    The API key is asked for, without showing it; where there is no terminal it is read from standard input. The command line
    has no place for it: others on the machine can read that.

    \b
      exosphere profile add prod --uri https://exosphere.example.org -n shop
      exosphere profile add ci --uri http://10.0.0.7:8000 < key-file
    """
    for error in (name_error("profile name", name), namespace is not None and name_error("namespace", namespace)):
        if error:
            raise click.UsageError(error)
    key = None if no_key else _read_key()
    try:
        # Without a key its form is not judged.
        read_access(uri, "none" if key is None else key)
    except ValueError as wrong:
        raise ConfigurationError(str(wrong)) from None
    known = read_profiles()
    write_profiles(Profiles({**known.named, name: Profile(uri, namespace, key)}, name if as_default else known.default))
    console(stderr=True).print(printable(f"profile {name!r} is kept in {profiles_path()}"))


@profile.command("list")
@output_option
def list_profiles(output: str) -> None:
    """List the profiles, in order of the name."""
    known = read_profiles()
    show_list(output, [_body(known, name) for name in known.named], _COLUMNS, "no profiles")


@profile.command("show")
@click.argument("name", shell_complete=complete_profile)
@output_option
def show_profile(name: str, output: str) -> None:
    """Show the profile NAME, without its key."""
    known = read_profiles()
    known.get(name)
    body = _body(known, name)
    show_one(output, body, lambda: show_list("table", [body], _COLUMNS, ""))


@profile.command("use")
@click.argument("name", shell_complete=complete_profile)
def use_profile(name: str) -> None:
    """Make NAME the default: the profile of commands that name none."""
    known = read_profiles()
    known.get(name)
    write_profiles(Profiles(known.named, name))
    console(stderr=True).print(f"profile {name!r} is the default")


@profile.command("remove")
@click.argument("name", shell_complete=complete_profile)
def remove_profile(name: str) -> None:
    """Forget the profile NAME, and its key. The key stays good: `exosphere key revoke` ends that."""
    known = read_profiles()
    known.get(name)
    left = {other: kept for other, kept in known.named.items() if other != name}
    write_profiles(Profiles(left, known.default if known.default in left else None))
    console(stderr=True).print(f"profile {name!r} is removed")


def _body(known: Profiles, name: str) -> ProfileBody:
    kept = known.named[name]
    return ProfileBody(
        name=name, uri=kept.uri, namespace=kept.namespace, has_key=kept.key is not None, default=name == known.default
    )


def _read_key() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("API key", hide_input=True, err=True)).strip()
    text = sys.stdin.read(_MOST_LETTERS + 1).strip()
    if not text or len(text) > _MOST_LETTERS:
        raise click.UsageError("standard input holds no API key; write it there, or give --no-key")
    return text
