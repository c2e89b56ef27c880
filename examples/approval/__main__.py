"""`python -m examples.approval [FOLDER --ask]`: tidies a folder up, step by step, and asks before each."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from examples.approval.nodes import GRAPH, NAMESPACE
from examples.approval.planner import ASIDE
from examples.starter import ROOT, ExampleFailed, System, run_example
from exospherehost import GraphNodeModel, UnitesModel

NODES: Final = [
    GraphNodeModel(
        node_name="Plan",
        namespace=NAMESPACE,
        identifier="plan",
        inputs={"folder": "${{ store.folder }}", "refused": "${{ store.refused }}"},
        # Straight to the check, too: it is to run when every step was refused.
        next_nodes=["approve", "check"],
    ),
    GraphNodeModel(
        node_name="Approve",
        namespace=NAMESPACE,
        identifier="approve",
        inputs={"path": "${{ plan.outputs.path }}", "reason": "${{ plan.outputs.reason }}"},
        next_nodes=["act"],
    ),
    GraphNodeModel(
        node_name="Act",
        namespace=NAMESPACE,
        identifier="act",
        inputs={
            "folder": "${{ store.folder }}",
            "path": "${{ plan.outputs.path }}",
            "approved_by": "${{ approve.outputs.approved_by }}",
        },
        next_nodes=["check"],
    ),
    GraphNodeModel(
        node_name="Check",
        namespace=NAMESPACE,
        identifier="check",
        inputs={
            "folder": "${{ store.folder }}",
            "refused": "${{ store.refused }}",
            "proposed": "${{ plan.outputs.path }}",
            "done": "${{ act.outputs.path }}",
        },
        unites=UnitesModel(identifier="plan"),
    ),
]


def arguments() -> argparse.Namespace:
    """What the command is given."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.approval",
        description=f"Tidy a folder up: copies of files go to {ASIDE} in it, empty folders go. Each step is asked for.",
    )
    parser.add_argument("folder", type=Path, nargs="?", help="which; only with --ask (a sample)")
    parser.add_argument("--ask", action="store_true", help="ask at the terminal; without it a simulated human answers")
    given = parser.parse_args()
    if given.folder and not given.ask:
        parser.error("a folder of yours needs --ask: the simulated human says yes to what it does not know")
    return given


def write_sample(folder: Path) -> None:
    """Write a folder in disorder: two copies of a report, one of a photo."""
    for path, text in {
        "notes/report.txt": "all is well\n",
        "notes/report (copy).txt": "all is well\n",
        "notes/report (keep).txt": "all is well\n",
        "photo.raw": "blue sky\n",
        "old/2019/photo.raw": "blue sky\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def folder_to_tidy(given: Path | None, scratch: Path) -> Path:
    """Return the folder that is given, else a sample below `scratch`. Raises ExampleFailed."""
    if given is None:
        write_sample(scratch / "sample")
        return scratch / "sample"
    if not given.is_dir():
        raise ExampleFailed(f"{given.absolute()} is no folder")
    return given.absolute()


@contextmanager
def human(system: System, ask: bool) -> Iterator[None]:
    """Run the human beside this process, with the address of the state manager and nothing else."""
    command = [sys.executable, "-m", "examples.approval.human", NAMESPACE, *(["--ask"] if ask else [])]
    access = {"EXOSPHERE_STATE_MANAGER_URI": system.uri, "EXOSPHERE_API_KEY": system.key}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **access}) as process:
        try:
            yield
        finally:
            process.terminate()


async def tidy(system: System) -> None:
    """Go round until there is nothing left to propose."""
    given = arguments()
    folder = folder_to_tidy(given.folder, system.folder)
    print(f"Tidying {folder}. {'You are' if given.ask else 'A simulated human is'} asked before each step", flush=True)
    with human(system, given.ask):
        checked = await system.run(GRAPH, NODES, {"folder": str(folder), "refused": "[]"}, "check")
        rounds = 1
        while True:
            print(f"Round {rounds}: moved aside {', '.join(json.loads(checked['done'])) or 'nothing'}", flush=True)
            if not checked["next_run"]:
                break
            checked, rounds = await system.outputs(checked["next_run"], "check"), rounds + 1
    print(f"Nothing is left to propose. Refused: {', '.join(json.loads(checked['refused'])) or 'nothing'}")


if __name__ == "__main__":
    arguments()
    run_example(tidy, NAMESPACE, "examples.approval.app:runtime")
