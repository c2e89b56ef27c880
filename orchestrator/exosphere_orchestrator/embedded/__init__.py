"""A private Redis for machines that have none running: started with the application, gone with it, data kept."""

from exosphere_orchestrator.embedded.server import EmbeddedRedis

__all__ = ["EmbeddedRedis"]
