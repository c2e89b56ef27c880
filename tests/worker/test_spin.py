"""When a runtime waits awake for the next delivery, and when it sleeps."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from exosphere_worker import spin as spin_module
from exosphere_worker.spin import Spin, spin_limit_us

LIMIT_US = 500
#: Longer than a rest.
REST_US = 40_000


class Times:
    """A clock that is set by hand, in µs."""

    def __init__(self) -> None:
        self.wall = 0.0

    def spin(self, *, is_idle: bool = True, cores: int = 2, limit_us: int = LIMIT_US) -> Spin:
        return Spin(limit_us, lambda: is_idle, cores, lambda: self.wall / 1e6)

    def wait(self, spin: Spin, us: float) -> None:
        """A wait that took so long."""
        spin.begin()
        self.wall += us
        spin.end()


def play(scene: Callable[[Times], Coroutine[None, None, None]]) -> None:
    asyncio.run(scene(Times()))


async def turns() -> None:
    """Let the event loop turn a few times."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_the_wait_after_a_short_one_is_spent_awake_and_no_longer_than_the_limit() -> None:
    async def scene(times: Times) -> None:
        spin = times.spin()
        times.wait(spin, LIMIT_US - 1)
        spin.begin()
        await turns()
        assert spin.is_awake
        times.wall += LIMIT_US
        await turns()
        assert not spin.is_awake
        spin.end()

    play(scene)


def test_the_end_of_the_wait_ends_it() -> None:
    async def scene(times: Times) -> None:
        spin = times.spin()
        times.wait(spin, 1)
        times.wait(spin, 1)
        await turns()
        assert not spin.is_awake

    play(scene)


def test_the_first_wait_and_the_one_after_a_long_one_are_slept_through() -> None:
    async def scene(times: Times) -> None:
        spin = times.spin()
        spin.begin()
        assert not spin.is_awake
        spin.end()
        times.wait(spin, 2 * LIMIT_US)
        await turns()
        spin.begin()
        assert not spin.is_awake

    play(scene)


def test_a_wait_that_was_a_little_too_long_asleep_is_tried_awake() -> None:
    """Else whoever once slept would sleep for ever: to be woken takes its time, too."""

    async def scene(times: Times) -> None:
        spin = times.spin()
        times.wait(spin, 2 * LIMIT_US - 1)
        spin.begin()
        assert spin.is_awake
        spin.end()

    play(scene)


@pytest.mark.parametrize("why", ["a node runs", "there is one core", "it is turned off"])
def test_who_may_not_is_never_awake(why: str) -> None:
    async def scene(times: Times) -> None:
        spin = {
            "a node runs": times.spin(is_idle=False),
            "there is one core": times.spin(cores=1),
            "it is turned off": times.spin(limit_us=0),
        }[why]
        times.wait(spin, 0)
        spin.begin()
        assert not spin.is_awake

    play(scene)


def test_whoever_else_has_need_of_the_core_has_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    gave_way: list[bool] = []

    async def scene(times: Times) -> None:
        spin = times.spin()
        monkeypatch.setattr(spin_module, "_give_way", lambda: gave_way.append(spin.is_awake))
        times.wait(spin, 2 * LIMIT_US)
        spin.begin()
        await turns()
        spin.end()
        assert not gave_way, "who sleeps has none"
        times.wait(spin, 1)
        spin.begin()
        await turns()
        spin.end()
        assert gave_way == [True, True, True]

    play(scene)


@pytest.mark.parametrize("times_in_vain", [2, 3])
def test_who_was_awake_in_vain_thrice_in_a_row_sleeps_for_a_while(times_in_vain: int) -> None:
    async def scene(times: Times) -> None:
        spin = times.spin()
        times.wait(spin, 10)
        # One that was of use has the count begin again.
        for us in [LIMIT_US, 10, *[LIMIT_US] * times_in_vain]:
            times.wait(spin, us)
            await turns()
        spin.begin()
        assert spin.is_awake == (times_in_vain < 3)
        spin.end()
        times.wall += REST_US
        times.wait(spin, 10)
        spin.begin()
        assert spin.is_awake

    play(scene)


@pytest.mark.parametrize(("text", "limit"), [("0", 0), ("80", 80), ("", 500)])
def test_the_limit_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, limit: int) -> None:
    monkeypatch.setenv("EXOSPHERE_SPIN_US", text)
    assert spin_limit_us() == limit


def test_a_limit_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_SPIN_US", "-1")
    with pytest.raises(ValueError, match="EXOSPHERE_SPIN_US must be a whole number of µs, 0 for never, not '-1'"):
        spin_limit_us()
