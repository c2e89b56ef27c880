"""Builds the dashboard in a checkout, where nobody did so far. A wheel carries it built."""

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

#: The oldest Node.js that builds it: what the bundler asks for.
OLDEST_NODE: Final = (20, 19)

_HOW: Final = "make dashboard, with Node.js 20.19 or newer and npm (https://nodejs.org; on Debian and Ubuntu: apt install nodejs npm)"

#: How much of what npm said is shown when it failed, in lines.
_SHOWN_LINES: Final = 5


def ensure_dashboard(source: Path, built: Path, say: Callable[[str], None]) -> None:
    """Build the dashboard if this is a checkout in which it is not built. What is missing or fails is said, and stops nothing.

    Args:
        source: its sources, if this is a checkout.
        built: the folder that is served.
        say: shows a line.
    """
    if (built / "index.html").is_file() or not (source / "package.json").is_file():
        return
    if lacking := _lacking():
        say(f"The dashboard is not built: {lacking}. To get it: {_HOW}. All else works without it.")
        return
    with (source / ".building").open("w") as lock:
        # Another start may be building it; the lock goes with its process.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (built / "index.html").is_file():
            return
        say("Building the dashboard; this once, it takes about a minute.")
        for step in (("npm", "ci", "--silent"), ("npm", "run", "--silent", "build")):
            done = subprocess.run(
                step,
                cwd=source,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            if done.returncode:
                said = done.stdout.decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
                say("\n".join((*said, f"The dashboard could not be built: {' '.join(step)} failed in {source}.")))
                return


def _lacking() -> str:
    """Tell what is missing for building, or "" when nothing is."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return "there is no npm on the PATH"
    asked = subprocess.run((node, "--version"), capture_output=True, text=True, check=False).stdout.strip()
    version = tuple(int(part) for part in asked.removeprefix("v").split(".")[:2] if part.isdecimal())
    return "" if version >= OLDEST_NODE else f"Node.js is {asked or 'broken'}"
