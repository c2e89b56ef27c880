"""A sample of the crash points, and those without which a promise would be untested. `make points` goes over all of them."""

import gc
import warnings
from collections.abc import Callable, Iterator
from random import Random

import pytest

from points.crash_points import Point, faultless, pairs_of, points_of
from points.play import Played, play
from points.scenes import SCENES
from points.server import redis_server
from points.wire import Fault, Mode, Step

#: The steps of a state manager in a play; all else that it sends are looks at what there is.
_STEPS = ("XREADGROUP", "step", "leaf", "finish", "XTRIM")

_DEATHS = (Mode.DIE_BEFORE, Mode.DIE_AFTER)
_DROPS = (Mode.DROP_BEFORE, Mode.DROP_AFTER)

#: Points that went wrong once.
KEPT = (
    # The sweep of applied reports was broken off, and their entries stayed until the next report.
    "chain|0|sm-1/34/DROP_BEFORE",
    "retry at once|0|sm-1/31/DROP_AFTER",
    "drain of a state manager|0|sm-2/55/DROP_BEFORE",
    # A unite that was settled beside the batches ended after the sweep, and its report's entry stayed.
    "unite ALL_SUCCESS, failed|0|sm-1/34/DIE_AFTER",
    "unite, all pruned|0|sm-1/32/DIE_BEFORE",
    # Another one ended in the middle of a sweep.
    "unite ALL_SUCCESS, failed|0|sm-1/37/DIE_BEFORE",
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The socket of a real Redis."""
    with redis_server() as path, warnings.catch_warnings():
        # What a killed process leaves open is closed by nobody.
        warnings.simplefilter("ignore", ResourceWarning)
        yield path
        gc.collect()


def strike(
    server: str, scene: str, which: Callable[[Step], bool], modes: tuple[Mode, ...]
) -> list[tuple[Point, Played]]:
    """Play a scene once for each of its points that are asked for. Each fault meets its command."""
    chosen = [
        point
        for step in faultless(server, scene, 0).steps
        if which(step)
        for point in points_of(scene, 0, [step])
        if point.faults[0].mode in modes
    ]
    assert chosen, "there is no such point"
    played = [(point, play(server, SCENES[scene], point.faults, point.seed)) for point in chosen]
    for point, found in played:
        assert not found.violations, (str(point), found.violations)
        assert set(point.faults) == found.struck, f"{point}: the play is not the same each time"
    return played


@pytest.mark.parametrize("scene", SCENES)
def test_a_sample_of_all_crash_points_of_a_scene_breaks_no_promise(server: str, scene: str) -> None:
    steps = faultless(server, scene, 0).steps
    draws = Random(scene)
    point = draws.choice([draws.choice(list(points_of(scene, 0, steps))), *pairs_of(scene, 0, steps, 1)])
    assert play(server, SCENES[scene], point.faults, point.seed).violations == [], str(point)


@pytest.mark.parametrize("point", KEPT)
def test_a_point_that_went_wrong_once_goes_well(server: str, point: str) -> None:
    scene, seed, faults = Point.read(point)
    assert play(server, SCENES[scene], faults, seed).violations == []


def test_a_state_manager_may_die_at_every_step_of_a_chain(server: str) -> None:
    played = strike(server, "chain", lambda step: step.actor == "sm-1" and step.name in _STEPS, _DEATHS)
    assert any("report taken over" in found.branches for _, found in played)


def test_a_report_that_is_sent_again_because_its_reply_was_lost_changes_nothing(server: str) -> None:
    played = strike(server, "chain", lambda step: step.actor == "w-1" and step.name == "EXEC", (Mode.DROP_AFTER,))
    assert any({"stale step", "stale leaf"} <= found.branches.keys() for _, found in played)


def test_a_state_manager_may_lose_its_connection_at_every_step_of_a_chain(server: str) -> None:
    played = strike(server, "chain", lambda step: step.actor == "sm-1" and step.name in _STEPS, _DROPS)
    assert any("own pending entry read again" in found.branches for _, found in played)


def test_a_runtime_may_die_at_every_command_of_a_chain(server: str) -> None:
    played = strike(server, "chain", lambda step: step.actor == "w-1", _DEATHS)
    assert any("lease given to another worker" in found.branches for _, found in played)


def test_a_state_manager_may_die_at_every_step_of_a_tolerant_unite(server: str) -> None:
    played = strike(
        server, "unite ALL_DONE, failed", lambda step: step.name in ("tolerate", "join", "ZRANGEBYLEX"), _DEATHS
    )
    assert sum("report taken over" in found.branches for _, found in played) > len(played) // 2


def test_a_state_manager_may_be_struck_before_and_after_it_lays_large_inputs_down_and_takes_them_over(
    server: str,
) -> None:
    played = strike(
        server, "unite over large inputs", lambda step: step.name in ("lay_down", "join"), (*_DEATHS, *_DROPS)
    )
    # What a dead one laid down is laid down again by whoever takes the unite over.
    assert any([step.name for step in found.steps].count("lay_down") == 2 for _, found in played)


def test_a_lost_delivery_is_found_by_the_runtime_itself(server: str) -> None:
    """Long before its lease is over."""
    played = strike(server, "chain", lambda step: step.actor == "w-1" and step.name == "XREADGROUP", (Mode.DROP_AFTER,))
    assert any("own pending entry read again" in found.branches for _, found in played)
    assert all("lease given to another worker" not in found.branches for _, found in played)


def test_a_stopping_runtime_gives_back_what_it_never_began(server: str) -> None:
    """A reply may be on its way when the read is broken off: nobody has to wait for the end of its lease."""
    played = strike(server, "chain", lambda step: step.actor == "w-1" and step.name == "XREADGROUP", (Mode.STOP,))
    assert any("own pending entry read again" in found.branches for _, found in played)
    assert all("lease given to another worker" not in found.branches for _, found in played)


def test_every_play_of_a_point_sends_the_same_commands(server: str) -> None:
    scene = SCENES["unite ALL_SUCCESS"]
    fault = (Fault("sm-1", 30, Mode.DIE_AFTER),)
    assert play(server, scene, fault, 3).steps == play(server, scene, fault, 3).steps


def test_the_verdict_sees_a_doubled_transition(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict that can't fail proves nothing: without its fence the engine applies a report twice."""
    from exosphere_core.store import scripts

    real = scripts._read
    monkeypatch.setattr(
        scripts,
        "_read",
        lambda name: real(name).replace("record[1] == 'CREATED' and record[2] == attempt", "record[1]"),
    )
    scripts.script.cache_clear()
    try:
        steps = [step for step in play(server, SCENES["chain"]).steps if step.name == "EXEC" and step.actor == "w-1"]
        found = [
            play(server, SCENES["chain"], (Fault(step.actor, step.index, Mode.DROP_AFTER),)).violations
            for step in steps
        ]
    finally:
        scripts.script.cache_clear()
    assert any("applied 2 times" in line for lines in found for line in lines)
