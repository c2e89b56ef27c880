import json
from pathlib import Path

import pytest

from examples.stdlib_report.graph import NODES, RETRIES, STORE
from examples.stdlib_report.nodes import AnalyseModule, ListModules, WriteReport, listed_names
from exosphere_core.graph.model import GraphTemplate
from exosphere_core.graph.registry import NodeContract, registry_errors
from exosphere_core.graph.structure import structural_errors
from exospherehost import PruneSignal


def list_modules(limit: str) -> list[ListModules.Outputs]:
    node = ListModules()
    node.inputs = ListModules.Inputs(limit=limit)
    return node.execute()


def analyse_module(module: str, path: Path) -> AnalyseModule.Outputs:
    node = AnalyseModule()
    node.inputs = AnalyseModule.Inputs(module=module, path=str(path))
    return node.execute()


def write_report(folder: Path, listed: str, analysed: list[AnalyseModule.Outputs]) -> WriteReport.Outputs:
    node = WriteReport()
    fields = {"modules": "module", **{name: name for name in AnalyseModule.Outputs.model_fields if name != "module"}}
    node.inputs = WriteReport.Inputs(
        folder=str(folder),
        listed=listed,
        **{field: json.dumps([getattr(each, name) for each in analysed]) for field, name in fields.items()},
    )
    return node.execute()


def test_listing_makes_one_branch_a_module() -> None:
    every = list_modules("0")
    assert len({each.module for each in every}) == len(every) > 300
    assert list_modules("3") == every[:3]
    assert all(Path(each.path).is_file() for each in every)


@pytest.mark.parametrize("limit", ["-1", "many", ""])
def test_a_limit_that_is_no_number_is_named(limit: str) -> None:
    with pytest.raises(ValueError, match="limit"):
        list_modules(limit)


def test_a_module_becomes_facts_as_text(tmp_path: Path) -> None:
    source = tmp_path / "__init__.py"
    source.write_text("from .near import a\n\ndef f():\n    if a: pass\n")
    assert analyse_module("package", source).model_dump() == {
        "module": "package",
        "lines": "4",
        "functions": "1",
        "classes": "0",
        "complexity": "2",
        "peak": "2",
        "peak_function": "f",
        "imports": '["package.near"]',
    }


def test_a_file_that_does_not_parse_prunes_its_branch_with_the_reason(tmp_path: Path) -> None:
    source = tmp_path / "bad.py"
    source.write_text("def f(:\n")
    with pytest.raises(PruneSignal) as pruned:
        analyse_module("bad", source)
    assert pruned.value.data["module"] == "bad"
    assert "invalid syntax" in pruned.value.data["reason"]


def test_the_report_is_written_and_names_what_was_pruned(tmp_path: Path) -> None:
    source = tmp_path / "good.py"
    source.write_text("import sys\n")
    written = write_report(tmp_path / "new", '["good", "bad"]', [analyse_module("good", source)])
    assert "Not parsed, so pruned: bad." in Path(written.page).read_text(encoding="utf-8")
    data = json.loads(Path(written.data).read_text(encoding="utf-8"))
    assert data["unparsed"] == ["bad"]
    assert [module["module"] for module in data["modules"]] == ["good"]
    assert data["modules"][0]["imports"] == ["sys"]


def test_one_branch_gives_a_plain_name_and_several_a_list() -> None:
    assert listed_names("json") == ["json"]
    assert listed_names('["a", "b"]') == ["a", "b"]


def test_the_graph_is_valid_with_these_nodes() -> None:
    template = GraphTemplate(nodes=NODES, retry_policy=RETRIES, store_config=STORE)
    contracts = {
        ("demo", node.__name__): NodeContract.of(node.Inputs.model_json_schema(), node.Outputs.model_json_schema(), [])
        for node in (ListModules, AnalyseModule, WriteReport)
    }
    assert structural_errors(template) == []
    assert registry_errors(template, [], contracts) == []
