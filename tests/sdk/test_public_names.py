import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import exospherehost
from exosphere_core import errors as core_errors


def test_the_package_exports_exactly_the_fourteen_names() -> None:
    assert sorted(exospherehost.__all__) == [
        "BaseNode",
        "CronTrigger",
        "GraphNodeModel",
        "Producer",
        "PruneSignal",
        "ReQueueAfterSignal",
        "RetryPolicyModel",
        "RetryStrategyEnum",
        "Runtime",
        "StateManager",
        "StoreConfigModel",
        "UnitesModel",
        "UnitesStrategyEnum",
        "VERSION",
    ]
    for name in exospherehost.__all__:
        assert getattr(exospherehost, name) is not None


@pytest.mark.parametrize(
    "module, name",
    [
        ("exospherehost.runtime", "Runtime"),
        ("exospherehost.node.BaseNode", "BaseNode"),
        ("exospherehost.signals", "PruneSignal"),
        ("exospherehost.signals", "ReQueueAfterSignal"),
        ("exospherehost.models", "GraphNodeModel"),
        ("exospherehost.models", "UnitesModel"),
        ("exospherehost.models", "UnitesStrategyEnum"),
        ("exospherehost.models", "RetryPolicyModel"),
        ("exospherehost.models", "RetryStrategyEnum"),
        ("exospherehost.models", "StoreConfigModel"),
        ("exospherehost.models", "CronTrigger"),
        ("exospherehost.statemanager", "StateManager"),
    ],
)
def test_the_module_paths_of_existing_code_give_the_same_objects(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name) is getattr(exospherehost, name)


def test_the_version_has_two_names_and_one_value() -> None:
    assert exospherehost.__version__ == exospherehost.VERSION


def test_every_error_class_can_be_imported_from_the_sdk() -> None:
    errors = importlib.import_module("exospherehost.errors")
    classes = {
        name
        for name, value in vars(core_errors).items()
        if isinstance(value, type) and issubclass(value, core_errors.ExosphereError)
    }
    # What a node raises to have no retries is no error of the product's own.
    assert set(errors.__all__) == classes | {"NonRetryableError"}
    for name in classes:
        assert getattr(errors, name) is getattr(core_errors, name)


def test_a_producer_needs_nothing_that_only_a_server_needs() -> None:
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    needed = project["project"]["optional-dependencies"]["server"]
    modules = [re.split(r"[^\w-]", line)[0].replace("-", "_") for line in needed]
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({modules!r}))\n"  # to import one is an error now
        "from exospherehost import Producer\n"
        "print(Producer('ns', 'redis://localhost'))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "Producer(namespace='ns')", result.stderr


def test_the_package_is_typed_and_imports_nothing_of_the_server() -> None:
    code = (
        "import sys, exospherehost, importlib.resources as r\n"
        "assert r.files('exospherehost').joinpath('py.typed').is_file()\n"
        "servers = ('exosphere_orchestrator', 'exosphere_cli', 'fastapi', 'arq', 'uvicorn', 'croniter')\n"
        "print([name for name in servers if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
