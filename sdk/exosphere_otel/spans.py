"""The spans of runs and attempts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from time import time_ns
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from exosphere_core.api import TRACEPARENT_HEADER
from exosphere_core.errors import ExosphereError
from exosphere_core.records import Task
from exosphere_core.traces import own_trace
from exosphere_core.version import VERSION

#: How much of an error's text a span keeps, in characters.
_KEPT_ERROR: Final = 1000

_PROPAGATOR: Final = TraceContextTextMapPropagator()

#: Outside of any span, whatever is current.
_NOWHERE: Final = Context()


class _Given(IdGenerator):
    """Gives the ids of a root span that is known to all before anybody draws it."""

    def __init__(self, trace_id: int, span_id: int) -> None:
        self._trace_id = trace_id
        self._span_id = span_id

    def generate_trace_id(self) -> int:
        return self._trace_id

    def generate_span_id(self) -> int:
        return self._span_id


class Spans:
    """Draws them by the tracer of a provider; see `exosphere_core.traces.Tracing`.

    Args:
        provider: None for the global one, which may be set later.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._provider = provider
        self._known: trace.Tracer | None = None

    @property
    def _tracer(self) -> trace.Tracer:
        if not isinstance(self._known, SdkTracer):
            self._known = trace.get_tracer("exosphere", VERSION, self._provider)
        return self._known

    def current(self) -> str:
        """Return the current span as a traceparent, "" outside of one."""
        return _spelled(trace.get_current_span())

    @contextmanager
    def run(self, namespace: str, graph: str, run: str, given: str) -> Iterator[str]:
        """Draw the span in which a run is made: below the current one, else below the one that came with the call."""
        above = None if trace.get_current_span().get_span_context().is_valid else _read(given)
        attributes = {"exosphere.run_id": run, "exosphere.graph": graph, "exosphere.namespace": namespace}
        with self._tracer.start_as_current_span(
            f"run {graph}", above, SpanKind.PRODUCER, attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield _spelled(span) or given
            except Exception as fault:
                told = fault.detail if isinstance(fault, ExosphereError) else type(fault).__name__
                span.set_status(Status(StatusCode.ERROR, told[:_KEPT_ERROR]))
                raise

    @contextmanager
    def attempt(self, task: Task, state: str, attempt: str, ready_ms: int) -> Iterator[Callable[[str, str], None]]:
        """Draw the span of an attempt, with the node's own spans below it."""
        attributes: dict[str, str | int] = {
            "exosphere.run_id": task.run,
            "exosphere.state_id": state,
            "exosphere.node": task.node,
            "exosphere.identifier": task.identifier,
            "exosphere.graph": task.graph,
            "exosphere.graph_version": task.version,
            "exosphere.namespace": task.namespace,
            "exosphere.attempt": int(attempt),
            "exosphere.retry_count": task.retry_count,
        }
        with self._tracer.start_as_current_span(
            f"execute {task.node}",
            _read(task.trace) if task.trace else self._own(task, attempt, ready_ms),
            SpanKind.CONSUMER,
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def ended(outcome: str, error: str) -> None:
                span.set_attribute("exosphere.outcome", outcome)
                if error:
                    span.set_status(Status(StatusCode.ERROR, error[:_KEPT_ERROR]))

            yield ended

    def _own(self, task: Task, attempt: str, ready_ms: int) -> Context:
        """The trace of a run that came with none: whoever executes its root begins it."""
        trace_id, span_id = (int(word, 16) for word in own_trace(task.run))
        name = f"run {task.graph}"
        tracer = self._tracer
        flags = TraceFlags.SAMPLED
        if isinstance(tracer, SdkTracer):
            # As for a root span, which few of those who execute the run's states draw: all come to the same decision.
            verdict = tracer.sampler.should_sample(_NOWHERE, trace_id, name, SpanKind.PRODUCER)
            flags = TraceFlags.SAMPLED if verdict.decision is Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT
            if not task.parents and not task.retry_count and attempt == "1":
                self._draw_root(tracer, _Given(trace_id, span_id), name, task, ready_ms)
        context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
        return trace.set_span_in_context(NonRecordingSpan(context), _NOWHERE)

    def _draw_root(self, tracer: SdkTracer, ids: IdGenerator, name: str, task: Task, ready_ms: int) -> None:
        """Draw the run from the moment in which its root became ready to the one in which that is executed."""
        given = copy(tracer)
        given.id_generator = ids
        now = time_ns()
        attributes = {
            "exosphere.run_id": task.run, "exosphere.graph": task.graph, "exosphere.namespace": task.home,
        }  # fmt: skip
        # The clock of Redis may be ahead of this one.
        start = min(ready_ms * 1_000_000, now)
        given.start_span(name, _NOWHERE, SpanKind.PRODUCER, attributes, start_time=start).end(now)


def _read(traceparent: str) -> Context:
    return _PROPAGATOR.extract({TRACEPARENT_HEADER: traceparent}, _NOWHERE)


def _spelled(span: Span) -> str:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(span, _NOWHERE))
    return carrier.get(TRACEPARENT_HEADER, "")
