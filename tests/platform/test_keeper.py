"""What dies is started again, later each time. Time is passed in."""

from exosphere_cli.keeper import Keeper, restart_pause_s
from exosphere_core.errors import ConfigurationError


class Part:
    """A part whose end the test decides."""

    def __init__(self) -> None:
        self.starts = 0
        self.code: int | None = None
        self.refuses = False

    def start(self) -> None:
        if self.refuses:
            raise ConfigurationError("the disk is full")
        self.starts += 1
        self.code = None

    def poll(self) -> int | None:
        return self.code


def test_pauses_double_up_to_half_a_minute() -> None:
    assert [restart_pause_s(failures) for failures in (1, 2, 3, 7, 1000)] == [0.5, 1, 2, 30, 30]


def test_a_part_that_ends_is_started_after_its_pause_and_said_so() -> None:
    part, said = Part(), list[str]()
    keeper = Keeper("server", part, 0.0, said.append)
    part.code = 1
    keeper.look(1.0)
    keeper.look(1.4)
    assert part.starts == 0
    assert said == ["server ended with exit code 1; starting it again in 0.5 s"]
    keeper.look(1.5)
    assert part.starts == 1


def test_a_part_that_ends_again_and_again_waits_longer_until_it_has_lived_for_a_while() -> None:
    part, said = Part(), list[str]()
    keeper = Keeper("app", part, 0.0, said.append)
    now = 0.0
    for _ in range(3):
        part.code = 1
        keeper.look(now)
        now += 5
        keeper.look(now)
    assert [line.partition("again in ")[2] for line in said] == ["0.5 s", "1 s", "2 s"]
    part.code = 1
    keeper.look(now + 11)
    assert said[-1].endswith("again in 0.5 s")


def test_a_part_that_refuses_to_start_is_tried_again() -> None:
    part, said = Part(), list[str]()
    keeper = Keeper("Redis", part, 0.0, said.append)
    part.code, part.refuses = 137, True
    keeper.look(0.0)
    keeper.look(0.5)
    assert said[-1] == "Redis does not start: the disk is full; starting it again in 1 s"
    part.refuses = False
    keeper.look(1.5)
    assert part.starts == 1


def test_a_change_of_code_ends_the_pause() -> None:
    part, said = Part(), list[str]()
    keeper = Keeper("app", part, 0.0, said.append)
    part.code = 1
    keeper.look(0.0)
    keeper.start_at_once(0.1)
    keeper.look(0.6)
    assert part.starts == 1
