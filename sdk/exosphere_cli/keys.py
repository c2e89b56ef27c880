"""The keys of a local `exosphere dev`: made on the first start, kept in the data directory with mode 600."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exosphere_core.errors import ConfigurationError

#: Names the data directory of `exosphere dev`, as `--data-dir` does.
DATA_DIR_VARIABLE: Final = "EXOSPHERE_DATA_DIR"
DEFAULT_DATA_DIR: Final = ".exosphere"

_API_KEY_FILE: Final = "api-key"
_ENCRYPTION_KEY_FILE: Final = "encryption-key"


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """What a state manager needs to know and nobody else.

    Attributes:
        api_key: root API key, `STATE_MANAGER_SECRET`.
        encryption_key: encrypts graph secrets, `SECRETS_ENCRYPTION_KEY`.
    """

    api_key: str
    encryption_key: str


def ensure_keys(data_dir: Path, environ: Mapping[str, str]) -> LocalKeys:
    """Return the keys: those in the environment, else those in the data directory, made where they are missing.

    Raises:
        ConfigurationError: the directory or a key's file can't be used.
    """
    try:
        return LocalKeys(
            api_key=environ.get("STATE_MANAGER_SECRET")
            or _kept(data_dir / _API_KEY_FILE, lambda: secrets.token_urlsafe(32)),
            encryption_key=environ.get("SECRETS_ENCRYPTION_KEY")
            or _kept(
                data_dir / _ENCRYPTION_KEY_FILE, lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            ),
        )
    except OSError as denied:
        raise ConfigurationError(
            f"data directory {data_dir} can't be used ({denied}); choose another with --data-dir"
        ) from None


def local_api_key(data_dir: Path) -> str | None:
    """Return the API key that `exosphere dev` made here, or None."""
    with suppress(OSError, UnicodeError):
        return (data_dir / _API_KEY_FILE).read_text().strip() or None
    return None


def _kept(path: Path, make: Callable[[], str]) -> str:
    with suppress(FileNotFoundError):
        kept = path.read_text(errors="replace").strip()
        if not kept:
            raise ConfigurationError(f"{path} is empty; restore the key, or delete the file and a new one is made")
        path.chmod(0o600)
        return kept
    _make_directory(path.parent)
    value = make()
    # Complete under another name first: whoever reads the key's name never sees half of it.
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with open(new, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(f"{value}\n")
    try:
        os.link(new, path)
    except FileExistsError:
        # Somebody else made the key at the same time; there is one key only.
        return _kept(path, make)
    finally:
        new.unlink()
    return value


def _make_directory(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = path / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Keys and data of `exosphere dev`: not for version control.\n*\n")
