"""The files of a project, and who checks which."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from exosphere_cli.migration.environment import check_compose, check_variables, read_variables
from exosphere_cli.migration.finding import Finding, Verdict
from exosphere_cli.migration.graph_files import check_graph, is_graph
from exosphere_cli.migration.located import read_located
from exosphere_cli.migration.packages import check_packages
from exosphere_cli.migration.python_code import check_python
from exosphere_core.errors import ConfigurationError

#: Folders with what the project did not write.
_FOREIGN: Final = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages", "venv"})

#: The most files that are looked at, and the largest, in bytes.
_MOST_FILES: Final = 20_000
_LARGEST: Final = 2_000_000

_DOCUMENTS: Final = frozenset({".json", ".yaml", ".yml"})


def check_paths(paths: Sequence[Path]) -> tuple[list[Finding], int]:
    """Check files and folders.

    Returns:
        What was found, and how many files were looked at.

    Raises:
        ConfigurationError: a path is neither file nor folder, a file can't be read, or there are too many.
    """
    findings: list[Finding] = []
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    if len(files) > _MOST_FILES:
        raise ConfigurationError(
            f"there are {len(files)} files; the limit is {_MOST_FILES}: name the folders to look at"
        )
    for file in files:
        findings += _check(file, asked_for=file in paths)
    return findings, len(files)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise ConfigurationError(f"{path} is neither a file nor a folder")
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _FOREIGN and not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if _kind(file) and file.is_file():
                yield file


def _kind(file: Path) -> str | None:
    name, suffix = file.name.lower(), file.suffix.lower()
    if suffix == ".py":
        return "python"
    if name == ".env" or name.startswith(".env.") or suffix == ".env":
        return "variables"
    if name.startswith(("docker-compose", "compose")) and suffix in (".yaml", ".yml"):
        return "compose"
    if suffix in _DOCUMENTS:
        return "document"
    if name in ("pyproject.toml", "pipfile") or (suffix in (".txt", ".in") and "requirements" in name):
        return "packages"
    return "dockerfile" if name.startswith("dockerfile") or suffix == ".dockerfile" else None


def _check(file: Path, *, asked_for: bool) -> list[Finding]:
    try:
        if file.stat().st_size > _LARGEST:
            return _unread(file, f"it has more than {_LARGEST} bytes") if asked_for else []
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return _unread(file, "it is not UTF-8 text")
    except OSError as denied:
        raise ConfigurationError(f"{file} can't be read: {denied.strerror}") from None
    name = str(file)
    match _kind(file):
        case "python":
            return list(check_python(name, text))
        case "variables":
            return list(check_variables(name, read_variables(text)))
        case "packages":
            return list(check_packages(name, text, dockerfile=False))
        case "dockerfile":
            return list(check_packages(name, text, dockerfile=True))
        case "compose":
            return _document(file, text, asked_for=True)
        case "document":
            # Most such files of a project are none of ours.
            return _document(file, text, asked_for=asked_for) if asked_for or "node_name" in text else []
        case _:
            return _unread(file, "it is no file of a kind that is checked")


def _document(file: Path, text: str, *, asked_for: bool) -> list[Finding]:
    try:
        found = read_located(text)
    except ValueError as malformed:
        return _unread(file, str(malformed)) if asked_for or "identifier" in text else []
    if is_graph(found.data):
        return list(check_graph(str(file), found))
    if _kind(file) == "compose":
        return list(check_compose(str(file), found))
    return _unread(file, "it is no graph") if asked_for else []


def _unread(file: Path, why: str) -> list[Finding]:
    return [
        Finding(
            verdict=Verdict.CHANGE, file=str(file), line=0, rule="unread", detail=f"this was not checked: {why}",
            fix="mend it, or leave it out, and check again",
        )
    ]  # fmt: skip
