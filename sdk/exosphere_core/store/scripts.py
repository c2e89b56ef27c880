"""The Lua scripts: one file, one move. In place of a line `-- uses a b` stand the pieces `a` and `b` of `lua/lib`."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    """A script as Redis gets it."""

    name: str
    source: str
    sha: str


def _read(name: str) -> str:
    return files("exosphere_core.store").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")


@cache
def script(name: str) -> Script:
    """Return the script of a move, put together from its file and the pieces that it uses."""
    source = "\n".join(
        "\n".join(_read(f"lib/{piece}") for piece in line.split()[2:]) if line.startswith("-- uses ") else line
        for line in _read(name).splitlines()
    )
    return Script(name, source, sha1(source.encode(), usedforsecurity=False).hexdigest())


def script_names() -> list[str]:
    """Return the names of all scripts, sorted."""
    folder = files("exosphere_core.store").joinpath("lua")
    return sorted(entry.name.removesuffix(".lua") for entry in folder.iterdir() if entry.name.endswith(".lua"))
