"""What spans are drawn of a run, and what they say."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

from exosphere_core import traces
from exosphere_core.records import Task
from exosphere_core.traces import own_trace, read_traceparent
from exosphere_otel import ExosphereInstrumentor
from exosphere_otel.spans import Spans
from exospherehost import BaseNode, PruneSignal
from exospherehost.testing import run_graph
from kit.nodes import WORDS, Flaky, Shout, Split, alone
from otel.drawn import Drawn, above, drawing, ids

RUN = "0f0e0d0c-0b0a-4908-8706-050403020000"


def task(**fields: Any) -> Task:
    return Task(RUN, "home", "report", 3, "load", "Loader", "shop", **fields)


def attempt(drawn: Drawn, of: Task, number: str = "1", ready_ms: int = 0) -> None:
    with Spans(drawn.provider).attempt(of, "5" * 32, number, ready_ms) as ended:
        ended("succeeded", "")


class Traced(BaseNode):
    """Draws a span of its own."""

    async def execute(self) -> None:
        with trace.get_tracer("mine", tracer_provider=PROVIDERS[0]).start_as_current_span("my work"):
            pass


class TracedThread(BaseNode):
    """The same in a thread."""

    def execute(self) -> None:
        with trace.get_tracer("mine", tracer_provider=PROVIDERS[0]).start_as_current_span("my work"):
            pass


class Secretive(BaseNode):
    """Fails with a secret in its text."""

    class Secrets(BaseNode.Secrets):
        token: str

    async def execute(self) -> None:
        raise ValueError(f"refused {self.secrets.token} " + "x" * 2000)


class Ends(BaseNode):
    async def execute(self) -> None:
        raise PruneSignal({})


PROVIDERS: list[Any] = []


def test_all_attempts_of_a_run_lie_below_the_span_in_which_it_was_made() -> None:
    with drawing() as drawn:
        run = run_graph(WORDS, [Split, Shout])
        assert run.succeeded
        (made,) = [span for span in drawn.spans if span.kind is SpanKind.PRODUCER]
        attempts = [span for span in drawn.spans if span.kind is SpanKind.CONSUMER]
    # Three words, and the state that joins them.
    assert sorted(span.name for span in attempts) == ["execute Shout"] * 4 + ["execute Split"]
    for span in attempts:
        assert ids(span)[0] == ids(made)[0]
        assert above(span) == ids(made)[1]
        assert span.status.status_code is StatusCode.UNSET
    (root,) = drawn.named("execute Split")
    state = run.states("split")[0]
    assert dict(root.attributes or {}) == {
        "exosphere.run_id": run.run_id, "exosphere.state_id": state.id, "exosphere.node": "Split",
        "exosphere.identifier": "split", "exosphere.graph": (made.attributes or {})["exosphere.graph"],
        "exosphere.graph_version": 1, "exosphere.namespace": (made.attributes or {})["exosphere.namespace"],
        "exosphere.attempt": 1, "exosphere.retry_count": 0, "exosphere.outcome": "succeeded",
    }  # fmt: skip
    assert (made.attributes or {})["exosphere.run_id"] == run.run_id
    assert {(span.attributes or {})["exosphere.state_id"] for span in attempts} >= {
        state.id for state in run.states("shout")
    }


def test_every_retry_has_a_span_and_those_that_failed_say_why() -> None:
    with drawing() as drawn:
        run_graph(alone("Flaky"), [Flaky], retry_policy={"max_retries": 3, "backoff_factor": 1})
        spans = drawn.named("execute Flaky")
    told = [
        ((span.attributes or {})["exosphere.retry_count"], (span.attributes or {})["exosphere.outcome"])
        for span in spans
    ]
    assert told == [(0, "failed"), (1, "failed"), (2, "failed"), (3, "succeeded")]
    for span in spans[:3]:
        assert span.status.status_code is StatusCode.ERROR
        assert (span.status.description or "").startswith("ConnectionError: try ")
    assert len({ids(span)[0] for span in spans}) == 1


def test_a_branch_that_is_pruned_is_no_error() -> None:
    with drawing() as drawn:
        run_graph(alone("Ends"), [Ends])
        span = drawn.one("execute Ends")
    assert (span.attributes or {})["exosphere.outcome"] == "pruned"
    assert span.status.status_code is StatusCode.UNSET


def test_a_secret_in_the_text_of_an_error_is_taken_out_and_a_long_text_cut() -> None:
    secret = "correct-horse-battery"
    with drawing() as drawn:
        run_graph(alone("Secretive"), [Secretive], secrets={"token": secret}, retry_policy={"max_retries": 0})
        span = drawn.one("execute Secretive")
    assert (span.status.description or "").startswith("ValueError: refused ")
    assert len(span.status.description or "") == 1000
    assert secret not in span.to_json()


@pytest.mark.parametrize("node", [Traced, TracedThread])
def test_what_a_node_draws_lies_below_its_attempt(node: type[BaseNode]) -> None:
    with drawing() as drawn:
        PROVIDERS[:] = [drawn.provider]
        run_graph(alone(node.__name__), [node])
        mine, attempted = drawn.one("my work"), drawn.one(f"execute {node.__name__}")
    assert above(mine) == ids(attempted)[1]
    assert ids(mine)[0] == ids(attempted)[0]


def test_a_run_that_is_made_within_a_span_belongs_to_its_trace() -> None:
    with drawing() as drawn:
        with drawn.provider.get_tracer("caller").start_as_current_span("order"):
            run_graph(alone("Ends"), [Ends])
        order, attempted = drawn.one("order"), drawn.one("execute Ends")
        (made,) = [span for span in drawn.spans if span.kind is SpanKind.PRODUCER]
    assert above(made) == ids(order)[1]
    assert above(attempted) == ids(made)[1]
    assert {ids(span)[0] for span in drawn.spans} == {ids(order)[0]}


def test_a_run_without_a_trace_gets_one_from_whoever_executes_its_root() -> None:
    drawn, others = Drawn(), Drawn()
    trace_id, span_id = own_trace(RUN)
    ready_ms = int(time.time() * 1000) - 5000
    attempt(drawn, task(), ready_ms=ready_ms)
    # Another worker, which knows the run's id and nothing more.
    attempt(others, task(parents={"load": "5" * 32}))
    root = drawn.one("run report")
    assert ids(root) == (trace_id, span_id)
    assert root.parent is None
    assert root.start_time == ready_ms * 1_000_000
    assert (root.end_time or 0) - (root.start_time or 0) >= 5_000_000_000
    assert [span.name for span in others.spans] == ["execute Loader"]
    for span in (drawn.one("execute Loader"), others.one("execute Loader")):
        assert (ids(span)[0], above(span)) == (trace_id, span_id)


@pytest.mark.parametrize(("of", "number"), [(task(retry_count=1), "1"), (task(), "2")])
def test_its_root_is_drawn_once_whatever_becomes_of_the_first_attempt(of: Task, number: str) -> None:
    drawn = Drawn()
    attempt(drawn, of, number)
    assert [span.name for span in drawn.spans] == ["execute Loader"]


def test_a_clock_of_redis_that_is_ahead_makes_no_span_that_ends_before_it_begins() -> None:
    drawn = Drawn()
    attempt(drawn, task(), ready_ms=round(time.time() * 1000) + 3_600_000)
    root = drawn.one("run report")
    assert root.start_time == root.end_time


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_all_who_execute_a_run_sample_it_or_not_and_as_many_as_were_asked_for(ratio: float) -> None:
    drawn, others = (Drawn(ParentBased(TraceIdRatioBased(ratio))) for _ in range(2))
    runs = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(400)]
    for run in runs:
        attempt(drawn, Task(run, "home", "report", 3, "load", "Loader", "shop"))
        attempt(others, Task(run, "home", "report", 3, "save", "Saver", "shop", parents={"load": "5" * 32}))
    sampled = {ids(span)[0] for span in drawn.named("run report")}
    assert {ids(span)[0] for span in drawn.named("execute Loader")} == sampled
    assert {ids(span)[0] for span in others.named("execute Saver")} == sampled
    assert ratio * 400 - 80 < len(sampled) < ratio * 400 + 80


def test_a_caller_that_does_not_sample_is_followed() -> None:
    drawn = Drawn()
    attempt(drawn, task(trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"))
    assert drawn.spans == []


def test_where_nothing_is_sampled_the_decision_is_carried_all_the_same() -> None:
    drawn = Drawn(ALWAYS_OFF)
    with Spans(drawn.provider).run("home", "report", RUN, "") as carried:
        assert read_traceparent(carried) == carried
        assert int(carried[-2:], 16) & 1 == 0
    assert drawn.spans == []


def test_a_run_that_can_not_be_made_is_told_as_an_error() -> None:
    drawn = Drawn()
    with pytest.raises(KeyError), Spans(drawn.provider).run("home", "report", RUN, ""):
        raise KeyError("a word that is nobody's business")
    span = drawn.one("run report")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "KeyError"
    assert "nobody's business" not in span.to_json()


def test_without_a_provider_a_context_that_came_with_the_call_is_carried_on() -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with Spans().run("home", "report", RUN, given) as carried:
        assert carried == given
    with Spans().attempt(task(), "5" * 32, "1", 0) as ended:
        ended("succeeded", "")


def test_the_code_of_the_page_has_spans_drawn_by_the_global_provider() -> None:
    page = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    try:
        exec(compile(code, "telemetry.md", "exec"), {})
        assert isinstance(traces.installed, Spans)
    finally:
        ExosphereInstrumentor().uninstrument()


def test_nothing_is_drawn_any_more_when_it_is_taken_away() -> None:
    with drawing():
        assert isinstance(traces.installed, Spans)
    assert traces.installed is None
