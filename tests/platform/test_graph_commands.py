"""`exosphere graph`, against a real state manager."""

import io
import json
import sys
from typing import Any

import pytest
import yaml

from api.service import node_class
from cli_shell import Shell


def chain(shell: Shell, **more: Any) -> dict[str, Any]:
    """The file of the graph `g`, whose nodes are registered."""
    shell.space.register(node_class("First", ("x",), secrets=("token",)), node_class("Second", ("y",)))
    return {
        "name": "g",
        "nodes": [
            shell.space.node("first", "second", inputs={"x": "default"}),
            shell.space.node("second", inputs={"y": "got ${{ first.outputs.v }}"}),
        ],
        "secrets": {"token": "s3cret-of-the-graph"},
        **more,
    }


def test_a_graph_that_is_valid_passes_the_check_and_nothing_is_stored(shell: Shell) -> None:
    path = shell.file("g.json", chain(shell))
    name = shell.space.name
    assert shell("graph", "validate", path) == (0, f"graph 'g' is valid in namespace {name!r}\n", "")
    assert shell("graph", "list") == (0, "", f"no graphs in namespace {name!r}\n")


def test_a_graph_that_is_not_valid_is_told_all_its_faults_and_exits_with_3(shell: Shell) -> None:
    graph = chain(shell)
    graph["nodes"][0]["node_name"] = "Absent"
    graph["nodes"][1]["inputs"] = {"y": "${{ nobody.outputs.v }}"}
    path = shell.file("g.json", graph)
    code, output, errors = shell("graph", "validate", path)
    assert (code, output) == (3, "")
    assert "nobody" in errors
    code, output, errors = shell("graph", "validate", path, "-o", "json")
    assert (code, errors) == (3, "")
    found = json.loads(output)
    assert found["valid"] is False
    assert any("nobody" in error for error in found["errors"])


def test_a_graph_is_shown_as_a_tree_with_its_facts_and_no_secret(shell: Shell) -> None:
    cron = [{"type": "CRON", "value": {"expression": "0 9 * * 1-5", "timezone": "Europe/Paris"}}]
    shell.ok("graph", "apply", shell.file("g.json", chain(shell, triggers=cron)))
    output = shell.ok("graph", "show", "g")
    assert f"graph    g, version 1, namespace {shell.space.name}\nstatus   VALID\n" in output
    assert "secrets  token\n" in output
    assert "cron 0   0 9 * * 1-5 (Europe/Paris)\n" in output
    first, second = (next(line for line in output.splitlines() if f"{name}  " in line) for name in ("first", "second"))
    assert "First" in first
    assert second.index("second") > first.index("first")
    assert "s3cret" not in output
    shown = shell.data("graph", "show", "g")
    assert (shown["version"], shown["secrets"]) == (1, {"token": True})
    assert shell.data("graph", "list") == [shown]


def test_versions_are_listed_newest_first_and_an_old_one_is_shown(shell: Shell) -> None:
    graph = chain(shell)
    for default in ("a", "b", "c"):
        graph["nodes"][0]["inputs"] = {"x": default}
        shell.ok("graph", "apply", shell.file("g.json", graph))
    assert [row[0] for row in shell.rows("graph", "versions", "g")] == ["3", "2", "1"]
    assert [one["version"] for one in shell.data("graph", "versions", "g", "--before", "3", "--limit", "1")] == [2]
    old = shell.data("graph", "show", "g", "--version", "1")
    assert old["nodes"][0]["inputs"] == {"x": "a"}


def test_an_exported_graph_can_be_applied_and_is_the_same_version(shell: Shell) -> None:
    graph = chain(shell, store_config={"required_keys": ["k"], "default_values": {"size": "100"}})
    graph["nodes"][0]["retry_policy"] = {"max_retries": 5, "strategy": "FIXED"}
    shell.ok("graph", "apply", shell.file("g.json", graph))
    code, output, errors = shell("graph", "export", "g")
    assert code == 0
    assert errors == "note: values of secrets are not exported; give them to apply by --secret-env: token\n"
    assert "s3cret" not in output
    content = yaml.safe_load(output)
    assert json.loads(shell.ok("graph", "export", "g", "-o", "json")) == content
    content["secrets"] = graph["secrets"]
    again = shell.file("again.json", content)
    assert json.loads(shell.ok("graph", "apply", again, "-o", "json"))["version"] == 1
    assert shell("graph", "diff", again)[0] == 0


def test_values_of_secrets_come_from_the_environment(shell: Shell) -> None:
    graph = chain(shell)
    del graph["secrets"]
    path = shell.file("g.json", graph)
    code, _, errors = shell("graph", "apply", path, "--secret-env", "token")
    assert (code, errors) == (1, "error: --secret-env token: the environment variable token is not set\n")
    code, output, errors = shell("graph", "apply", path, "--secret-env", "token=G_TOKEN", G_TOKEN="from-outside")
    assert code == 0, errors
    assert "from-outside" not in output + errors
    assert shell("graph", "diff", path, "--secret-env", "token", token="x")[0] == 0
    assert shell("graph", "diff", path)[0] == 3
    assert shell("graph", "validate", path, "--secret-env", "token", token="x")[0] == 0
    assert shell("graph", "validate", path)[0] == 3


def test_a_diff_shows_what_an_apply_would_change(shell: Shell) -> None:
    graph = chain(shell)
    path = shell.file("g.json", graph)
    shell.ok("graph", "apply", path)
    assert shell("graph", "diff", path) == (0, "", f"no difference between g version 1 and {path}\n")
    graph["nodes"][0]["inputs"] = {"x": "new"}
    graph["secrets"] = {"token": "another value", "more": "of them"}
    shell.file("g.json", graph)
    code, output, errors = shell("graph", "diff", path)
    assert (code, errors) == (3, "")
    lines = output.splitlines()
    assert lines[:2] == ["--- g version 1", f"+++ {path}"]
    changed = [line for line in lines[2:] if line[0] in "+-"]
    assert changed == ["-    x: default", "+    x: new", "+- more"]
    assert "another value" not in output


def test_two_stored_versions_are_compared(shell: Shell) -> None:
    graph = chain(shell)
    for default in ("a", "b"):
        graph["nodes"][0]["inputs"] = {"x": default}
        shell.ok("graph", "apply", shell.file("g.json", graph))
    code, output, _ = shell("graph", "diff", "--graph", "g", "--from", "1", "-o", "json")
    found = json.loads(output)
    assert (code, found["differs"], found["before"], found["after"]) == (3, True, "g version 1", "g version 2")
    assert {"-    x: a", "+    x: b"} <= set(found["lines"])
    assert shell("graph", "diff", "--graph", "g", "--from", "2", "--to", "2")[0] == 0
    for wrong in ([], ["--graph", "g"], [str(shell.folder / "g.json"), "--to", "1"]):
        code, _, errors = shell("graph", "diff", *wrong)
        assert code == 2
        assert errors.count("\n") == 1


def test_a_graph_is_paused_and_resumed(shell: Shell) -> None:
    shell.ok("graph", "apply", shell.file("g.json", chain(shell)))
    assert shell.ok("graph", "pause", "g") == "graph 'g' is paused\n"
    code, _, errors = shell("run", "start", "g")
    assert code == 1
    assert "paused" in errors
    assert shell.data("graph", "resume", "g")["paused"] is False
    shell.ok("run", "start", "g")


def test_a_graph_with_pending_runs_is_deleted_by_force_alone(shell: Shell) -> None:
    shell.ok("graph", "apply", shell.file("g.json", chain(shell)))
    shell.ok("run", "start", "g")
    code, _, errors = shell("graph", "delete", "g", "--yes")
    assert code == 1
    assert errors.count("\n") == 1
    assert shell.ok("graph", "delete", "g", "--yes", "--force") == "graph 'g' is deleted; 1 runs were cancelled\n"
    code, _, errors = shell("graph", "show", "g")
    assert code == 1
    assert "'g'" in errors


class Person(io.StringIO):
    """Somebody at a terminal, who types."""

    def isatty(self) -> bool:
        return True


def test_a_person_is_asked_before_a_graph_is_deleted(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.ok("graph", "apply", shell.file("g.json", chain(shell)))
    monkeypatch.setattr(sys, "stdin", Person("n\n"))
    code, _, errors = shell("graph", "delete", "g")
    assert code == 1
    assert f"Delete graph 'g' of namespace {shell.space.name!r}?" in errors
    assert errors.endswith("error: nothing was deleted\n")
    assert shell("graph", "show", "g")[0] == 0
    monkeypatch.setattr(sys, "stdin", Person("y\n"))
    assert shell("graph", "delete", "g")[0] == 0
    assert shell("graph", "show", "g")[0] == 1


def test_what_does_not_exist_is_one_line_and_1(shell: Shell) -> None:
    for arguments in (["show", "g"], ["versions", "g"], ["export", "g"], ["pause", "g"], ["delete", "g", "-y"]):
        code, output, errors = shell("graph", *arguments)
        assert (code, output) == (1, ""), arguments
        assert errors.startswith("error: ")
        assert errors.count("\n") == 1


def test_a_node_that_runs_twice_in_a_diamond_stands_once_in_the_tree(shell: Shell) -> None:
    shell.space.register(*(node_class(name) for name in ("A", "B", "C", "D")))
    node = shell.space.node
    join = node("d", unites={"identifier": "a"})
    shell.space.graph(node("a", "b", "c"), node("b", "d"), node("c"), join, name="g")
    tree = shell.ok("graph", "show", "g")
    assert tree.count("unites a (ALL_SUCCESS)") == 1
