"""Which source files the standard library has."""

import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Directories of the library that hold no module of it: tests, and what was installed beside it.
_SKIPPED: Final = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Source:
    """A module and the file that it is written in."""

    module: str
    path: Path


def standard_library() -> Path:
    """Return the directory of the running Python's standard library."""
    return Path(sysconfig.get_path("stdlib"))


def find_sources(root: Path, limit: int = 0) -> list[Source]:
    """List the modules below a directory in order of the name, tests left out.

    Args:
        root: directory on the import path.
        limit: how many to list at most; 0 for all.
    """
    found = sorted(_walk(root, ()), key=lambda source: source.module)
    return found[:limit] if limit else found


def _walk(folder: Path, package: tuple[str, ...]) -> Iterator[Source]:
    for entry in folder.iterdir():
        if entry.is_dir():
            # A name with a dash or a dot, such as config-3.11-…, can't be imported.
            if entry.name not in _SKIPPED and entry.name.isidentifier():
                yield from _walk(entry, (*package, entry.name))
        elif entry.suffix == ".py" and entry.stem.isidentifier():
            parts = package if entry.stem == "__init__" else (*package, entry.stem)
            if parts:
                yield Source(".".join(parts), entry)
