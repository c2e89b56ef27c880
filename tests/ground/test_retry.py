"""The delay before a retry: each strategy, its jitter, the cap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from exosphere_core.retry import LONGEST_DELAY_MS, RetryPolicyModel, RetryStrategyEnum, delay_ms

policies = st.builds(
    RetryPolicyModel,
    strategy=st.sampled_from(RetryStrategyEnum),
    backoff_factor=st.integers(1, 10**400),
    exponent=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    max_delay=st.none() | st.integers(1, 10**400),
)
retries = st.integers(1, 10**6)
draws = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    "strategy, delays_at_draw_0, delays_at_draw_half",
    [
        ("EXPONENTIAL", [1000, 3000, 9000], [1000, 3000, 9000]),
        ("EXPONENTIAL_FULL_JITTER", [0, 0, 0], [500, 1500, 4500]),
        ("EXPONENTIAL_EQUAL_JITTER", [500, 1500, 4500], [750, 2250, 6750]),
        ("LINEAR", [1000, 2000, 3000], [1000, 2000, 3000]),
        ("LINEAR_FULL_JITTER", [0, 0, 0], [500, 1000, 1500]),
        ("LINEAR_EQUAL_JITTER", [500, 1000, 1500], [750, 1500, 2250]),
        ("FIXED", [1000, 1000, 1000], [1000, 1000, 1000]),
        ("FIXED_FULL_JITTER", [0, 0, 0], [500, 500, 500]),
        ("FIXED_EQUAL_JITTER", [500, 500, 500], [750, 750, 750]),
    ],
)
def test_a_strategy_grows_and_scatters_as_its_name_says(
    strategy: str, delays_at_draw_0: list[int], delays_at_draw_half: list[int]
) -> None:
    policy = RetryPolicyModel(strategy=RetryStrategyEnum(strategy), backoff_factor=1000, exponent=3)
    assert [delay_ms(policy, retry, 0.0) for retry in (1, 2, 3)] == delays_at_draw_0
    assert [delay_ms(policy, retry, 0.5) for retry in (1, 2, 3)] == delays_at_draw_half


def test_the_nine_strategies_are_three_families_with_three_kinds_of_jitter() -> None:
    assert {strategy.value for strategy in RetryStrategyEnum} == {
        family + jitter
        for family in ("EXPONENTIAL", "LINEAR", "FIXED")
        for jitter in ("", "_FULL_JITTER", "_EQUAL_JITTER")
    }


def test_a_policy_that_says_nothing_has_the_documented_values() -> None:
    assert RetryPolicyModel().model_dump() == {
        "max_retries": 3,
        "strategy": "EXPONENTIAL",
        "backoff_factor": 2000,
        "exponent": 2,
        "max_delay": None,
    }


def test_the_cap_comes_after_the_jitter() -> None:
    policy = RetryPolicyModel(strategy=RetryStrategyEnum.FIXED_FULL_JITTER, backoff_factor=1000, max_delay=600)
    assert delay_ms(policy, 1, 0.5) == 500  # capped before the jitter, it would be 300
    assert delay_ms(policy, 1, 0.9) == 600


def test_an_exponent_below_one_shrinks_the_delay() -> None:
    policy = RetryPolicyModel(backoff_factor=1000, exponent=0.5)
    assert [delay_ms(policy, retry, 0.0) for retry in (1, 2, 3)] == [1000, 500, 250]


@pytest.mark.parametrize("strategy", ["EXPONENTIAL", "LINEAR", "FIXED"])
def test_a_delay_past_all_numbers_is_the_longest_delay(strategy: str) -> None:
    policy = RetryPolicyModel(strategy=RetryStrategyEnum(strategy), backoff_factor=10**400, exponent=1e300)
    assert delay_ms(policy, 1000, 0.0) == LONGEST_DELAY_MS


@given(policies, retries, draws)
def test_every_delay_is_a_whole_number_of_ms_within_bounds(policy: RetryPolicyModel, retry: int, draw: float) -> None:
    delay = delay_ms(policy, retry, draw)
    assert isinstance(delay, int)
    assert 0 <= delay <= min(LONGEST_DELAY_MS, policy.max_delay or LONGEST_DELAY_MS)


@given(policies, retries, draws)
def test_jitter_stays_within_its_part_of_the_delay(policy: RetryPolicyModel, retry: int, draw: float) -> None:
    family = policy.strategy.value.split("_")[0]
    plain, full, equal = (
        delay_ms(
            policy.model_copy(update={"strategy": RetryStrategyEnum(family + kind), "max_delay": None}), retry, draw
        )
        for kind in ("", "_FULL_JITTER", "_EQUAL_JITTER")
    )
    assert 0 <= full <= plain
    assert plain // 2 <= equal <= plain


@pytest.mark.parametrize(
    "field, value",
    [
        ("max_retries", -1),
        ("backoff_factor", 0),
        ("exponent", 0),
        ("exponent", float("inf")),
        ("exponent", float("nan")),
        ("max_delay", 0),
        ("strategy", "SOMETIMES"),
        ("retries", 3),
    ],
)
def test_a_policy_with_a_bad_field_is_refused_and_names_it(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        RetryPolicyModel.model_validate({field: value})
