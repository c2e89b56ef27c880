"""Whole plays that go on after a power loss."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

from points.play import Played, play
from points.power_server import Bare, Embedded
from points.scenes import SCENES

#: Whole plays go on after a cut in these.
PLAYED = ("chain", "unite ALL_SUCCESS", "unite ALL_DONE, failed", "nested unites", "retry", "requeue", "fan-out in chunks",
          "manual retry of all", "cancel", "unite, some pruned", "unite over large inputs")  # fmt: skip

#: In these the power also fails at commands that a command drawn by its number would seldom be.
AIMED = {"unite over large inputs": ("lay_down", "join")}


class PowerPoint(NamedTuple):
    """A play through a power loss.

    Attributes:
        at: before the reply of which command the power fails: the so-manieth of all actors, or the first of this name.
        always: everything but what the last command wrote was on the disk; else anything may be lost.
        survivors: the actors outlive it and see their connections break; else they lose power, too.
        seed: of the play, and of the byte at which the file is cut.
    """

    scene: str
    at: int | str
    always: bool
    survivors: bool
    seed: int


@dataclass
class PowerCut:
    """Power fails once in a play, and part of the file is lost.

    Attributes:
        at: see `PowerPoint`.
        always: see `PowerPoint`.
        survivors: see `PowerPoint`.
        draws: at which byte the file is cut.
        lost_bytes: how much of it was lost.
    """

    server: Bare
    at: int | str
    always: bool
    survivors: bool
    draws: Random
    happened: bool = False
    lost_bytes: int = 0
    _sizes: list[int] = field(default_factory=list)

    def sent(self, name: str) -> bool:
        """A command was executed and its reply is on its way. True when the power fails now."""
        if self.happened:
            return False
        self._sizes.append(self.server.file.stat().st_size)
        if self.at not in (name, len(self._sizes)):
            return False
        self.happened = True
        written = self.server.file.read_bytes()
        # What the command before wrote was acknowledged.
        kept = self.draws.randint(self._sizes[-2 if self.always else 0], self._sizes[-1])
        self.lost_bytes = len(written) - kept
        self.server.lose_power(written[:kept])
        return True


def power_points(scenes: Sequence[str], count: int, seed: int) -> Iterator[PowerPoint]:
    """So many plays of each scene, and as many for each command of `AIMED`."""
    draws = Random(seed)
    for scene in scenes:
        for command in (None, *AIMED.get(scene, ())):
            for number in range(count):
                at = command or draws.randint(3, 110)
                yield PowerPoint(scene, at, number % 2 == 0, number % 4 < 2, seed + number)


def play_cut(folder: Path, point: PowerPoint) -> tuple[Played, PowerCut]:
    """Play a scene through a power loss on the embedded server, to its end."""
    server = Embedded(folder)
    server.start()
    try:
        with server.client() as client:
            client.config_set("appendfsync", "always")
        draws = Random(f"{point.scene} {point.at} {point.seed}")
        cut = PowerCut(server, point.at, point.always, point.survivors, draws)
        return play(str(server.socket), SCENES[point.scene], seed=point.seed, password=server.password, power=cut), cut
    finally:
        server.kill()
