"""Spans that were drawn, for tests to look at."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

from exosphere_otel import ExosphereInstrumentor


class Drawn:
    """A provider, and the spans that ended."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span


@contextmanager
def drawing(sampler: Sampler | None = None) -> Iterator[Drawn]:
    """Have spans drawn in this process."""
    drawn = Drawn(sampler)
    instrumentor = ExosphereInstrumentor()
    instrumentor.instrument(tracer_provider=drawn.provider)
    try:
        yield drawn
    finally:
        instrumentor.uninstrument()
        drawn.provider.shutdown()


def ids(span: ReadableSpan) -> tuple[str, str]:
    """Trace and span, in hex."""
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def above(span: ReadableSpan) -> str | None:
    """The span above, in hex."""
    return None if span.parent is None else f"{span.parent.span_id:016x}"
