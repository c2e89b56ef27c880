"""Profiles: servers by name, each with address, namespace and API key, in one file of the user's with mode 600."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from exosphere_core.errors import ConfigurationError

#: Names the folder of the file, in place of the user's folder for settings.
CONFIG_DIR_VARIABLE: Final = "EXOSPHERE_CONFIG_DIR"
PROFILE_VARIABLE: Final = "EXOSPHERE_PROFILE"

_FILE: Final = "profiles.json"


@dataclass(frozen=True, slots=True)
class Profile:
    """A server by name.

    Attributes:
        uri: address of the state manager.
        namespace: that commands are about; None for the default one.
        key: API key; None when it is given in another way. Sent to `uri` alone.
    """

    uri: str
    namespace: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles of a user.

    Attributes:
        named: name → profile, in order of the name.
        default: name of the one that is taken when none is named; None for none.
    """

    named: Mapping[str, Profile]
    default: str | None = None

    def get(self, name: str) -> Profile:
        """Return the profile of a name.

        Raises:
            ConfigurationError: there is none; the text names those that there are.
        """
        if name not in self.named:
            there = f"there are {', '.join(self.named)}" if self.named else "there are none"
            raise ConfigurationError(
                f"no profile {name!r}: {there}; make it with: exosphere profile add {name} --uri http://host:port"
            )
        return self.named[name]


def profiles_path() -> Path:
    """Return where the profiles are kept."""
    return Path(os.environ.get(CONFIG_DIR_VARIABLE) or click.get_app_dir("exosphere")) / _FILE


def read_profiles() -> Profiles:
    """Read the profiles; none where there is no file, or a folder of somebody else's.

    Raises:
        ConfigurationError: the file can't be read, or is not one of profiles.
    """
    path = profiles_path()
    try:
        text = path.read_text()
        if path.stat().st_mode & 0o077:
            with suppress(PermissionError):
                path.chmod(0o600)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # A process may run as a user who may not look into the home that its environment names, as in a container.
        return Profiles({})
    except (OSError, UnicodeError) as denied:
        raise ConfigurationError(f"{path} can't be read ({denied}); mend or remove it") from None
    try:
        content = json.loads(text)
        named = {str(name): _profile(fields) for name, fields in sorted(content["profiles"].items())}
        default = content.get("default")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(f"{path} is no file of profiles; mend it, or remove it and add them anew") from None
    return Profiles(named, default if default in named else None)


def write_profiles(profiles: Profiles) -> None:
    """Replace the profiles, whole or not at all. Nobody but the user can read them.

    Raises:
        ConfigurationError: the file can't be written.
    """
    path = profiles_path()
    content = {
        "default": profiles.default,
        "profiles": {name: asdict(profile) for name, profile in sorted(profiles.named.items())},
    }
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            new.unlink()
        with open(new, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        new.replace(path)
    except OSError as denied:
        raise ConfigurationError(
            f"{path} can't be written ({denied}); choose another folder with {CONFIG_DIR_VARIABLE}"
        ) from None


def complete_profile(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a profile; nothing where they can't be read."""
    with suppress(ConfigurationError):
        return [name for name in read_profiles().named if name.startswith(incomplete)]
    return []


def _profile(fields: Any) -> Profile:
    profile = Profile(**fields)
    if not all(isinstance(value, str | None) for value in asdict(profile).values()) or not profile.uri:
        raise TypeError
    return profile
