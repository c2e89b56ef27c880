"""`exosphere node`, `queue`, `runtime`, `schedule` and `key`, against a real state manager."""

import json
from typing import Any

from api.service import node_class
from cli_shell import Shell
from exosphere_core import api


def test_nodes_are_listed_with_their_fields_and_who_registered_them(shell: Shell) -> None:
    code, output, errors = shell("node", "list")
    assert (code, output) == (0, "")
    assert errors == f"no nodes in namespace {shell.space.name!r}; a worker registers them\n"
    shell.space.register(node_class("Load", ("source",), ("rows",), ("token",)), node_class("Quiet", (), ()))
    load, quiet = shell.rows("node", "list")
    assert load[:5] == ["Load", "source", "rows", "token", "rt"]
    assert quiet[:5] == ["Quiet", "-", "-", "-", "rt"]
    assert [one["name"] for one in shell.data("node", "list")] == ["Load", "Quiet"]


def test_queues_tell_what_waits_and_are_paused_and_resumed(shell: Shell) -> None:
    shell.space.chain()
    shell.space.trigger()
    first = shell.rows("queue", "list")[0]
    assert (first[:3], first[-1]) == (["First", "1", "0"], "-")
    assert shell.ok("queue", "pause", "First") == "queue of node 'First' is paused\n"
    listed: Any = json.loads(shell.ok("queue", "list", "-o", "json"))
    assert [(one["node_name"], one["depth"], one["paused"]) for one in listed] == [
        ("First", 1, True),
        ("Second", 0, False),
    ]
    assert json.loads(shell.ok("queue", "resume", "First", "-o", "json"))["paused"] is False
    code, _, errors = shell("queue", "pause", "Nobody")
    assert code == 1
    assert "Nobody" in errors


def test_a_long_list_of_queues_is_read_to_its_end(shell: Shell) -> None:
    names = [f"Node{number:03}" for number in range(250)]
    shell.space.register(*(node_class(name) for name in names))
    assert [row[0] for row in shell.rows("queue", "list")] == names


def test_runtimes_are_listed_with_what_they_run(shell: Shell) -> None:
    code, output, errors = shell("runtime", "list")
    assert (code, output) == (0, "")
    assert "start one with: exosphere worker" in errors
    shell.space.register(node_class("Load"), instance="host-7", version="9.8.7")
    (row,) = shell.rows("runtime", "list")
    assert (row[0], row[1], row[-1]) == ("host-7", "rt", "Load")
    (found,) = json.loads(shell.ok("runtime", "list", "-o", "json"))
    assert (found["id"], found["version"], found["nodes"]) == ("host-7", "9.8.7", ["Load"])
    alive = json.loads(shell.ok("runtime", "list", "--alive", "-o", "json"))
    assert alive == [one for one in [found] if one["alive"]]


def scheduled(shell: Shell) -> None:
    """The graph `g`, due once a year."""
    cron = {"type": "CRON", "value": {"expression": "0 0 1 1 *", "timezone": "Europe/Paris"}}
    shell.space.register(node_class("First"))
    shell.space.graph(shell.space.node("first"), triggers=[cron])


def test_a_schedule_is_listed_paused_resumed_and_fired(shell: Shell) -> None:
    assert shell("schedule", "list") == (0, "", f"no schedules in namespace {shell.space.name!r}\n")
    scheduled(shell)
    (row,) = shell.rows("schedule", "list")
    assert row[:2] == ["g", "0"]
    assert row[-1] == "-"
    assert shell.ok("schedule", "pause", "g") == "schedule 0 of graph 'g' (0 0 1 1 *) is paused\n"
    assert shell.data("schedule", "list")[0]["paused"] is True
    assert "fires next at" in shell.ok("schedule", "resume", "g", "--index", "0")
    assert shell("schedule", "firings", "g") == (0, "", "no schedule of graph 'g' has fired\n")
    run = shell.ok("schedule", "run", "g").strip()
    assert shell.data("run", "show", run)["graph_name"] == "g"
    (firing,) = shell.data("schedule", "firings", "g")
    assert (firing["run_id"], firing["manual"]) == (run, True)
    assert f"run {run}" in shell.ok("schedule", "list")
    assert "by hand" in shell.ok("schedule", "firings", "g")
    assert json.loads(shell.ok("schedule", "run", "g", "-o", "json"))["manual"] is True


def test_a_schedule_that_does_not_exist_is_one_line_and_1(shell: Shell) -> None:
    scheduled(shell)
    for arguments in (["pause", "g", "--index", "7"], ["resume", "other"], ["run", "other"], ["firings", "other"]):
        code, output, errors = shell("schedule", *arguments)
        assert (code, output) == (1, ""), arguments
        assert errors.count("\n") == 1


def test_an_api_key_is_created_as_data_listed_without_its_text_and_revoked(shell: Shell) -> None:
    made = json.loads(shell.ok("key", "create", "--role", "viewer", "--name", "eyes", "-o", "json"))
    listed = shell.data("key", "list")
    assert [(one["id"], one["status"]) for one in listed] == [(made["id"], "active")]
    assert made["key"] not in json.dumps(listed)
    assert shell("run", "list", EXOSPHERE_API_KEY=made["key"])[0] == 0
    assert json.loads(shell.ok("key", "revoke", made["id"], "-o", "json"))["status"] == "revoked"
    code, _, errors = shell("run", "list", EXOSPHERE_API_KEY=made["key"])
    assert code == 1
    assert made["key"] not in errors


def test_what_was_put_aside_is_printed_as_data(shell: Shell) -> None:
    shell.space.chain()
    assert shell.data("rejected", "list") == []
    assert shell.space.ok(api.LIST_REJECTED)["rejected"] == []
