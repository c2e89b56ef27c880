"""The client commands, against a state manager that answers what the test says."""

import fcntl
import json
import os
import pty
import struct
import termios
from pathlib import Path
from typing import Any

import pytest

from exosphere_cli.keys import ensure_keys
from exosphere_core.api import (
    GraphNodeBody,
    GraphResponse,
    GraphsResponse,
    NodeProgress,
    RunResponse,
    RunsResponse,
    RunSummary,
    StructureNode,
    StructureResponse,
    TriggerManyResponse,
    TriggerResponse,
)
from exosphere_core.graph.model import StoreConfigModel
from exosphere_core.retry import RetryPolicyModel

RUN = "0f8fad5b-d9cb-469f-a165-70867728950e"
BASE = "/v0/namespace/default"
TIME = "2026-01-02T03:04:05.678901+00:00"


def graph(name: str = "my-graph", status: Any = "VALID", *errors: str, namespace: str = "default") -> dict[str, Any]:
    node = GraphNodeBody(
        node_name="Load", namespace="default", identifier="load", inputs={}, next_nodes=None, unites=None
    )
    return GraphResponse(
        name=name, namespace=namespace, version=3, nodes=[node], secrets={}, retry_policy=RetryPolicyModel(),
        store_config=StoreConfigModel(), triggers=[], created_at=TIME, updated_at=TIME,
        validation_status=status, validation_errors=list(errors),
    ).model_dump(mode="json")  # fmt: skip


def run(status: str, *, total: int = 4, pending: int = 0, errored: int = 0) -> dict[str, Any]:
    success = total - pending - errored
    node = NodeProgress(identifier="load", total=total, pending=pending, success=success, errored=errored, retried=0)
    waiting = NodeProgress(identifier="report", total=0, pending=0, success=0, errored=0, retried=0)
    return RunResponse(
        run_id=RUN, graph_name="my-graph", success_count=success, pending_count=pending, errored_count=errored,
        retried_count=0, total_count=total, status=status, created_at=TIME, namespace="default", version=3,
        store={"cursor": "7"}, nodes=[node, waiting], ended_at=None if pending else TIME,
    ).model_dump(mode="json")  # fmt: skip


def structure(*failures: tuple[str, str]) -> dict[str, Any]:
    nodes = [
        StructureNode(id=f"state-{index}", node_name="Load", identifier="load", status=status, error=error or None)
        for index, (status, error) in enumerate(failures)
    ]
    return StructureResponse(
        root_states=nodes[:1], graph_name="my-graph", nodes=nodes, edges=[], node_count=len(nodes), edge_count=0,
        execution_summary={},
    ).model_dump(mode="json")  # fmt: skip


def test_a_graph_is_applied_from_yaml(exosphere: Any, state_manager: Any, tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text("name: my-graph\nnodes: [{identifier: load}]\nsecrets: {token: abc}\n")
    state_manager.answer(f"PUT {BASE}/graph/my-graph", graph(), status=201)
    assert exosphere("graph", "apply", "graph.yaml") == (
        0, "graph 'my-graph' version 3 in namespace 'default' is VALID\n", ""
    )  # fmt: skip
    body = {"nodes": [{"identifier": "load"}], "secrets": {"token": "abc"}}
    assert state_manager.asked == [("PUT", f"{BASE}/graph/my-graph", "key", body)]


def test_name_and_namespace_of_the_command_line_win_over_the_files(
    exosphere: Any, state_manager: Any, tmp_path: Path
) -> None:
    (tmp_path / "graph.json").write_text(json.dumps({"graph_name": "a", "namespace": "b", "nodes": []}))
    for arguments, path in (
        ([], "/v0/namespace/b/graph/a"),
        (["--name", "c"], "/v0/namespace/b/graph/c"),
        (["-n", "d"], "/v0/namespace/d/graph/a"),
    ):
        state_manager.answer(f"PUT {path}", graph(), status=201)
        code, _, errors = exosphere("graph", "apply", "graph.json", *arguments, EXOSPHERE_NAMESPACE="elsewhere")
        assert (code, errors) == (0, "")
        assert state_manager.asked[-1][1] == path


def test_every_error_of_an_invalid_graph_is_listed(exosphere: Any, state_manager: Any, tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text("name: my-graph\nnodes: []\n")
    state_manager.answer(f"PUT {BASE}/graph/my-graph", graph("my-graph", "INVALID", "no node A", "no node B"))
    assert exosphere("graph", "apply", "graph.yaml") == (
        1,
        "",
        "error: graph 'my-graph' version 3 in namespace 'default' is stored but INVALID:\n"
        "  - no node A\n  - no node B\n",
    )
    refusal = {"detail": "graph 'my-graph' is refused: 2 errors", "errors": ["a cycle", "no root"]}
    state_manager.answer(f"PUT {BASE}/graph/my-graph", refusal, status=400)
    assert exosphere("graph", "apply", "graph.yaml") == (
        1, "", "error: graph 'my-graph' is refused: 2 errors\n  - a cycle\n  - no root\n"
    )  # fmt: skip


def test_applying_can_wait_for_the_nodes_to_register(exosphere: Any, state_manager: Any, tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text("name: my-graph\nnodes: []\n")
    invalid = graph("my-graph", "INVALID", "no node A")
    state_manager.answer(f"PUT {BASE}/graph/my-graph", invalid)
    state_manager.answer(f"GET {BASE}/graph/my-graph", invalid, graph())
    code, output, _ = exosphere("graph", "apply", "graph.yaml", "--wait-valid", "30")
    assert (code, output) == (0, "graph 'my-graph' version 3 in namespace 'default' is VALID\n")


def test_a_malformed_graph_file_is_one_line_and_nothing_is_sent(
    exosphere: Any, state_manager: Any, tmp_path: Path
) -> None:
    (tmp_path / "graph.yaml").write_text("name: [\n")
    code, output, errors = exosphere("graph", "apply", "graph.yaml")
    assert (code, output) == (1, "")
    assert errors.startswith("error: graph.yaml is malformed YAML: line 2, column 1: ")
    assert errors.count("\n") == 1
    assert state_manager.asked == []


def test_graphs_are_listed_in_plain_text(exosphere: Any, state_manager: Any) -> None:
    templates = [GraphResponse.model_validate(graph("a" * 100)), GraphResponse.model_validate(graph("b", "INVALID"))]
    found = GraphsResponse(namespace="default", count=2, templates=templates)
    state_manager.answer(f"GET {BASE}/graphs/", found.model_dump(mode="json"))
    code, output, errors = exosphere("graph", "list")
    assert (code, errors) == (0, "")
    assert [line.split() for line in output.splitlines()] == [
        ["NAME", "VERSION", "STATUS", "NODES", "TRIGGERS", "UPDATED"],
        ["a" * 100, "3", "VALID", "1", "0", "2026-01-02T03:04:05+00:00"],
        ["b", "3", "INVALID", "1", "0", "2026-01-02T03:04:05+00:00"],
    ]


def test_a_started_run_prints_its_id_alone(exosphere: Any, state_manager: Any) -> None:
    started = TriggerResponse(status="CREATED", run_id=RUN, ignored_inputs=["sauce"])
    state_manager.answer(f"POST {BASE}/graph/my-graph/trigger", started.model_dump())
    code, output, errors = exosphere(
        "run", "start", "my-graph", "-i", "source=a=b", "-i", "sauce=", "-s", "cursor=7", "--delay", "50"
    )
    assert (code, output) == (0, f"{RUN}\n")
    assert errors == "note: the root node has no input 'sauce'; ignored\n"
    body = {"inputs": {"source": "a=b", "sauce": ""}, "store": {"cursor": "7"}, "start_delay": 50}
    assert state_manager.asked[0][3] == body


BULK = f"POST {BASE}/graph/my-graph/trigger/bulk"


def in_a_terminal(start_exosphere: Any, *arguments: str) -> tuple[int, str]:
    """Run a command in a terminal; return its exit code and all that it showed."""
    driver, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = start_exosphere(
        *arguments, "--key", "key", stdout=terminal, stderr=terminal, environment={"TERM": "xterm-256color"}
    )
    os.close(terminal)
    shown = b""
    try:
        while block := os.read(driver, 65536):
            shown += block
    except OSError:
        pass  # the terminal's other end is closed: this is how its end of file looks
    os.close(driver)
    return process.wait(60), shown.decode()


def started(*run_ids: str, ignored: tuple[str, ...] = ()) -> dict[str, Any]:
    return TriggerManyResponse(status="CREATED", run_ids=list(run_ids), ignored_inputs=list(ignored)).model_dump()


def test_the_runs_of_a_file_are_started_by_one_call_and_their_ids_printed_one_a_line(
    exosphere: Any, state_manager: Any, tmp_path: Path
) -> None:
    state_manager.answer(BULK, started("r1", "r2", ignored=("sauce",)))
    file = tmp_path / "days.jsonl"
    file.write_text('{"inputs": {"day": "1"}}\n\n{"store": {"k": "ü"}, "start_delay": 5}\n', encoding="utf-8")
    code, output, errors = exosphere("run", "start", "my-graph", "--from", str(file))
    assert (code, output) == (0, "r1\nr2\n")
    assert errors == "note: the root node has no input 'sauce'; ignored\n"
    (sent,) = [asked[3] for asked in state_manager.asked if asked[3]]
    assert sent == {"runs": [{"inputs": {"day": "1"}}, {"store": {"k": "ü"}, "start_delay": 5}]}


def test_in_a_terminal_a_bar_shows_how_many_runs_of_a_file_are_started(
    start_exosphere: Any, state_manager: Any, tmp_path: Path
) -> None:
    state_manager.answer(BULK, started("r1", "r2"))
    file = tmp_path / "days.jsonl"
    file.write_text("{}\n{}\n")
    code, text = in_a_terminal(
        start_exosphere, "run", "start", "my-graph", "--from", str(file), "--uri", state_manager.uri
    )
    assert code == 0
    assert "started" in text
    assert "2/2" in text
    assert text.rstrip().endswith("r1\r\nr2")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[1]", "must be an object with inputs, store and start_delay, as far as it has them"),
        ('{"inputs": {"x": 5}}', "inputs.x: must be text, and is 5"),
        ('{"input": {}}', "input: a run has no such field; there are inputs, store and start_delay"),
    ],
)
def test_a_line_that_is_no_run_is_named_and_nothing_is_sent(
    exosphere: Any, state_manager: Any, tmp_path: Path, line: str, fault: str
) -> None:
    file = tmp_path / "days.jsonl"
    file.write_text(f"{{}}\n\n{line}\n{{}}\n")
    code, output, errors = exosphere("run", "start", "my-graph", "--from", str(file))
    assert (code, output) == (1, "")
    assert errors == f"error: {file} line 3: {fault}\n"
    assert state_manager.asked == []


def test_a_run_that_the_state_manager_refuses_is_named_by_its_line(
    exosphere: Any, state_manager: Any, tmp_path: Path
) -> None:
    refused = {"detail": "runs.1: store: graph 'my-graph' needs 'day'"}
    state_manager.answer(BULK, refused, status=400)
    file = tmp_path / "days.jsonl"
    file.write_text("{}\n\n{}\n")
    code, output, errors = exosphere("run", "start", "my-graph", "--from", str(file))
    assert (code, output, errors) == (1, "", f"error: {file} line 3: store: graph 'my-graph' needs 'day'\n")


def test_files_without_runs_and_options_that_do_not_go_with_a_file_are_refused_in_one_line(
    exosphere: Any, tmp_path: Path
) -> None:
    empty, latin = tmp_path / "empty.jsonl", tmp_path / "latin.jsonl"
    empty.write_text("\n")
    latin.write_bytes(b'{"inputs": {"x": "\xff"}}')
    for arguments, expected in (
        (["--from", str(empty)], f"error: {empty} has no runs: write one JSON object a line"),
        (["--from", str(latin)], f"error: {latin} is no UTF-8 text"),
        (["--from", str(empty), "-i", "x=1"], "error: --from takes neither --input, --store, --delay nor --wait"),
        (["--from", "nosuch.jsonl"], "error: Invalid value for '--from': 'nosuch.jsonl': No such file"),
        (["--idempotency-key", "a/b"], "error: --idempotency-key 'a/b' is not allowed"),
    ):
        code, output, errors = exosphere("run", "start", "my-graph", *arguments)
        assert (code, output) == (1 if "jsonl " in expected else 2, "")
        assert errors.startswith(expected)
        assert errors.count("\n") == 1


def test_waiting_for_success_shows_progress_in_lines_and_exits_with_0(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer(
        f"POST {BASE}/graph/my-graph/trigger", TriggerResponse(status="CREATED", run_id=RUN).model_dump()
    )
    state_manager.answer(
        f"GET {BASE}/run/{RUN}/wait", run("PENDING", pending=3), run("PENDING", pending=3), run("SUCCESS")
    )
    code, output, errors = exosphere("run", "start", "my-graph", "--wait")
    assert code == 0
    assert errors == "1 of 4 states ended\n4 of 4 states ended\n"
    assert output.startswith(f"{RUN}\nrun      {RUN}\nstatus   SUCCESS\n")
    assert "\x1b" not in output + errors


def test_waiting_for_a_failure_shows_the_error_and_exits_with_3(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer(
        f"POST {BASE}/graph/my-graph/trigger", TriggerResponse(status="CREATED", run_id=RUN).model_dump()
    )
    state_manager.answer(f"GET {BASE}/run/{RUN}/wait", run("FAILED", errored=1))
    state_manager.answer(
        f"GET {BASE}/states/run/{RUN}/graph", structure(("SUCCESS", ""), ("ERRORED", "KeyError: 'x'\x1b[31m"))
    )
    code, output, _ = exosphere("run", "start", "my-graph", "--wait")
    assert code == 3
    assert output.endswith("\nload (Load), state state-1: ERRORED\n  KeyError: 'x'�[31m\n")


def test_in_a_terminal_each_node_has_a_bar(state_manager: Any, start_exosphere: Any) -> None:
    state_manager.answer(
        f"POST {BASE}/graph/my-graph/trigger", TriggerResponse(status="CREATED", run_id=RUN).model_dump()
    )
    state_manager.answer(
        f"GET {BASE}/run/{RUN}/wait", run("PENDING", total=2, pending=2), run("PENDING", pending=2), run("SUCCESS")
    )
    code, text = in_a_terminal(start_exosphere, "run", "start", "my-graph", "--wait", "--uri", state_manager.uri)
    assert code == 0
    assert "load" in text
    assert "report" in text
    assert "2/4" in text
    assert "4/4" in text


def test_runs_are_listed_page_by_page(exosphere: Any, state_manager: Any) -> None:
    summary = RunSummary.model_validate(run("FAILED", errored=1), extra="ignore")
    found = RunsResponse(namespace="default", total=5, page=2, size=2, runs=[summary])
    state_manager.answer(f"GET {BASE}/runs/2/2", found.model_dump())
    code, output, errors = exosphere("run", "list", "--page", "2", "--size", "2")
    assert (code, errors) == (0, "page 2 of 3, 5 runs\n")
    assert output.splitlines()[1].split() == [
        RUN, "my-graph", "FAILED", "4", "3", "0", "1", "0", "2026-01-02T03:04:05+00:00"
    ]  # fmt: skip


def test_a_run_is_shown_with_counts_and_nodes(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer(f"GET {BASE}/run/{RUN}", run("PENDING", pending=1))
    code, output, errors = exosphere("run", "show", RUN)
    assert (code, errors) == (0, "")
    assert [line.split() for line in output.splitlines()] == [
        ["run", RUN],
        ["status", "PENDING"],
        ["graph", "my-graph,", "version", "3,", "namespace", "default"],
        ["created", "2026-01-02T03:04:05+00:00"],
        ["states", "4:", "3", "succeeded,", "1", "pending"],
        ["store", "cursor", "=", "7"],
        [],
        ["NODE", "STATES", "SUCCEEDED", "PENDING", "FAILED", "RETRIED"],
        ["load", "4", "3", "1", "0", "0"],
        ["report", "0", "0", "0", "0", "0"],
    ]


def test_what_the_server_refuses_is_one_line(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer(f"GET {BASE}/runs/1/20", {"detail": "Invalid API key"}, status=401)
    assert exosphere("run", "list") == (1, "", "error: Invalid API key\n")
    state_manager.answer(f"POST {BASE}/graph/g/trigger", {"detail": "graph 'g' does not exist"}, status=404)
    assert exosphere("run", "start", "g") == (1, "", "error: graph 'g' does not exist\n")


def test_something_else_at_the_address_is_recognised(exosphere: Any, state_manager: Any) -> None:
    for content in (b"<html>", {"hello": "world"}):
        state_manager.answer(f"GET {BASE}/runs/1/20", content)
        code, _, errors = exosphere("run", "list")
        assert code == 1
        assert errors.startswith(f"error: what answers at {state_manager.uri} is no")
        assert errors.count("\n") == 1


def test_nobody_at_the_address_is_one_line(exosphere: Any) -> None:
    code, _, errors = exosphere("run", "list", "--uri", "http://127.0.0.1:1")
    assert code == 4
    assert errors.startswith("error: the state manager at http://127.0.0.1:1 can't be reached")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, 1), (401, 1), (403, 1), (404, 1), (409, 1), (413, 1), (422, 1), (500, 1), (503, 4)]
)
def test_a_script_can_tell_a_refusal_from_a_server_that_is_away(
    exosphere: Any, state_manager: Any, status: int, code: int
) -> None:
    state_manager.answer(f"POST {BASE}/run/{RUN}/retry", {"detail": "it is so"}, status=status)
    assert exosphere("run", "retry", RUN) == (code, "", "error: it is so\n")


def test_the_key_of_a_local_dev_is_found_but_never_sent_to_another_machine(
    exosphere: Any, state_manager: Any, tmp_path: Path
) -> None:
    keys = ensure_keys(tmp_path / ".exosphere", {})
    found = RunsResponse(namespace="default", total=0, page=1, size=20, runs=[])
    state_manager.answer(f"GET {BASE}/runs/1/20", found.model_dump())
    code, output, errors = exosphere("run", "list", EXOSPHERE_API_KEY="")
    assert (code, output, errors) == (0, "", "no runs in namespace 'default'\n")
    assert state_manager.asked[-1][2] == keys.api_key
    code, _, errors = exosphere("run", "list", "--uri", "http://exosphere.invalid", EXOSPHERE_API_KEY="")
    assert code == 1
    assert errors.startswith("error: no API key for http://exosphere.invalid: set EXOSPHERE_API_KEY or give --key")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("run start g -i novalue", "--input 'novalue': write it as KEY=VALUE (see 'exosphere run start --help')"),
        ("run start g -s a=1 -s a=2", "--store gives 'a' twice (see 'exosphere run start --help')"),
        ("run start a/b", "graph name 'a/b' is not allowed: use 1 to 128 of"),
        ("run list -n a:b", "namespace 'a:b' is not allowed: use 1 to 128 of"),
        ("run list --uri localhost:8000", "state manager URI 'localhost:8000' can't be used: write it as http://"),
        ("graph apply nosuch.yaml", "Invalid value for 'FILE': File 'nosuch.yaml' does not exist"),
        ("frobnicate", "No such command 'frobnicate' (see 'exosphere --help')"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: str, expected: str, exosphere: Any) -> None:
    code, output, errors = exosphere(*arguments.split())
    assert errors.startswith(f"error: {expected}")
    assert errors.count("\n") == 1
    assert output == ""
    assert code == (1 if "URI" in expected else 2)


def test_the_name_alone_shows_the_help(exosphere: Any) -> None:
    for arguments in ([], ["run"]):
        code, output, errors = exosphere(*arguments)
        assert (code, errors) == (0, "")
        assert output.startswith("Usage: exosphere")
