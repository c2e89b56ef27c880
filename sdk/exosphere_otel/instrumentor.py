"""What OpenTelemetry's auto-instrumentation finds, and what a program calls that sets OpenTelemetry up by itself."""

from collections.abc import Collection
from typing import Any

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from exosphere_core import traces
from exosphere_otel.spans import Spans


class ExosphereInstrumentor(BaseInstrumentor):
    """Draws a span for each run that this process makes and each attempt that it executes.

    `instrument(tracer_provider=…)` takes a provider; the global one if left out.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """Nothing: it comes with what it instruments."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        traces.install(Spans(kwargs.get("tracer_provider")))

    def _uninstrument(self, **kwargs: Any) -> None:
        traces.install(None)
