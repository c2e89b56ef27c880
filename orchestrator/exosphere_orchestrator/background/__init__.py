"""The background jobs: what is periodic and off the path of a state. Each is an idempotent sweep that arq kicks."""

from exosphere_orchestrator.background.worker import run

__all__ = ["run"]
