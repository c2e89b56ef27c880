"""`exosphere server` and `exosphere background`: the parts of the state manager."""

import click

from exosphere_cli.extras import require_server_extra
from exosphere_cli.health_options import HEALTH_HOST, HEALTH_PORT
from exosphere_core.errors import ConfigurationError
from exosphere_core.lifeline import watch_lifeline

_HOST = click.option("--host", help="Address to listen on.  [EXOSPHERE_HOST; default: 127.0.0.1]")
_PORT = click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the HTTP API.  [EXOSPHERE_PORT; default: 8000]"
)


@click.command(short_help="Run a state manager: HTTP API and engine.")
@_HOST
@_PORT
def server(host: str | None, port: int | None) -> None:
    """Run a state manager: the HTTP API and the engine that moves runs on.

    Any number of them may share one Redis and its work; put a load balancer in
    front. SIGTERM ends it: it finishes what it has begun and leaves the rest to the others.

    \b
    It is set up by environment variables:
      EXOSPHERE_REDIS_URL      Redis or Valkey that holds all records  (needed)
      STATE_MANAGER_SECRET     root API key; clients send it as EXOSPHERE_API_KEY  (needed)
      SECRETS_ENCRYPTION_KEY   32 random bytes, URL-safe base64; encrypts graph secrets  (needed)
      EXOSPHERE_LOG_LEVEL, EXOSPHERE_LOG_FORMAT and more: see the documentation of the settings
    """
    require_server_extra("server")
    watch_lifeline()
    from exosphere_orchestrator.settings import load_settings

    # A wrong setting is told before the time is taken to load all that runs with them.
    settings = load_settings(host=host, port=port)
    from exosphere_orchestrator.server import serve

    serve(settings)


@click.command(short_help="Run the background jobs: cron, retention, repair.")
@HEALTH_PORT
@HEALTH_HOST
def background(health_port: int | None, health_host: str) -> None:
    """Run the background jobs: cron triggers, retention, reconciling.

    Takes the same environment variables as `exosphere server`. One is enough; more
    are safe, each job is done by one of them.

    GET /health answers 200 while Redis was reached within EXOSPHERE_HEALTH_AGE_MS
    (60000), else 503. GET /metrics tells Prometheus which jobs ran, how long they
    took, and what was put right.
    """
    require_server_extra("background")
    watch_lifeline()
    from exosphere_orchestrator.settings import load_settings

    # A wrong setting is told before the time is taken to load all that runs with them.
    settings = load_settings()
    listener = None
    if health_port is not None:
        from exosphere_core.health import health_age_s, listen

        try:
            health_age_s()
        except ValueError as wrong:
            raise ConfigurationError(str(wrong)) from None
        listener = listen(health_host, health_port)
    from exosphere_orchestrator.background import run

    run(settings, listener)
