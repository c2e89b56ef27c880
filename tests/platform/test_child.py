"""The environment that a child process gets."""

import json
import os
import sys
from types import ModuleType

import pytest

from exosphere_cli.child import Child
from exosphere_core.lifeline import Lifeline
from system.stack import wait_for

PRINTS = "import json, os; print(json.dumps(os.environ.get('PYTHONPATH')))"


def path_of_child(environment: dict[str, str]) -> str | None:
    lines: list[str] = []
    with Lifeline() as lifeline:
        child = Child("one", [sys.executable, "-c", PRINTS], environment, lifeline, lines.append)
        child.start()
        wait_for("it has ended", lambda: child.poll() is not None)
    (told,) = lines
    path: str | None = json.loads(told)
    return path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["/otel"]),
        ({"PYTHONPATH": "/mine:/other"}, ["/otel", "/mine", "/other"]),
        ({"PYTHONPATH": "/mine:/otel"}, ["/otel", "/mine"]),
    ],
)
def test_a_child_of_a_process_that_opentelemetry_instruments_is_instrumented_too(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: list[str]
) -> None:
    module = ModuleType("auto")
    module.__file__ = "/otel/__init__.py"
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.auto_instrumentation", module)
    assert (path_of_child(given) or "").split(os.pathsep) == expected


def test_a_child_of_any_other_process_has_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "opentelemetry.instrumentation.auto_instrumentation", raising=False)
    assert path_of_child({"PYTHONPATH": "/mine"}) == "/mine"
    assert path_of_child({}) is None
