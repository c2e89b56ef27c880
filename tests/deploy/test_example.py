"""The example that compose.yaml runs, judged as the state manager judges it."""

from pathlib import Path
from typing import Any

import pytest

from exosphere_cli.runtime_loader import load_runtime
from exosphere_core.access import KEY_VARIABLE, URI_VARIABLE
from exosphere_core.graph.registry import NodeContract, registry_errors
from exosphere_core.graph.structure import read_template
from exosphere_core.graph_file import read_graph_file

EXAMPLE = Path(__file__).parents[2] / "deploy" / "example"


def test_the_worker_of_the_example_has_what_its_graph_needs(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLE)
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.setenv(URI_VARIABLE, "http://localhost:8000")
    monkeypatch.setenv(KEY_VARIABLE, "key")
    runtime = load_runtime(compose["services"]["worker"]["command"][1])
    import greetings

    graph = read_graph_file(EXAMPLE / "greetings.yaml")
    template, errors = read_template(graph.content)
    assert errors == []
    assert template is not None
    registry = {
        (runtime.namespace, node.__name__): NodeContract.of(
            node.Inputs.model_json_schema(), node.Outputs.model_json_schema(), []
        )
        for node in (greetings.Greet, greetings.Louder)
    }
    assert registry_errors(template, [], registry) == []
