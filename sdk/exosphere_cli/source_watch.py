"""Notices when the code of an app changes: the times and sizes of its files, looked at again and again."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exosphere_cli.runtime_loader import split_target
from exosphere_core.errors import ConfigurationError

#: Seconds between two looks.
_LOOK_S: Final = 0.5

#: For the environment of processes whose code is watched. Python tells a compiled file that is out of date by the
#: source's size and the second of its change: code that changes twice within a second would stay the older one.
NO_COMPILED_FILES: Final = {"PYTHONDONTWRITEBYTECODE": "1"}

#: Folders whose files are not the app's own code.
_FOREIGN: Final = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})


def source_root(target: str) -> Path:
    """Return the folder whose code belongs to `package.module:attribute`, without importing anything.

    It is the folder that the import begins at, so that packages side by side belong together; for
    an installed package, the package alone.

    Raises:
        ConfigurationError: the target is malformed, or there is no such module.
    """
    module, _ = split_target(target)
    package = module.partition(".")[0]
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:
        spec = None
    folders = list(spec.submodule_search_locations or []) if spec is not None else []
    if spec is not None and spec.origin is not None and spec.has_location and not folders:
        # A single file.
        return Path(spec.origin).parent
    if not folders:
        raise ConfigurationError(f"{target}: no module named {package!r} in {here} or on the Python path")
    folder = Path(folders[0])
    return folder if _FOREIGN.intersection(folder.parts) else folder.parent


class SourceWatch:
    """Looks at a folder now and then. Times are monotonic, in seconds, and passed in."""

    def __init__(self, root: Path, now: float) -> None:
        self._root = root
        self._seen = snapshot(root)
        self._next_look = now + _LOOK_S
        self._changed = ""

    def look(self, now: float) -> str:
        """Return the name of a file that changed, once the files have come to rest again; else nothing."""
        if now < self._next_look:
            return ""
        self._next_look = now + _LOOK_S
        found = snapshot(self._root)
        if found != self._seen:
            # An editor or a version control system may be in the middle of writing.
            path = min(path for path, _ in found.items() ^ self._seen.items())
            self._changed = os.path.relpath(path, self._root)
            self._seen = found
            return ""
        changed, self._changed = self._changed, ""
        return changed


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Return path → (time of the last change in ns, size) of each Python file below a folder."""
    found: dict[str, tuple[int, int]] = {}
    for entry in _python_files(str(root)):
        try:
            facts = entry.stat()
        except OSError:
            continue  # removed since it was listed
        found[entry.path] = (facts.st_mtime_ns, facts.st_size)
    return found


def _python_files(folder: str) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError:
        return
    if any(entry.name == "pyvenv.cfg" for entry in listed):
        # A virtual environment.
        return
    for entry in listed:
        if entry.name.endswith(".py"):
            yield entry
        elif entry.name not in _FOREIGN and not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
            yield from _python_files(entry.path)
