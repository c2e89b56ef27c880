"""The independent ledger: a SQLite file of what was accepted, what was executed, and what struck."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_TABLES = """
CREATE TABLE triggers (run TEXT PRIMARY KEY, round INTEGER, workload TEXT, width INTEGER);
CREATE TABLE executions (
  id INTEGER PRIMARY KEY, round INTEGER, process TEXT, state TEXT, run TEXT,
  started_ns INTEGER, ended_ns INTEGER, outcome TEXT
);
CREATE INDEX executions_by_round ON executions (round, started_ns);
CREATE INDEX executions_by_state ON executions (state);
CREATE TABLE faults (
  id INTEGER PRIMARY KEY, round INTEGER, name TEXT, detail TEXT, at_ns INTEGER, healed_ns INTEGER, recovery_ns INTEGER
);
"""


class Executions(NamedTuple):
    """What the nodes wrote about one state."""

    starts: int
    requeued: int
    outcomes: frozenset[str]
    run: str


@dataclass
class _File:
    """How far a process's file was read, and its executions that have not ended: state → row."""

    offset: int
    open: dict[str, int]


class Ledger:
    """The ledger of one campaign.

    Args:
        folder: holds the SQLite file, and `executions`, the folder to which processes append.
    """

    def __init__(self, folder: Path) -> None:
        self.incoming = folder / "executions"
        self.incoming.mkdir()
        self._db = sqlite3.connect(folder / "ledger.sqlite")
        # The processes' own files are what must survive; this one is made from them.
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _TABLES)
        self._files: dict[str, _File] = {}
        self._rows = 0

    def accepted(self, run: str, number: int, workload: str, width: int) -> None:
        """A trigger was answered."""
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO triggers VALUES (?, ?, ?, ?)", (run, number, workload, width))

    def struck(self, number: int, name: str, detail: str, at_ns: int, healed_ns: int, recovery_ns: int | None) -> None:
        """A fault struck and was healed."""
        row = (number, name, detail, at_ns, healed_ns, recovery_ns)
        with self._db:
            self._db.execute(
                "INSERT INTO faults (round, name, detail, at_ns, healed_ns, recovery_ns) VALUES (?, ?, ?, ?, ?, ?)", row
            )

    def collect(self, number: int) -> int:
        """Take over what the processes wrote since the last time. Returns how many executions began."""
        started: list[tuple[int, int, str, str, str, int]] = []
        ended: list[tuple[int, str, int]] = []
        for path in sorted(self.incoming.iterdir()):
            known = self._files.setdefault(path.name, _File(0, {}))
            for what, state, word, at in self._lines(path, known):
                if what == "S":
                    self._rows += 1
                    started.append((self._rows, number, path.name, state, word, int(at)))
                    known.open[state] = self._rows
                elif state in known.open:
                    ended.append((int(at), word, known.open.pop(state)))
        with self._db:
            self._db.executemany(
                "INSERT INTO executions (id, round, process, state, run, started_ns) VALUES (?, ?, ?, ?, ?, ?)", started
            )
            self._db.executemany("UPDATE executions SET ended_ns = ?, outcome = ? WHERE id = ?", ended)
        return len(started)

    def _lines(self, path: Path, known: _File) -> Iterator[list[str]]:
        with path.open("rb") as file:
            file.seek(known.offset)
            whole = file.read().rpartition(b"\n")[0]
        known.offset += len(whole) + 1 if whole else 0
        for line in whole.decode().splitlines():
            yield line.split()

    def triggers(self, number: int) -> dict[str, tuple[str, int]]:
        """Run → workload and width, of the triggers that a round accepted."""
        rows = self._db.execute("SELECT run, workload, width FROM triggers WHERE round = ?", (number,))
        return {run: (workload, width) for run, workload, width in rows}

    def executions(self, number: int) -> dict[str, Executions]:
        """State → what was written about it in a round."""
        rows = self._db.execute(
            "SELECT state, count(*), sum(coalesce(outcome, '') = 'requeued'), group_concat(DISTINCT outcome), run"
            " FROM executions WHERE round = ? GROUP BY state",
            (number,),
        )
        return {
            state: Executions(starts, requeued, frozenset((words or "").split(",")), run)
            for state, starts, requeued, words, run in rows
        }

    def run_of(self, state: str) -> str | None:
        """The run of a state that was executed."""
        found = self._db.execute("SELECT run FROM executions WHERE state = ? LIMIT 1", (state,)).fetchone()
        return None if found is None else str(found[0])

    def next_start(self, after_ns: int) -> int | None:
        """When the first execution after a moment began."""
        (found,) = self._db.execute(
            "SELECT min(started_ns) FROM executions WHERE started_ns > ? AND round >= (SELECT max(round) FROM executions)",
            (after_ns,),
        ).fetchone()
        return None if found is None else int(found)

    def of_run(self, run: str) -> list[tuple[object, ...]]:
        """All rows about a run, for a dump."""
        return self._db.execute("SELECT * FROM executions WHERE run = ? ORDER BY started_ns", (run,)).fetchall()

    def of_round(self, number: int) -> list[tuple[object, ...]]:
        """The faults of a round, for a dump."""
        return self._db.execute("SELECT * FROM faults WHERE round = ? ORDER BY at_ns", (number,)).fetchall()

    def faults(self) -> Iterable[tuple[str, int, int, int | None]]:
        """Name, start, end and recovery of all faults, ns, in order of time."""
        return self._db.execute("SELECT name, at_ns, healed_ns, recovery_ns FROM faults ORDER BY at_ns").fetchall()

    def close(self) -> None:
        self._db.close()
