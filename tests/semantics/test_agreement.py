"""The engine does what the model says, on graphs, behaviours and schedules that nobody thought of."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.world import Lane
from semantics.draws import TAPE_BYTES
from semantics.drive import Driver
from semantics.generate import random_scenario
from semantics.happenings import Scenario

#: How many graphs, by lane: a second of work is worth more on the real one.
EXAMPLES = {"fakeredis": 100, "redis": 150}

#: The same examples each time: a test that fails tells that something changed. `make proof` goes further.
BOUNDED = settings(
    derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink], print_blob=True,
)  # fmt: skip

SCENARIOS = st.binary(min_size=TAPE_BYTES, max_size=TAPE_BYTES).map(random_scenario)


def test_the_engine_does_what_the_model_says(lane: Lane) -> None:
    @settings(BOUNDED, max_examples=EXAMPLES[lane.name])
    @given(SCENARIOS)
    def agree(scenario: Scenario) -> None:
        lane.run(lambda world: Driver(world, scenario).play())

    agree()
