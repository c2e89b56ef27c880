"""`exosphere reconcile`: holds everything in Redis against the records, now, and tells what was put right."""

import asyncio

import click

from exosphere_cli.counting import counting
from exosphere_cli.exit_codes import ExitCode
from exosphere_cli.extras import require_server_extra
from exosphere_cli.formats import Format, output_option, print_data


@click.command(short_help="Repair queues, indexes and counters from the records.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="How long to wait for reports that are to be applied first, in s.",
)
@output_option
@click.pass_context
def reconcile(context: click.Context, wait_s: float, output: str) -> None:
    """Hold queues, due times, indexes, unites and counters against the records of runs and states, and put
    right what disagrees.

    The background jobs do this by themselves, every hour and when they start; this command is for after a backup was
    restored or keys were lost. State managers and workers may go on meanwhile, and at least one state
    manager should: what is lost can be told from what is on its way only when all reports were applied.

    Takes the same environment variables as `exosphere server`. The exit code is 1 when something is left
    that could not be put right.
    """
    require_server_extra("reconcile")
    from exosphere_orchestrator.reconcile.command import reconcile_now
    from exosphere_orchestrator.reconcile.mend import Journal
    from exosphere_orchestrator.settings import load_settings

    with counting() as show:

        def tell(journal: Journal) -> None:
            show(f"looked at {journal.runs} runs and {journal.states} states; mended {journal.total}")

        journal = asyncio.run(reconcile_now(load_settings(), wait_s, tell))
    if output != Format.TABLE:
        print_data(
            output,
            {
                "runs": journal.runs,
                "states": journal.states,
                "mended": {kind.value: count for kind, count in sorted(journal.mended.items())},
                "left": dict(sorted(journal.left.items())),
                "busy": journal.busy,
            },
        )
        context.exit(ExitCode.FAILED if journal.remaining else ExitCode.DONE)
    click.echo(
        f"looked at {journal.runs} runs and {journal.states} states; mended {journal.total}, left {journal.remaining}"
    )
    for kind, count in sorted(journal.mended.items()):
        click.echo(f"  mended {count:>8}  {kind.value}")
    for reason, count in sorted(journal.left.items()):
        click.echo(f"  left   {count:>8}  {reason}")
    if journal.busy:
        click.echo(f"  {journal.busy} runs were moving and are looked at again by the background jobs")
    context.exit(ExitCode.FAILED if journal.remaining else ExitCode.DONE)
