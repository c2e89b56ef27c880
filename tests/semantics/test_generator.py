"""What the proof plays: valid graphs, and everything that can happen does."""

from functools import cache

from exosphere_core.graph.structure import read_template
from semantics.draws import tape_of
from semantics.generate import random_scenario
from semantics.happenings import Scenario
from semantics.play import Player
from semantics.reduce import possible, reduced
from semantics.tally import Tally


@cache
def scenarios() -> list[Scenario]:
    return [random_scenario(tape_of(seed)) for seed in range(300)]


def played(scenario: Scenario) -> Player:
    player = Player(scenario)
    for event in scenario.events:
        player.play(event)
    player.apply()
    return player


def test_every_graph_is_valid() -> None:
    for scenario in scenarios():
        assert read_template(scenario.template)[1] == []
        assert len(scenario.template["nodes"]) <= 12


def test_the_same_tape_gives_the_same_scenario() -> None:
    assert [random_scenario(tape_of(seed)) for seed in range(20)] == scenarios()[:20]


def test_an_empty_tape_gives_one_node_that_runs_to_its_end() -> None:
    scenario = random_scenario(b"")
    assert len(scenario.template["nodes"]) == 1
    assert played(scenario).model.status == "SUCCESS"


def test_everything_that_can_happen_does() -> None:
    tally = Tally()
    for scenario in scenarios():
        tally.add(scenario, played(scenario).model)
    for kind, names in {
        "run": ["PENDING", "SUCCESS", "FAILED", "CANCELLED"],
        "state": [
            "CREATED", "QUEUED", "SUCCESS", "PRUNED", "ERRORED", "NEXT_CREATED_ERROR", "RETRY_CREATED", "CANCELLED",
        ],
        "event": ["Take", "Report", "Apply", "Due", "Lose", "Cancel", "Retry", "RetryFailed", "Upsert"],
        "unite": [f"{strategy} {status}" for strategy in ("ALL_SUCCESS", "ALL_DONE") for status in ("FIRED", "PRUNED")],
    }.items():  # fmt: skip
        for name in names:
            assert tally.counts[f"{kind} {name}"] > 0, f"{kind} {name} never came up"
    assert tally.counts["unite ALL_SUCCESS OPEN"] > 0
    assert tally.counts["reports that change nothing"] > 0


def test_a_failing_scenario_is_made_as_small_as_it_can_be() -> None:
    def fails(scenario: Scenario) -> bool:
        return any(state.status == "PRUNED" for state in played(scenario).model.states.values())

    scenario = next(scenario for scenario in scenarios() if fails(scenario) and len(scenario.events) > 20)
    smallest = reduced(scenario, fails, tries=2000)
    assert [type(event).__name__ for event in smallest.events[-2:]] == ["Take", "Report"]
    assert len(smallest.template["nodes"]) * 2 >= len(smallest.events) > 0
    assert possible(smallest) == smallest
