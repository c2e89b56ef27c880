"""`exosphere`: the commands, and how an error looks: one line, never a stack trace."""

import os
import sys
from typing import Final

import click

from exosphere_cli.command_group import LateCommands
from exosphere_cli.exit_codes import ExitCode, code_of
from exosphere_core.errors import ExosphereError, InvalidGraph
from exosphere_core.version import VERSION

#: command → the module that it is in, under its own name.
_COMMANDS: Final = {
    "background": "exosphere_cli.server",
    "completion": "exosphere_cli.completion",
    "dev": "exosphere_cli.dev",
    "doctor": "exosphere_cli.doctor",
    "graph": "exosphere_cli.graph",
    "init": "exosphere_cli.init",
    "key": "exosphere_cli.key",
    "migrate": "exosphere_cli.migrate",
    "node": "exosphere_cli.node",
    "profile": "exosphere_cli.profile",
    "queue": "exosphere_cli.queue",
    "reconcile": "exosphere_cli.reconcile",
    "rejected": "exosphere_cli.rejected",
    "run": "exosphere_cli.run",
    "runtime": "exosphere_cli.runtime",
    "schedule": "exosphere_cli.schedule",
    "secrets": "exosphere_cli.secrets",
    "server": "exosphere_cli.server",
    "worker": "exosphere_cli.worker",
}


@click.group(
    cls=LateCommands,
    modules=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, prog_name="exosphere")
def cli() -> None:
    """Exosphere runs workflows on Redis: graphs of nodes, written as Python classes, run by workers.

    \b
    To begin:
      exosphere init my-project                  a project that runs: nodes, a graph, a test
      exosphere dev                              everything that a developer needs, until Ctrl-C
      exosphere worker my_package.nodes:runtime  a worker, in another terminal
      exosphere graph apply my-graph.yaml        declare a graph
      exosphere run start my-graph --wait        run it and watch

    \b
    In production, each part alone:
      exosphere server       state manager: HTTP API and engine; start as many as you like
      exosphere background   periodic jobs: cron triggers, retention, repair
      exosphere worker …     workers
      exosphere doctor       what is wrong with a server or its Redis, and what to do
      exosphere reconcile    repair now what Redis lost, after a backup was restored
      exosphere secrets      replace the key that encrypts the secrets of graphs

    \b
    Coming from Exosphere on MongoDB:
      exosphere migrate check .   what works unchanged, what must change, what behaves otherwise

    \b
    Client commands (graph, run, schedule, node, queue, runtime, key, rejected) find the state manager by
      --profile, EXOSPHERE_PROFILE  a server by name (exosphere profile add)
      EXOSPHERE_STATE_MANAGER_URI   its address (http://localhost:8000)
      EXOSPHERE_API_KEY             the API key; on the machine of `exosphere dev` its key is found by itself
      EXOSPHERE_NAMESPACE           the namespace (default)

    They print tables for people, and with -o json or -o yaml all fields for programs.

    \b
    TAB completes commands, options and names of profiles after
      eval "$(exosphere completion bash)"        or zsh, or fish: exosphere completion --help

    \b
    Exit codes:
      0  done
      1  refused or failed, with one line that says why
      2  the command line is wrong
      3  the answer is no: a run ended without success, a graph is not valid, two graphs differ, doctor found a fault,
         migrate check something to change
      4  the state manager can't be reached now
      5  what was waited for did not come about in time
    """


def main() -> None:
    """Run the command line and exit."""
    try:
        code = cli.main(prog_name="exosphere", standalone_mode=False)
    except click.UsageError as wrong:
        path = wrong.ctx.command_path if wrong.ctx is not None else "exosphere"
        code = _fail(f"{wrong.format_message().rstrip('.')} (see '{path} --help')", wrong.exit_code)
    except click.ClickException as wrong:
        code = _fail(wrong.format_message(), wrong.exit_code)
    except InvalidGraph as wrong:
        code = _fail("\n  - ".join([wrong.detail, *wrong.errors]), ExitCode.FAILED)
    except ExosphereError as wrong:
        code = _fail(wrong.detail, code_of(wrong))
    except BrokenPipeError:
        # The reader of our output, such as `head`, has seen enough. Python would
        # complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.FAILED
    except OSError as denied:
        code = _fail(str(denied), ExitCode.FAILED)
    except (KeyboardInterrupt, click.Abort):
        code = ExitCode.INTERRUPTED
    sys.exit(code)


def _fail(text: str, code: int) -> int:
    click.echo(f"error: {text}", err=True)
    return code


if __name__ == "__main__":
    main()
