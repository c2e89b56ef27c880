"""This version and the previous one at work together, as docs/compatibility.md promises: real processes of both."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from redis import Redis

import exosphere_core
from exosphere_core import api
from system.stack import NAMESPACE, Stack, wait_for

PREVIOUS = Path(__file__).with_name("previous")
NODES = PREVIOUS / "nodes.py"
WIDTH = 30

#: A program as if its version spoke the next protocol.
NEXT_PROTOCOL = "from exosphere_core import api; api.STREAM_PROTOCOL += 1; "


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The previous version, installed: a wheel of Python code alone is unpacked, no more."""
    folder = tmp_path_factory.mktemp("previous")
    (wheel,) = PREVIOUS.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return str(folder)


@pytest.fixture
def stack(redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    stack = Stack(redis_url, tmp_path)
    yield stack
    stack.close()


def worker(stack: Stack, name: str, **environ: str) -> None:
    stack.start(name, [sys.executable, str(NODES)], PYTHONUNBUFFERED="1", **environ)


def runs_on(stack: Stack, name: str, folder: str) -> bool:
    """Whether a worker runs on the packages in this folder."""
    return f"runs on {folder}/exosphere_core/" in stack.log(name)


def declare(stack: Stack) -> None:
    stack.graph(
        "g",
        {"node_name": "Spread", "identifier": "spread", "inputs": {"width": str(WIDTH)}, "next_nodes": ["work"]},
        {
            "node_name": "Work", "identifier": "work", "next_nodes": ["all"],
            "inputs": {"item": "${{ spread.outputs.item }}", "ms": "${{ store.ms }}"},
        },
        {
            "node_name": "Gather", "identifier": "all", "unites": {"identifier": "spread"},
            "inputs": {"done": "${{ work.outputs.done }}"},
        },
        secrets={"token": "t"}, store_config={"default_values": {"ms": "20"}},
        retry_policy={"strategy": "FIXED", "backoff_factor": 20, "max_retries": 1},
    )  # fmt: skip


def check(stack: Stack, run: str, uri: str | None = None) -> None:
    """The run ends as its graph says, with every kind of step on the way."""
    ended = stack.wait_run(run, uri)
    logs = "".join(file.read_text() for file in stack.folder.glob("*.log"))
    assert ended["status"] == "SUCCESS", logs
    (gathered,) = stack.states(run, "all")
    assert gathered["outputs"] == {"all": " ".join(f"t-{item}" for item in range(WIDTH) if item != 3)}
    counts = Counter(state["status"] for state in stack.states(run, "work"))
    assert counts == {"SUCCESS": WIDTH - 1, "PRUNED": 1, "RETRY_CREATED": 1}
    assert stack.bugs() == []


def test_a_worker_of_the_previous_version_works_with_this_state_manager(stack: Stack, previous: str) -> None:
    stack.state_manager()
    worker(stack, "old", PYTHONPATH=previous)
    declare(stack)
    assert runs_on(stack, "old", previous)
    check(stack, stack.trigger("g"))


def test_a_worker_of_this_version_works_with_the_previous_state_manager_whose_runs_this_one_takes_over(
    stack: Stack, previous: str
) -> None:
    stack.state_manager("old", PYTHONPATH=previous)
    worker(stack, "new")
    declare(stack)
    assert runs_on(stack, "new", str(Path(exosphere_core.__file__).parents[1]))
    check(stack, stack.trigger("g"))
    hold = Path(f"{stack.ledger}.hold")
    hold.touch()
    waiting = stack.trigger("g")

    def all_but_one_are_over() -> bool:
        counts = Counter(state["status"] for state in stack.states(waiting, "work"))
        return counts["SUCCESS"] == WIDTH - 2 and counts["RETRY_CREATED"] == 1

    wait_for("one state comes again and again", all_but_one_are_over)
    uri = stack.state_manager("new manager")
    stack.signal("old", signal.SIGTERM)
    assert stack.wait_end("old") == 0, stack.log("old")
    stack.environ["EXOSPHERE_STATE_MANAGER_URI"] = uri
    hold.unlink()
    check(stack, waiting, uri)


def test_while_one_replica_after_the_other_is_replaced_both_versions_share_the_runs(
    stack: Stack, previous: str
) -> None:
    stack.state_manager("old", PYTHONPATH=previous)
    new = stack.state_manager("new")
    worker(stack, "old worker", PYTHONPATH=previous)
    worker(stack, "new worker", EXOSPHERE_STATE_MANAGER_URI=new)
    declare(stack)
    names = ("old worker", "new worker")
    wait_for("both work", lambda: all("runs Spread, Work, Gather" in stack.log(name) for name in names))
    runs = [stack.trigger("g") for _ in range(5)]
    for run in runs:
        check(stack, run, new)
    assert runs_on(stack, "old worker", previous)


def worker_command(stack: Stack, name: str, before: str = "", **environ: str) -> list[str]:
    """Run `exosphere worker` to its end, which must be an error; return the lines that it printed."""
    code = (
        f"{before}import sys; sys.argv[1:] = ['worker', 'nodes:runtime']; from exosphere_cli.main import main; main()"
    )
    path = os.pathsep.join(filter(None, (environ.get("PYTHONPATH", os.environ.get("PYTHONPATH")), str(PREVIOUS))))
    stack.start(name, [sys.executable, "-c", code], **{**environ, "PYTHONPATH": path})
    assert stack.wait_end(name) == 1, stack.log(name)
    assert "Traceback" not in stack.log(name)
    return stack.log(name).splitlines()


def test_a_worker_of_another_protocol_is_refused_by_the_state_manager_in_one_line(stack: Stack) -> None:
    stack.state_manager()
    ours = api.STREAM_PROTOCOL
    refusal = (
        f"this state manager speaks stream protocol {ours}, the runtime {ours + 1}: "
        "install the same version of exosphere-redis on both"
    )
    assert worker_command(stack, "next", before=NEXT_PROTOCOL)[-1] == f"error: {refusal}"
    assert f"runtime 'worker' of namespace {NAMESPACE} is refused: {refusal}" in stack.log("sm")
    assert stack.call(api.LIST_NODES, namespace=NAMESPACE)["count"] == 0


def test_a_worker_of_the_previous_version_refuses_a_state_manager_of_another_protocol_in_one_line(
    stack: Stack, previous: str
) -> None:
    stack.state_manager(before=NEXT_PROTOCOL)
    ours = api.STREAM_PROTOCOL
    refusal = f"the state manager speaks stream protocol {ours + 1}, this runtime {ours}: install the same version"
    assert worker_command(stack, "old", PYTHONPATH=previous)[-1].startswith(f"error: {refusal}")
    assert runs_on(stack, "old", previous)


def test_the_wheel_is_that_of_the_commit_which_its_page_names(previous: str) -> None:
    (wheel,) = PREVIOUS.glob("*.whl")
    commit = wheel.name.split("-")[2].removeprefix("0_")
    assert f"commit `{commit}`" in (PREVIOUS / "README.md").read_text()
    assert not (Path(previous) / "exosphere_orchestrator/dashboard").exists()
