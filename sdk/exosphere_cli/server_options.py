"""The options that say which state manager is meant."""

from pathlib import Path

import click

from exosphere_cli.keys import DATA_DIR_VARIABLE, DEFAULT_DATA_DIR
from exosphere_cli.profiles import PROFILE_VARIABLE, complete_profile
from exosphere_cli.whereabouts import DEFAULT_URI
from exosphere_core.access import KEY_VARIABLE, URI_VARIABLE

PROFILE = click.option(
    "--profile", "-p", envvar=PROFILE_VARIABLE, show_envvar=True, shell_complete=complete_profile,
    help="A server by the name that `exosphere profile add` gave it: its address, namespace and key.",
)  # fmt: skip
URI = click.option(
    "--uri", envvar=URI_VARIABLE, default=DEFAULT_URI, show_default=True, show_envvar=True,
    help="Address of the state manager.",
)  # fmt: skip
KEY = click.option(
    "--key", envvar=KEY_VARIABLE, show_envvar=True,
    help="API key. Left out: the one of the profile, or of the `exosphere dev` in this directory, for an address on "
    "this machine.",
)  # fmt: skip
DATA_DIR = click.option(
    "--data-dir", envvar=DATA_DIR_VARIABLE, default=DEFAULT_DATA_DIR, show_default=True, show_envvar=True,
    type=click.Path(path_type=Path), help="Data directory of `exosphere dev`, for its key.",
)  # fmt: skip
