"""A reader who does what a page says: saves its files, types its commands, and looks at what they print.

- A block whose first line is a comment with the name of a file is saved as that file.
- A block of `sh` is typed into a shell in the page's folder. What it sets and exports holds in the blocks that follow.
  Its last line may tell the exit code: `# exits with 3`.
- `exosphere dev` and `exosphere worker` stay where they are, as in a terminal of their own: the reader goes on when they
  are ready, and exports what `exosphere dev` prints.
- A block of `text` right after one of `sh` is what it prints: each of its lines must be in what was printed, in this
  order, with `…` for anything and any white space for white space.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from conftest import die_with_driver
from pages.blocks import Block

BOUND_S = 60.0

_STAYS = re.compile(r"^exosphere (?:dev|worker) ", re.MULTILINE)


class Reader:
    """Reads one page; use it as a context manager, so that nothing goes on behind it.

    Args:
        folder: where the files are saved and the commands typed.
        environment: what the reader's shell has set, beside what this process has.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.printed = ""
        programs = str(Path(sys.executable).parent)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXOSPHERE_", "PYTEST_"))}
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        settings = {"PATH": path, "EXOSPHERE_BUILD_DASHBOARD": "0", "EXOSPHERE_CONFIG_DIR": str(folder / ".config")}
        self.environment = {**kept, **settings, "COLUMNS": "120", **environment}
        self._staying: list[tuple[subprocess.Popen[bytes], Path]] = []

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *fault: object) -> None:
        for process, _ in reversed(self._staying):
            process.send_signal(signal.SIGINT)
        for process, log in self._staying:
            assert process.wait(timeout=BOUND_S) == 0, log.read_text()

    def read(self, block: Block) -> None:
        """Do what a block says."""
        if block.file is not None:
            self._save(block.file, block.code)
        elif block.kind == "sh" and _STAYS.match(block.code):
            [line] = [line for line in block.code.splitlines() if line.strip()]
            self.start(line)
        elif block.kind == "sh":
            self._type(block)
        else:
            assert block.kind == "text", f"{block.place}: a block of {block.kind!r} without the name of a file"
            assert block.follows, f"{block.place}: what prints this?"
            self._compare(block)

    def _save(self, name: str, code: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = [self._readied(log) for _, log in self._staying]
        changed = path.exists() and path.read_text(encoding="utf-8") != code
        path.write_text(code, encoding="utf-8")
        # `exosphere dev` starts a worker again whose code has changed; one goes on reading until it has.
        if changed and name.endswith(".py") and not Path(name).name.startswith("test_"):
            for count, (_, log) in zip(before, self._staying, strict=True):
                self._wait(
                    log, f"a restart after {name} was saved", lambda log=log, count=count: self._readied(log) > count
                )

    def start(self, line: str) -> None:
        """Type a command that stays where it is, and wait until it is ready."""
        log = self.folder / f"terminal-{len(self._staying)}"
        with log.open("wb") as out:
            process = subprocess.Popen(
                shlex.split(line, comments=True), cwd=self.folder, env=self.environment, stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, preexec_fn=_as_in_a_terminal,
            )  # fmt: skip
        self._staying.append((process, log))
        processes = re.search(r"--processes (\d+)", line)
        expected = int(processes[1]) if processes else 1
        self._wait(log, f"{line} is ready", lambda: self._readied(log) >= expected)
        self.environment |= dict(re.findall(r"export (EXOSPHERE_\w+)=(\S+)", log.read_text()))

    def _readied(self, log: Path) -> int:
        """How often a runtime said that it is ready."""
        return len(re.findall(r"runtime [\w.-]+ runs ", log.read_text()))

    def _wait(self, log: Path, what: str, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + BOUND_S
        while not happened():
            assert time.monotonic() < deadline, f"{what}?\n{log.read_text()}"
            time.sleep(0.02)

    def _type(self, block: Block) -> None:
        last = re.search(r"# exits with (\d+)\s*\Z", block.code)
        state = self.folder / ".environment"
        script = f"set -ea\ntrap 'env -0 > \"{state}\"' EXIT\n{block.code}"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, text=True, timeout=BOUND_S,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        self.printed = done.stdout
        assert done.returncode == int(last[1] if last else 0), f"{block.place}: {done.returncode}\n{done.stdout}"
        self.environment = dict(each.split("=", 1) for each in state.read_text().split("\0") if each)

    def _compare(self, block: Block) -> None:
        pattern = ".*".join(
            "[^\n]*".join(_spaced(part) for part in line.split("…")) for line in block.code.splitlines() if line.strip()
        )
        assert re.search(pattern, self.printed, re.DOTALL), f"{block.place}: printed was\n{self.printed}"


def _spaced(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", text))


def _as_in_a_terminal() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_driver()
