"""docs/migration.md: what it says stays is there, and what it names exists."""

import inspect
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import exospherehost
from exosphere_core.states import RunStatus, Status
from exospherehost import GraphNodeModel, Runtime, StateManager, errors

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "migration.md").read_text(encoding="utf-8")


def test_there_are_as_many_public_names_as_the_page_says() -> None:
    assert "the same thirteen public names (`Producer` is new beside them)" in PAGE
    assert len(set(exospherehost.__all__) - {"Producer"}) == 13


def test_each_method_that_stays_or_came_is_one_of_the_state_manager() -> None:
    for name in ("upsert_graph", "get_graph", "trigger", "wait", "run", "cancel", "retry", "rerun"):
        assert f"`{name}`" in PAGE
        assert inspect.iscoroutinefunction(getattr(StateManager, name)), name


def test_the_argument_without_effect_is_still_accepted() -> None:
    assert "`poll_interval`" in PAGE
    assert "poll_interval" in inspect.signature(Runtime).parameters


def test_every_setting_that_the_page_names_exists() -> None:
    settings = (DOCS / "settings.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"`((?:EXOSPHERE|SECRETS|STATE)_[A-Z_]+)`", PAGE)):
        assert f"`{name}`" in settings, name


def test_every_command_that_the_page_names_exists() -> None:
    commands = (DOCS / "cli.md").read_text(encoding="utf-8")
    for command in re.findall(r"`(exosphere [a-z]+(?: (?:apply|list|pause|validate))?)\b", PAGE):
        assert f"#### `{command} " in commands or f"#### `{command}`" in commands, command


def test_the_errors_that_the_page_names_are_exceptions() -> None:
    for name in ("NotFound", "InvalidGraph"):
        assert f"`{name}`" in PAGE
        assert issubclass(getattr(errors, name), Exception)


def test_the_statuses_are_those_that_the_page_names() -> None:
    for status in RunStatus:
        assert f"`{status}`" in PAGE
    assert "also `CANCELLED`" in PAGE
    assert Status("CANCELLED") is Status.CANCELLED


def test_a_name_that_the_page_calls_wrong_is_refused() -> None:
    with pytest.raises(ValidationError, match="not allowed"):
        GraphNodeModel(node_name="A", namespace="ns", identifier="a.b")
