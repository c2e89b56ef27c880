"""What the loop wants to do next: a small planner in place of a model, over the files themselves."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

#: Where what was tidied away lies, in the folder that is tidied: nothing is deleted.
ASIDE: Final = ".tidied"


class Step(NamedTuple):
    """One thing to move aside, as a path within the folder, and why."""

    path: str
    reason: str


def next_steps(folder: Path, refused: Collection[str]) -> list[Step]:
    """Return what to do next, as the folder is now: copies of files first; where there are none, empty folders.

    Args:
        refused: paths about which a human said no.
    """
    copies = [step for step in _copies(folder) if step.path not in refused]
    return copies or [step for step in _empty_folders(folder) if step.path not in refused]


def _below(folder: Path) -> list[Path]:
    """What is in the folder, at any depth; what is hidden, such as `.git` and `ASIDE`, is not touched."""
    inside = [(path, path.relative_to(folder).parts) for path in sorted(folder.rglob("*"))]
    return [path for path, parts in inside if not any(part.startswith(".") for part in parts)]


def _copies(folder: Path) -> Iterator[Step]:
    same = defaultdict[bytes, list[str]](list)
    for path in _below(folder):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                same[hashlib.file_digest(file, "sha256").digest()].append(str(path.relative_to(folder)))
    for paths in same.values():
        # The shortest name is taken for the original.
        first, *others = sorted(paths, key=lambda path: (len(path), path))
        for path in others:
            yield Step(path, f"the same as {first}")


def _empty_folders(folder: Path) -> Iterator[Step]:
    for path in _below(folder):
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            yield Step(str(path.relative_to(folder)), "an empty folder")
