"""How one run is shown."""

from typing import Final

from rich.console import Console
from rich.text import Text

from exosphere_cli.output import printable, short_time, status_text, table
from exosphere_core.api import RunResponse, StructureResponse
from exosphere_core.states import FAILED

#: Most failed states that are shown; of these, how many with more than the first line of their error.
_FAILURES: Final = 20
_WHOLE_ERRORS: Final = 3
#: Most lines of one error.
_ERROR_LINES: Final = 30


def print_run(out: Console, run: RunResponse) -> None:
    """Print a run's facts and a table of its nodes."""
    counts = {
        "succeeded": run.success_count,
        "pending": run.pending_count,
        "failed": run.errored_count,
        "retried": run.retried_count,
        "cancelled": run.cancelled_count,
    }
    counted = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    facts = {
        "run": Text(printable(run.run_id)),
        "status": status_text(run.status),
        "graph": Text(printable(f"{run.graph_name}, version {run.version}, namespace {run.namespace}")),
        "created": Text(printable(short_time(run.created_at))),
        "ended": Text(printable(short_time(run.ended_at))) if run.ended_at else None,
        "states": Text(f"{run.total_count}{f': {counted}' if counted else ''}"),
    }
    for name, value in facts.items():
        if value is not None:
            out.print(Text(f"{name:<9}", style="dim") + value, soft_wrap=True)
    for key, stored in sorted(run.store.items()):
        out.print(Text(f"{'store':<9}", style="dim") + Text(printable(f"{key} = {stored}")), soft_wrap=True)
    if run.nodes:
        out.print()
        columns = ("NODE", ">STATES", ">SUCCEEDED", ">PENDING", ">FAILED", ">RETRIED")
        rows = [(one.identifier, one.total, one.success, one.pending, one.errored, one.retried) for one in run.nodes]
        out.print(table(columns, rows))


def print_failures(out: Console, structure: StructureResponse) -> None:
    """Print the failed states of a run with their errors."""
    failed = [state for state in structure.nodes if state.status in FAILED]
    for index, state in enumerate(failed[:_FAILURES]):
        out.print()
        title = printable(f"{state.identifier} ({state.node_name}), state {state.id}: ")
        out.print(Text(title) + status_text(state.status), soft_wrap=True)
        lines = printable(state.error or "no error was recorded").strip().splitlines()
        shown = lines[: _ERROR_LINES if index < _WHOLE_ERRORS else 1]
        for line in shown:
            out.print(Text(f"  {line}"), soft_wrap=True)
        if index < _WHOLE_ERRORS and len(lines) > len(shown):
            out.print(f"  … {len(lines) - len(shown)} more lines")
    if len(failed) > _FAILURES:
        out.print(f"\n… and {len(failed) - _FAILURES} more failed states")
