"""`exosphere migrate check`: what of a project for the original works, must change, or behaves otherwise."""

import base64
import inspect
import json
import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

import exospherehost
from api.service import node_class
from cli_shell import Shell
from exosphere_cli.main import main
from exosphere_cli.migration import facts
from exosphere_core.states import Status
from exospherehost import Runtime, StateManager

SECRET = "do-not-show-me"
KEY = base64.urlsafe_b64encode(bytes(32)).decode()

CODE = f"""\
from exospherehost import BaseNode, CronTrigger, GraphNodeModel, PruneSignal, ReQueueAfterSignal
from exospherehost import Runtime, StateManager, Worker
from exospherehost.node.BaseNode import BaseNode as Base
from exospherehost._logger import get_logger
import pymongo

NAMESPACE = "shop"
WHERE = os.environ["MONGO_URI"]

class Load(Base):
    async def execute(self):
        await self.store.set("k", "v")
        raise ReQueueAfterSignal(timedelta(seconds=1))

Runtime(NAMESPACE, "loader", [Load], poll_interval=5, retries=2)
manager = StateManager("my shop")
manager.upsert_graph("g", [
    GraphNodeModel(node_name="Load", namespace=NAMESPACE, identifier="a", inputs={{"x": WHERE}}, next_nodes=["b", "c"]),
    GraphNodeModel(node_name="Load", namespace=NAMESPACE, identifier="b", next_nodes=["d"]),
    GraphNodeModel(node_name="Load", namespace=NAMESPACE, identifier="c", next_nodes=["d"]),
    GraphNodeModel(node_name="Load", namespace=NAMESPACE, identifier="d",
                   inputs={{"x": "${{{{ b.outputs.x }}}} ${{{{ store.k }}}}"}}),
], secrets={{"token": "{SECRET}"}}, triggers=[CronTrigger(expression="0 1 * * *")])
manager.get_graph("g")
manager.vanish()
OVER = ("SUCCESS", "PRUNED", "ERRORED")
httpx.post(f"{{uri}}/v0/namespace/shop/graph/g/trigger")
httpx.post(f"{{uri}}/v0/namespace/shop/states/enqueue")
"""

Found = list[tuple[str, int, str]]
Check = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Check a project of these files, in its folder; returns exit code, findings and what the table says."""

    def run(*arguments: str, **files: str) -> tuple[int, list[dict[str, Any]], str]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        codes, outputs = [], []
        for form in ("json", "yaml", "table"):
            monkeypatch.setattr(sys, "argv", ["exosphere", "migrate", "check", *arguments, "-o", form])
            with pytest.raises(SystemExit) as ended:
                main()
            codes.append(int(ended.value.code or 0))
            output, errors = capsys.readouterr()
            outputs.append(output or errors)
            assert SECRET not in output + errors
            assert "Traceback" not in errors
        assert len(set(codes)) == 1
        if codes[0] not in (0, 3):
            return codes[0], [], outputs[-1]
        found = json.loads(outputs[0])
        assert yaml.safe_load(outputs[1]) == found
        return codes[0], found, outputs[2]

    return run


def test_the_command_of_migration_md_checks_the_project_that_it_names(check: Check) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
    (typed,) = re.findall(r"```sh\nexosphere migrate check (\S+)\n```", page)
    code, found, _ = check(typed, **{f"{typed}/app.py": CODE, "beside.py": CODE})
    assert code == 3
    assert {one["file"] for one in found} == {f"{typed}/app.py"}


def brief(findings: list[dict[str, Any]], verdict: str) -> Found:
    return [(one["file"], one["line"], one["rule"]) for one in findings if one["verdict"] == verdict]


def test_each_place_of_python_code_is_told_with_its_line(check: Check) -> None:
    code, found, _ = check(**{"app.py": CODE})
    assert code == 3
    assert brief(found, "change") == [
        ("app.py", 2, "import"),
        ("app.py", 4, "import"),
        ("app.py", 15, "argument"),
        ("app.py", 16, "name"),
        ("app.py", 21, "graph"),
        ("app.py", 25, "call"),
    ]
    assert brief(found, "differs") == [
        ("app.py", 5, "mongodb"),
        ("app.py", 8, "mongodb"),
        ("app.py", 12, "store"),
        ("app.py", 13, "requeue"),
        ("app.py", 15, "poll-interval"),
        ("app.py", 21, "two-arrows"),
        ("app.py", 23, "schedule"),
        ("app.py", 26, "statuses"),
        ("app.py", 27, "http-busy"),
        ("app.py", 28, "http-lease"),
    ]
    assert {("app.py", 3, "import"), ("app.py", 10, "node"), ("app.py", 24, "call")} <= set(brief(found, "same"))
    (graph,) = (one for one in found if one["verdict"] == "change" and one["rule"] == "graph")
    assert "'${{ b.outputs.x }}' reads 'b', which is not an ancestor of 'd' on every path" in graph["detail"]
    assert graph["fix"] == "pass the value on, or use the store"


def test_a_field_that_is_no_text_is_told(check: Check) -> None:
    text = """\
from exospherehost import BaseNode
class A(BaseNode):
    class Inputs(BaseModel):
        good: str = "1"
        also: Annotated[str, Field(max_length=3)]
        count: int
    class Outputs(BaseModel):
        rows: list[str]
        maybe: str | None = None
"""
    _, found, _ = check(**{"a.py": text})
    assert brief(found, "change") == [("a.py", 6, "field"), ("a.py", 8, "field"), ("a.py", 9, "field")]
    assert "A.Inputs.count is int" in found[0]["detail"]


def test_nothing_of_the_project_is_executed(check: Check, tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')\nfrom exospherehost import BaseNode\n"
    code, found, _ = check(**{"conftest.py": trap, "pkg/__init__.py": trap, "setup.py": trap})
    assert (code, len(found)) == (0, 3)
    assert not (tmp_path / "ran").exists()


def test_code_that_needs_no_change_says_so_and_exits_with_0(check: Check) -> None:
    code, found, table = check(**{"a.py": "from exospherehost import BaseNode\nclass A(BaseNode):\n    pass\n"})
    assert (code, brief(found, "change"), brief(found, "differs")) == (0, [], [])
    assert table == "0 to change, 0 that behave otherwise, 2 that work unchanged, in 1 files\n"
    assert "same    a.py:2  node class A" in check("--all")[2]


def test_code_of_other_programs_is_left_alone(check: Check) -> None:
    text = 'STATES = ["CREATED", "QUEUED", "SUCCESS"]\npost("/trigger")\nclass A(BaseNode): ...\nRuntime(x=1)\n'
    assert check(**{"a.py": text, "package.json": "{}", "values.yaml": "nodes: [1]\n", ".venv/b.py": CODE}) == (
        0, [], "0 to change, 0 that behave otherwise, 0 that work unchanged, in 3 files\n",
    )  # fmt: skip


GRAPH = {
    "secrets": {"token": SECRET},
    "nodes": [
        {"node_name": "A", "namespace": "n", "identifier": "a", "inputs": {"x": 5}, "next_nodes": ["b"]},
        {"node_name": "B", "namespace": "n", "identifier": "b", "inputs": {"y": "${{ gone.outputs.v }}"}},
    ],
    "comment": "old",
}


@pytest.mark.parametrize("name, dump", [("g.json", lambda graph: json.dumps(graph, indent="\t")), ("g.yml", yaml.dump)])
def test_each_fault_of_a_graph_is_told_at_its_line(check: Check, name: str, dump: Callable[[Any], str]) -> None:
    text = dump(GRAPH)
    code, found, _ = check(**{name: text})
    lines = text.splitlines()
    assert code == 3
    assert [(lines[line - 1].strip().strip('",:'), rule) for _, line, rule in brief(found, "change")]
    told = {
        rule: [lines[one["line"] - 1] for one in found if one["rule"] == rule]
        for rule in ("graph", "unknown-field", "secrets")
    }
    assert [any(part in line for line in told["graph"]) for part in ("x", "y")] == [True, True]
    assert "comment" in told["unknown-field"][0]
    assert "secrets" in told["secrets"][0]
    assert not any("5" in one["detail"] for one in found), "a value that the graph must not have"


def test_a_graph_that_is_well_formed_is_told_to_be(check: Check) -> None:
    graph = {"graph_name": "g", "nodes": [{"node_name": "A", "namespace": "n", "identifier": "a", "inputs": {}}]}
    code, found, _ = check(**{"g.json": json.dumps(graph)})
    assert (code, brief(found, "same")) == (0, [("g.json", 1, "graph")])


def test_variables_packages_and_services_are_told_with_their_fixes(check: Check) -> None:
    compose = f"""\
services:
  db:
    image: mongo:7
  manager:
    image: registry.example.org/x/exosphere-state-manager:1
    environment:
      MONGO_URI: mongodb://u:{SECRET}@db
      STATE_MANAGER_SECRET: {SECRET}
      SECRETS_ENCRYPTION_KEY: ${{KEY}}
  ui:
    image: exosphere-dashboard
"""
    code, found, _ = check(
        **{
            ".env": f"STATE_MANAGER_SECRET={SECRET}\nexport MONGO_DATABASE_NAME=x\nSECRETS_ENCRYPTION_KEY={SECRET}\n",
            "good.env": f"STATE_MANAGER_SECRET={SECRET}\nSECRETS_ENCRYPTION_KEY={KEY}\nEXOSPHERE_REDIS_URL=redis://r\n",
            "docker-compose.yml": compose,
            "requirements.txt": "# exospherehost\nexospherehost[x]>=0.1\nexosphere-redis\nmotor\n",
            "pyproject.toml": '[project]\nrequires-python = ">=3.9"\ndependencies = [\n  "exospherehost",\n]\n',
            "Dockerfile": "FROM python:3.10-slim\nRUN pip install exospherehost\nENV A=exospherehost\n",
        }
    )
    assert code == 3
    assert set(brief(found, "change")) == {
        (".env", 1, "redis"), (".env", 2, "mongodb"), (".env", 3, "encryption-key"),
        ("docker-compose.yml", 5, "image"), ("docker-compose.yml", 7, "mongodb"), ("docker-compose.yml", 8, "redis"),
        ("docker-compose.yml", 11, "image"),
        ("requirements.txt", 2, "package"), ("pyproject.toml", 2, "python"), ("pyproject.toml", 4, "package"),
        ("Dockerfile", 1, "python"), ("Dockerfile", 2, "package"),
    }  # fmt: skip
    assert set(brief(found, "differs")) == {("docker-compose.yml", 3, "image"), ("requirements.txt", 4, "package")}
    assert [one[:2] for one in brief(found, "same") if one[0] == "good.env"] == [("good.env", 1), ("good.env", 2)]
    assert all(one["fix"] for one in found if one["verdict"] == "change")


@pytest.mark.parametrize(
    "name, text, told",
    [
        ("a.py", "def broken(:\n", "this is no Python that can be read"),
        ("a.py", "x = " + "(" * 5000, "this is no Python that can be read"),
        ("g.json", '{"nodes": [{"node_name": "A", "identifier": "a"}', "this was not checked: line 1"),
        ("g.yaml", "node_name: &a [identifier, *a]\n", "nested too deeply, or within itself"),
        (
            "g.yaml",
            "node_name: identifier\na: &a [x, x, x, x, x, x, x, x]\n"
            + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 8)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
            "it has more than 200000 parts",
        ),
    ],
)
def test_what_cant_be_read_is_one_finding(check: Check, name: str, text: str, told: str) -> None:
    code, found, _ = check(**{name: text})
    assert (code, len(found)) == (3, 1)
    assert told in found[0]["detail"]


def test_a_path_that_is_not_there_is_one_clear_error(check: Check) -> None:
    assert check("gone") == (1, [], "error: gone is neither a file nor a folder\n")


def test_the_graphs_of_a_server_are_checked_by_its_api(shell: Shell) -> None:
    shell.space.register(node_class("A", ("x",)))
    graph = {"name": "g", "nodes": [shell.space.node("a", node_name="A", inputs={"x": "1"})]}
    shell.ok("graph", "apply", shell.file("g.json", graph))
    found = json.loads(shell.ok("migrate", "check", "--server", "-o", "json"))
    uri = str(shell.space.service.http.base_url).rstrip("/")
    assert [(one["verdict"], one["file"]) for one in found] == [("same", f"{uri} {shell.space.name}/g")]


def test_the_facts_are_those_of_the_package() -> None:
    assert {*exospherehost.__all__, "__version__"} == facts.PUBLIC_NAMES
    for module, names in facts.MODULES.items():
        assert all(hasattr(import_module(module), name) for name in names), module
    assert all(import_module(module) for module in facts.NEW_MODULES)
    assert tuple(inspect.signature(Runtime).parameters) == facts.RUNTIME_ARGUMENTS
    assert tuple(inspect.signature(StateManager).parameters) == facts.STATE_MANAGER_ARGUMENTS
    methods = {name for name in dir(StateManager) if not name.startswith("_") and callable(getattr(StateManager, name))}
    assert methods == facts.OLD_METHODS | facts.NEW_METHODS
    assert {str(status) for status in Status} - facts.OLD_STATUSES == {"CANCELLED"}
