"""What is kept of an error that a node raises: its class and message, where it happened, and no secret."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from exosphere_worker import executor
from exosphere_worker.executor import KEPT_ERROR
from exosphere_worker.node import BaseNode
from exosphere_worker.outcome import Failed, Succeeded
from exosphere_worker.signals import NonRetryableError
from worker.play import outcome_of

RAISED: list[Any] = []


def _deep() -> None:
    raise RAISED[-1]


class Raising(BaseNode):
    async def execute(self) -> None:
        _deep()


class RaisingInThread(BaseNode):
    def execute(self) -> None:
        _deep()


class RaisingAtBirth(BaseNode):
    def __init__(self) -> None:
        _deep()

    async def execute(self) -> None: ...


ALL = [Raising, RaisingInThread, RaisingAtBirth]


def failure(
    node: type[BaseNode], fault: Any, secrets: dict[str, str] | None = None, timeout: int | None = None
) -> Failed:
    RAISED.append(fault)
    outcome = outcome_of(node, secrets=secrets, timeout_ms=timeout)
    assert isinstance(outcome, Failed), outcome
    return outcome


@pytest.mark.parametrize("timeout_ms", [None, 60_000])
@pytest.mark.parametrize("node", ALL)
def test_the_text_begins_with_class_and_message_and_then_the_nodes_own_frame(
    node: type[BaseNode], timeout_ms: int | None
) -> None:
    outcome = failure(node, ValueError("bad luck"), timeout=timeout_ms)
    first, second, *rest = outcome.error.splitlines()
    assert first == "ValueError: bad luck"
    assert second.startswith(f'  File "{__file__}", line ')
    assert second.endswith("in __init__" if node is RaisingAtBirth else "in execute")
    assert rest[-1].strip() in ("raise RAISED[-1]", "^" * 16)
    assert Path(executor.__file__).name not in outcome.error
    assert "thread.py" not in outcome.error
    assert outcome.retryable


@pytest.mark.parametrize("node", ALL)
@pytest.mark.parametrize("fault", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
def test_what_would_end_a_process_is_a_failure_of_the_state_alone(node: type[BaseNode], fault: BaseException) -> None:
    assert failure(node, fault).error.splitlines()[0].startswith(type(fault).__name__)


@pytest.mark.parametrize("node", ALL)
def test_a_stop_iteration_is_a_failure_and_not_a_wait_for_ever(node: type[BaseNode]) -> None:
    lines = failure(node, StopIteration("no more"), timeout=5_000).error.splitlines()
    assert lines[0] == "StopIteration: no more"
    assert lines[1].startswith(f'  File "{__file__}"')


@pytest.mark.parametrize("node", ALL)
def test_a_non_retryable_error_says_so(node: type[BaseNode]) -> None:
    outcome = failure(node, NonRetryableError("the account is closed"))
    assert outcome.error.startswith("NonRetryableError: the account is closed")
    assert not outcome.retryable


def test_an_error_without_a_message_is_its_class() -> None:
    assert failure(Raising, ValueError()).error.splitlines()[0] == "ValueError"


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_whose_message_can_not_be_read_is_reported_all_the_same() -> None:
    assert failure(Raising, Unspeakable()).error.startswith("Unspeakable: its message can't be read: RuntimeError")


def test_half_a_character_in_a_message_is_written_out() -> None:
    error = failure(Raising, FileNotFoundError("caf\udce9")).error
    assert error.startswith(r"FileNotFoundError: caf\udce9")
    error.encode()


def test_a_long_text_is_cut() -> None:
    error = failure(Raising, ValueError("x" * 100_000)).error
    assert len(error) == KEPT_ERROR + 1
    assert error.endswith("…")


class Secretive(BaseNode):
    class Secrets(BaseModel):
        api_key: str
        longer: str = ""
        short: str = ""

        @field_validator("api_key")
        @classmethod
        def _good(cls, value: str) -> str:
            if value.startswith("bad"):
                raise ValueError(f"{value} is not a key")
            return value

    class Outputs(BaseModel):
        length: str

    async def execute(self) -> Outputs:
        if self.secrets.longer:
            raise ValueError(
                f"{self.secrets.longer} {self.secrets.longer!r} {self.secrets.api_key} {self.secrets.short}"
            )
        return self.Outputs(length=str(len(self.secrets.api_key)))


def test_a_node_gets_the_secrets_that_it_declares() -> None:
    assert outcome_of(Secretive, secrets={"api_key": "abcdef"}) == Succeeded([{"length": "6"}], False)


def test_secrets_are_taken_out_of_error_texts_the_longest_first() -> None:
    secrets = {"api_key": "abcdef", "longer": "abcdef\nrest", "short": "abc"}
    outcome = outcome_of(Secretive, secrets=secrets)
    assert isinstance(outcome, Failed)
    assert outcome.error.splitlines()[0] == "ValueError: *** '***' *** abc"
    assert "abcdef" not in outcome.error
    assert "rest" not in outcome.error


@pytest.mark.parametrize(
    ("secrets", "error"),
    [
        ({}, "the inputs or secrets of Secretive do not fit its models: Secrets.api_key: Field required"),
        ({"api_key": "bad-canary"}, "Secrets.api_key: Value error, *** is not a key"),
    ],
)
def test_secrets_that_do_not_fit_fail_the_state_and_stay_secret(secrets: dict[str, str], error: str) -> None:
    outcome = outcome_of(Secretive, secrets=secrets)
    assert isinstance(outcome, Failed)
    assert error in outcome.error
    assert "canary" not in outcome.error
