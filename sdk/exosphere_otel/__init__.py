"""Traces of runs by OpenTelemetry: needs the extra `otel`. Nothing else of this project imports it."""

from exosphere_otel.instrumentor import ExosphereInstrumentor

__all__ = ["ExosphereInstrumentor"]
