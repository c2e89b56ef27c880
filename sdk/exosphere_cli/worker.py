"""`exosphere worker`: run a runtime that a Python module defines."""

import click

from exosphere_cli.runtime_loader import load_runtime
from exosphere_core.errors import ConfigurationError
from exosphere_core.lifeline import watch_lifeline


@click.command(short_help="Run a worker: the Runtime that a module defines.")
@click.argument("target", metavar="PACKAGE.MODULE:RUNTIME")
def worker(target: str) -> None:
    """Run a worker: import PACKAGE.MODULE and start its RUNTIME.

    RUNTIME is a Runtime, or a function without arguments that returns one. The
    module is looked for in the current directory first, then on the Python path.

    \b
      # my_nodes.py
      runtime = Runtime(namespace="MyProject", name="loader", nodes=[LoaderNode])

      exosphere worker my_nodes:runtime

    \b
    It needs
      EXOSPHERE_STATE_MANAGER_URI   address of the state manager
      EXOSPHERE_API_KEY             its API key
    unless the Runtime was made with both.

    SIGTERM or Ctrl-C: takes no new work, ends what is running, exits. A second one exits at once.
    """
    watch_lifeline()
    runtime = load_runtime(target)
    try:
        runtime.start()
    except ValueError as wrong:
        raise ConfigurationError(str(wrong)) from None
