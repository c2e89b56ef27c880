"""What nodes wrote is told to a test: of one node, and of each state of a graph."""

from typing import Any

from pydantic import BaseModel

from exospherehost import BaseNode, GraphNodeModel
from exospherehost.testing import LogLine, run_graph, run_node


class Telling(BaseNode):
    """Writes, fails once, and writes again."""

    class Inputs(BaseModel):
        x: str

    class Secrets(BaseModel):
        token: str

    async def execute(self) -> None:
        self.logger.debug("given %s", self.inputs.x)
        self.emit("half", percent=50, token=self.secrets.token)
        if self.retry_count == 0 and self.inputs.x == "fail":
            self.logger.error("not yet")
            raise RuntimeError


class Spread(BaseNode):
    """Fans out in two."""

    class Outputs(BaseModel):
        v: str

    def execute(self) -> list[Outputs]:
        self.logger.info("in a thread")
        return [self.Outputs(v="a"), self.Outputs(v="fail")]


def telling(identifier: str, x: str, **more: Any) -> GraphNodeModel:
    return GraphNodeModel(node_name="Telling", namespace="ns", identifier=identifier, inputs={"x": x}, **more)


def test_a_node_alone_tells_what_it_wrote_without_secrets() -> None:
    outcome = run_node(Telling, {"x": "1"}, secrets={"token": "swordfish"})
    assert outcome.logs == [
        LogLine("log", "DEBUG", "given 1"),
        LogLine("progress", "INFO", "half", {"percent": 50, "token": "***"}),
    ]
    assert [str(line) for line in outcome.logs] == ["given 1", "half"]


def test_a_node_that_failed_tells_it_too() -> None:
    outcome = run_node(Telling, {"x": "fail"}, secrets={"token": "swordfish"})
    assert outcome.status == "failed"
    assert outcome.logs[-1] == LogLine("log", "ERROR", "not yet")


def test_each_state_of_a_graph_tells_what_it_wrote() -> None:
    graph = [
        GraphNodeModel(node_name="Spread", namespace="ns", identifier="spread", inputs={}, next_nodes=["tell"]),
        telling("tell", "${{ spread.outputs.v }}"),
    ]
    run = run_graph(
        graph, [Spread, Telling], secrets={"token": "swordfish"},
        retry_policy={"strategy": "FIXED", "backoff_factor": 1000, "max_retries": 1},
    )  # fmt: skip
    assert run.succeeded, run
    assert run.logs("spread") == [LogLine("log", "INFO", "in a thread")]
    assert [[line.text for line in state.logs] for state in run.states("tell")] == [
        ["given a", "half"],
        ["given fail", "half", "not yet"],
        ["given fail", "half"],
    ]
    assert len(run.logs()) == 8


def test_a_delivery_that_came_again_is_told_apart_by_its_attempt() -> None:
    run = run_graph([telling("tell", "1")], [Telling], secrets={"token": "swordfish"}, fault="tell#1:twice")
    (state,) = run.states("tell")
    assert [(line.text, line.attempt) for line in state.logs] == [
        ("given 1", 1),
        ("half", 1),
        ("given 1", 2),
        ("half", 2),
    ]
