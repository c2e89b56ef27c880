"""Retry policies, and the one function that computes a delay."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

#: No retry waits longer than this (10 years): exponentials overflow otherwise.
LONGEST_DELAY_MS: Final = 10 * 366 * 24 * 3600 * 1000


class RetryStrategyEnum(StrEnum):
    """How the delay before a retry grows, and how it is scattered."""

    EXPONENTIAL = "EXPONENTIAL"
    EXPONENTIAL_FULL_JITTER = "EXPONENTIAL_FULL_JITTER"
    EXPONENTIAL_EQUAL_JITTER = "EXPONENTIAL_EQUAL_JITTER"
    LINEAR = "LINEAR"
    LINEAR_FULL_JITTER = "LINEAR_FULL_JITTER"
    LINEAR_EQUAL_JITTER = "LINEAR_EQUAL_JITTER"
    FIXED = "FIXED"
    FIXED_FULL_JITTER = "FIXED_FULL_JITTER"
    FIXED_EQUAL_JITTER = "FIXED_EQUAL_JITTER"


class RetryPolicyModel(BaseModel):
    """When a failed state is tried again.

    Attributes:
        max_retries: retries after the first attempt; 0 means none.
        strategy: how the delay grows.
        backoff_factor: base delay in ms.
        exponent: growth of the exponential strategies.
        max_delay: cap in ms, applied last; None for no cap.
    """

    model_config = ConfigDict(extra="forbid")

    max_retries: int = Field(default=3, ge=0)
    strategy: RetryStrategyEnum = RetryStrategyEnum.EXPONENTIAL
    backoff_factor: int = Field(default=2000, gt=0)
    exponent: float = Field(default=2, gt=0, allow_inf_nan=False)
    max_delay: int | None = Field(default=None, gt=0)


def delay_ms(policy: RetryPolicyModel, retry: int, draw: float) -> int:
    """Return how long to wait before a retry, in ms.

    Args:
        policy: the policy in force.
        retry: 1 for the first retry.
        draw: a uniform random number in [0, 1), used by the jitter strategies.
    """
    family, _, jitter = policy.strategy.value.partition("_")
    try:
        if family == "EXPONENTIAL":
            base = policy.backoff_factor * float(policy.exponent) ** (retry - 1)
        elif family == "LINEAR":
            base = float(policy.backoff_factor * retry)
        else:
            base = float(policy.backoff_factor)
    except OverflowError:
        base = float(LONGEST_DELAY_MS)
    base = min(base, LONGEST_DELAY_MS)
    if jitter == "FULL_JITTER":
        base = base * draw
    elif jitter == "EQUAL_JITTER":
        base = base / 2 + base / 2 * draw
    if policy.max_delay is not None:
        base = min(base, policy.max_delay)
    return round(base)
