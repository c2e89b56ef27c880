"""Which crash points there are: found by playing each scene without a fault, and seeing who sends what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from points.play import Played, play
from points.scenes import SCENES
from points.wire import Fault, Mode, Step

#: Who can be asked to stop: requests and background jobs are not.
_STOPPABLE = ("sm-", "w-", "other-")


class Point(NamedTuple):
    """A play with faults. Its text, as `Point.read` takes it, plays it again."""

    scene: str
    seed: int
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        struck = ",".join(f"{fault.actor}/{fault.index}/{fault.mode.name}" for fault in self.faults)
        return f"{self.scene}|{self.seed}|{struck}"

    @classmethod
    def read(cls, text: str) -> "Point":
        """Read a point. Raises ValueError or KeyError for text that is none."""
        scene, seed, struck = text.split("|")
        SCENES[scene]
        faults = [word.split("/") for word in struck.split(",") if word]
        return cls(scene, int(seed), tuple(Fault(actor, int(index), Mode[mode]) for actor, index, mode in faults))


@dataclass
class Tally:
    """What came of points.

    Attributes:
        violations: point → what was wrong.
        modes: mode → points.
        branches: scene → what was met in the faults' wake → how often.
        missed: points whose fault met no command.
    """

    points: int = 0
    violations: dict[str, list[str]] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    commands: dict[str, int] = field(default_factory=dict)
    scenes: dict[str, int] = field(default_factory=dict)
    branches: dict[str, dict[str, int]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def add(self, point: Point, played: Played) -> None:
        """Count a play."""
        self.points += 1
        self.scenes[point.scene] = self.scenes.get(point.scene, 0) + 1
        for fault in point.faults:
            self.modes[fault.mode.name] = self.modes.get(fault.mode.name, 0) + 1
        if played.violations:
            self.violations[str(point)] = played.violations
        # With two, either may keep the other from coming to its command.
        if len(point.faults) == 1 and point.faults[0] not in played.struck:
            self.missed.append(str(point))
        met = self.branches.setdefault(point.scene, {})
        for branch, times in played.branches.items():
            met[branch] = met.get(branch, 0) + times

    def merge(self, other: "Tally") -> None:
        """Count what another one counted."""
        self.points += other.points
        self.violations |= other.violations
        self.missed += other.missed
        for mine, theirs in ((self.modes, other.modes), (self.scenes, other.scenes)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        for scene, branches in other.branches.items():
            met = self.branches.setdefault(scene, {})
            for branch, times in branches.items():
                met[branch] = met.get(branch, 0) + times

    def vacuous(self) -> list[str]:
        """The scenes in which no fault led to anything but another try at the same thing."""
        return [scene for scene in self.scenes if not set(self.branches[scene]) - {"fan-out gone on with"}]


def points_of(scene: str, seed: int, steps: Sequence[Step]) -> Iterator[Point]:
    """All crash points of a scene: before each command, and after each whose reply is more than the next one's beginning."""
    for step in steps:
        for mode in Mode:
            if mode.after and not step.last:
                continue
            if mode is Mode.STOP and not step.actor.startswith(_STOPPABLE):
                continue
            yield Point(scene, seed, (Fault(step.actor, step.index, mode),))


def pairs_of(scene: str, seed: int, steps: Sequence[Step], count: int) -> Iterator[Point]:
    """Points with a second fault, which strikes whoever came in place of the first one, or somebody else."""
    draws = Random(f"{scene} {seed}")
    for number in range(count):
        first, second = draws.choice(steps), draws.choice(steps)
        successor = f"{first.actor.split('-')[0]}-2"
        actor = draws.choice([successor, successor, second.actor])
        modes = [draws.choice([mode for mode in Mode if mode is not Mode.STOP]) for _ in range(2)]
        yield Point(
            scene,
            seed + number % 7,
            (Fault(first.actor, first.index, modes[0]), Fault(actor, draws.randint(1, 40), modes[1])),
        )


def faultless(path: str, scene: str, seed: int) -> Played:
    """Play a scene without faults. Raises AssertionError when it goes wrong even so, or is vacuous."""
    played = play(path, SCENES[scene], (), seed)
    assert not played.violations, f"{scene} goes wrong without a fault: {played.violations}"
    missing = set(SCENES[scene].sends) - {step.name for step in played.steps}
    assert not missing, f"{scene} is vacuous: nobody sent {', '.join(sorted(missing))}"
    return played
