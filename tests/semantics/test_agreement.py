"""The engine does what the model says, on graphs, behaviours and schedules that nobody thought of."""

import asyncio

import fakeredis
import pytest
import uvloop
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from semantics.draws import TAPE_BYTES
from semantics.drive import agree
from semantics.generate import random_scenario
from semantics.happenings import Scenario

#: How many graphs, by lane: a second of work is worth more on the real one, which plays those of the other, too.
GRAPHS = {"fakeredis": 40, "redis": 150}

#: The same graphs each time: a test that fails tells that something changed. `make proof` goes further.
BOUNDED = settings(
    derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink], print_blob=True,
)  # fmt: skip

SCENARIOS = st.binary(min_size=TAPE_BYTES, max_size=TAPE_BYTES).map(random_scenario)


@pytest.mark.parametrize("lane", GRAPHS)
def test_the_engine_does_what_the_model_says(lane: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("redis_url") if lane == "redis" else None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        redis = fakeredis.FakeAsyncRedis() if url is None else Redis.from_url(url)

        @settings(BOUNDED, max_examples=GRAPHS[lane])
        @given(SCENARIOS)
        def does(scenario: Scenario) -> None:
            runner.run(agree(redis, scenario))

        try:
            does()
        finally:
            runner.run(redis.aclose())
