"""What state manager, background jobs and a worker write where logs are JSON."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

from system.stack import KEY, NAMESPACE, Stack, wait_for

NODES = """
import logging

from pydantic import BaseModel

from exospherehost import BaseNode, Runtime


class Talks(BaseNode):
    class Secrets(BaseModel):
        token: str

    async def execute(self):
        logging.getLogger("third.party").warning("from a\\nlibrary")
        raise ValueError(f"refused {self.secrets.token}")


class Threaded(BaseNode):
    def execute(self):
        logging.getLogger("third.party").warning("from a thread")


if __name__ == "__main__":
    Runtime(namespace="test", name="talker", nodes=[Talks, Threaded]).start()
"""

BACKGROUND = (
    "from exosphere_orchestrator.background import run; "
    "from exosphere_orchestrator.settings import load_settings; run(load_settings())"
)

SECRET = "correct-horse-battery"


def lines_of(stack: Stack, name: str) -> list[dict[str, Any]]:
    """Each whole line of a log, which all are objects."""
    text = stack.log(name)
    lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    return lines


def test_every_line_is_an_object_and_those_about_a_state_carry_its_ids(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "talking_nodes.py"
    file.write_text(NODES)
    stack.environ["EXOSPHERE_LOG_FORMAT"] = "json"
    stack.environ["EXOSPHERE_LOG_LEVEL"] = "DEBUG"
    stack.state_manager()
    stack.start("bg", [sys.executable, "-c", BACKGROUND])
    stack.start("rt", [sys.executable, str(file)])
    wait_for("the runtime is registered", lambda: "runs Talks, Threaded" in stack.log("rt"))
    stack.graph(
        "talk",
        {"node_name": "Threaded", "identifier": "first", "inputs": {}, "next_nodes": ["then"]},
        {"node_name": "Talks", "identifier": "then", "inputs": {}},
        secrets={"token": SECRET},
        retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1},
    )
    run = stack.trigger("talk")
    assert stack.wait_run(run)["status"] == "FAILED"
    states = {(state["identifier"], state["retry_count"]): state["id"] for state in stack.states(run)}
    said = [line for line in lines_of(stack, "rt") if line["logger"] == "third.party"]
    assert [
        (line["message"], line["state_id"], line["run_id"], line["node"], line["attempt"], line["namespace"])
        for line in said
    ] == [
        ("from a thread", states["first", 0], run, "Threaded", "1", NAMESPACE),
        ("from a\nlibrary", states["then", 0], run, "Talks", "1", NAMESPACE),
        ("from a\nlibrary", states["then", 1], run, "Talks", "1", NAMESPACE),
    ]
    for name in ("sm", "bg", "rt"):
        stack.signal(name, signal.SIGTERM)
        stack.wait_end(name)
        assert lines_of(stack, name)
        assert SECRET not in stack.log(name)
        assert KEY not in stack.log(name)
    assert any("GET" in line["message"] and line["request_id"] for line in lines_of(stack, "sm"))
