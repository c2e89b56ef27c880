"""Power losses: what was written to the append-only file, where it is cut, and what must be there afterwards."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

from exosphere_core.store import settling
from exosphere_core.store.scripts import script, script_names
from points.contents import Contents, contents_of
from points.places import commands, has_long_values, places
from points.play import play
from points.power_server import AsEmbedded, Bare
from points.scenes import SCENES

#: In these, every kind of script has its turn.
SCRIPTED = ("unite over large inputs", "unite ALL_DONE, failed", "nested unites", "unite, all pruned", "unite ALL_SUCCESS, failed", "retry", "requeue",
            "cancel", "manual retry of all", "prune", "no retry left")  # fmt: skip

#: Commands that write without a script.
_WRITING = frozenset({"EXEC", "XREADGROUP", "XTRIM"})

#: How long inputs that were laid down are kept in what is recorded, in ms: a day.
_KEPT_MS = 86_400_000


class Block(NamedTuple):
    """What one command wrote.

    Attributes:
        name: the script, or the command.
        written: the file with all of it.
        start: where in the file it begins.
        before: what Redis held before it.
        after: what Redis holds after it.
    """

    name: str
    written: bytes
    start: int
    before: Contents
    after: Contents

    @property
    def size(self) -> int:
        """How many bytes the command wrote."""
        return len(self.written) - self.start

    @property
    def kind(self) -> str:
        """Its name; what writes long values is of a kind of its own."""
        return f"{self.name} of large values" if has_long_values(self.written[self.start :]) else self.name

    def places(self, draws: Random) -> list[int]:
        """After how many bytes of it the file is cut (see `places.places`)."""
        return places(self.written[self.start :], draws)


def record(folder: Path, scene: str) -> list[Block]:
    """Play a scene on a server with an append-only file, and tell what each command of an actor wrote."""
    # The file is written before the reply comes, whatever the disk does.
    server = AsEmbedded(folder, "always")
    server.start()
    blocks: list[Block] = []
    with closing(server.line()) as line:
        for name in script_names():
            line.exchange([b"SCRIPT", b"LOAD", script(name).source.encode()])
        # Redis before 7.0 keeps scripts in the file; what a restart reads is to be short.
        server.rewrite()
        held: list[Any] = [contents_of(line), server.file.stat().st_size]

        def sent(name: str) -> None:
            size = server.file.stat().st_size
            if size == held[1]:
                return
            now = contents_of(line)
            blocks.append(Block(name, server.file.read_bytes()[:size], held[1], held[0], now))
            held[:] = [now, size]

        # The file is cut long after it was written: what goes by itself is to be there by then.
        with patch.object(settling, "_LAID_MS", _KEPT_MS):
            played = play(str(server.socket), SCENES[scene], password=server.password, on_sent=sent)
    server.kill()
    assert not played.violations, played.violations
    missing = set(SCENES[scene].sends) - {block.name for block in blocks}
    assert not missing, f"{scene} is vacuous: nobody sent {', '.join(sorted(missing))}"
    return [block for block in blocks if _is_one(block)]


def blocks_of_all(folder: Path, scenes: Sequence[str]) -> dict[str, Block]:
    """One block of each kind: the largest, which has most places at which it can be torn."""
    return largest(block for number, scene in enumerate(scenes) for block in record(folder / str(number), scene))


def largest(blocks: Iterable[Block]) -> dict[str, Block]:
    """One block of each kind: the largest, which has most places at which it can be torn."""
    found: dict[str, Block] = {}
    for block in blocks:
        known = found.get(block.kind)
        if known is None or block.size > known.size:
            found[block.kind] = block
    return found


def _is_one(block: Block) -> bool:
    """Whether one command of an actor wrote it all; what the stage writes is seen only at the command after it."""
    if not (block.name.islower() or block.name in _WRITING):
        return False
    # A delivery is written entry by entry.
    return block.name == "XREADGROUP" or _transactions(block.written[block.start :]) == 1


def _transactions(written: bytes) -> int:
    """Count the commands in a piece of an append-only file; a transaction counts once."""
    count, inside = 0, False
    for name, *_ in commands(written):
        inside = name.text.upper() == b"MULTI" or (inside and name.text.upper() != b"EXEC")
        count += not inside
    return count


def torn(server: Bare, block: Block, kept: int) -> str | None:
    """Cut a file inside what a command wrote, start the server twice, and tell what is wrong, or None."""
    server.lose_power(block.written[:kept])
    with closing(server.line()) as line:
        found = contents_of(line)
    wanted = block.after if kept == len(block.written) else block.before
    if found == wanted or (block.name == "XREADGROUP" and _partly_read(found, block)):
        return None
    keys = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
    return (
        f"{block.kind} cut at byte {kept - block.start} of {block.size}, appendfsync {server.appendfsync}: "
        f"{keys} are half applied"
    )


def _partly_read(found: Contents, block: Block) -> bool:
    """A read delivers each entry by itself: some may be pending and others not, and nothing else may have changed."""
    for key, (entries, pending, _) in ((key, value) for key, value in found.items() if isinstance(value, tuple)):
        before, after = block.before[key], block.after[key]
        for group, held in pending.items():
            least, most = before[1].get(group, []), after[1].get(group, [])
            if not set(least) <= set(held) <= set(most):
                return False
        if entries != after[0]:
            return False
    return all(found[key] == block.after[key] for key in found if not isinstance(found[key], tuple))
