"""The options of commands that answer for their health."""

from typing import Final

import click

HEALTH_PORT: Final = click.option(
    "--health-port",
    type=click.IntRange(1, 65535),
    help="Answer GET /health and /metrics on this port.  [default: none]",
)

HEALTH_HOST: Final = click.option(
    "--health-host", default="127.0.0.1", show_default=True, help="Address that these are answered on."
)
