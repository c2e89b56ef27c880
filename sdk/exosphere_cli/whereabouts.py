"""Which state manager is meant, and which key is sent there: flags, then the environment, then a profile."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from click.core import ParameterSource

from exosphere_cli.keys import local_api_key
from exosphere_cli.profiles import Profile, read_profiles
from exosphere_core.errors import ConfigurationError

DEFAULT_URI: Final = "http://localhost:8000"


@dataclass(frozen=True, slots=True)
class Given:
    """What the options of a command say, and where each value comes from.

    Attributes:
        sources: name of an option → command line, environment or default.
    """

    profile: str | None
    uri: str
    key: str | None = field(repr=False)
    namespace: str
    data_dir: Path
    sources: Mapping[str, ParameterSource | None]

    def is_typed(self, option: str) -> bool:
        """Whether the command line gives it."""
        return self.sources[option] is ParameterSource.COMMANDLINE

    def is_set(self, option: str) -> bool:
        """Whether the command line or the environment gives it."""
        return self.sources[option] in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


class Server(NamedTuple):
    """Where to call, with which key, about which namespace."""

    uri: str
    key: str
    namespace: str


def find_server(given: Given, *, key_needed: bool = True, default_profile: bool = True) -> Server:
    """Put together where to call.

    A profile that the command line names comes before the environment; one that the environment names, or the default one,
    after it. The key of a profile goes to the address of that profile alone.

    Args:
        key_needed: whether it is an error that there is no key; otherwise it is empty.
        default_profile: whether the default profile counts where none is named.

    Raises:
        ConfigurationError: the address can't be used, there is no key for it, or there is no such profile.
    """
    profile = _profile(given, default_profile)
    # Whether an option has a value that comes before the profile's.
    first = given.is_typed if given.is_typed("profile") else given.is_set
    uri, namespace = given.uri, given.namespace
    if profile is not None and not first("uri"):
        uri = profile.uri
    if profile is not None and profile.namespace is not None and not first("namespace"):
        namespace = profile.namespace
    _check(uri)
    of_profile = profile.key if profile is not None and profile.uri == uri else None
    of_option = given.key or None
    key = (of_option or of_profile) if first("key") else (of_profile or of_option)
    return Server(uri, key or _key_of_dev(uri, given.data_dir, key_needed), namespace)


def _profile(given: Given, default_profile: bool) -> Profile | None:
    if given.is_typed("uri") and given.is_typed("key") and given.profile is None:
        # Nothing of a profile is needed: one that can't be read does not stand in the way.
        return None
    if given.profile is None and not default_profile:
        return None
    profiles = read_profiles()
    name = given.profile or profiles.default
    return None if name is None else profiles.get(name)


def _check(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f"state manager URI {uri!r} can't be used: write it as http://host:port")


def _key_of_dev(uri: str, data_dir: Path, key_needed: bool) -> str:
    # The root key of this machine's state manager must not go to another machine.
    key = local_api_key(data_dir) if _is_local(urlsplit(uri).hostname or "") else None
    if key is None and key_needed:
        raise ConfigurationError(
            f"no API key for {uri}: set EXOSPHERE_API_KEY or give --key (`exosphere dev` prints its key when it starts), "
            "or keep it in a profile (`exosphere profile add`)"
        )
    return key or ""


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
