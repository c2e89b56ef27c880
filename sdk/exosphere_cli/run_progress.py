"""The progress of a run while somebody waits for its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from exosphere_cli.output import printable
from exosphere_core.api import WAIT_RUN, RunResponse
from exosphere_core.client import ApiClient
from exosphere_core.errors import TimedOut
from exosphere_core.states import RunStatus

#: How long one call waits for the end, in ms: with a live display, and with lines that somebody reads later.
_LIVE_MS: Final = 250
_LINES_MS: Final = 5_000
#: Seconds that the state manager may be away before the waiting is given up.
_AWAY_S: Final = 30.0


async def follow(
    client: ApiClient, namespace: str, run_id: str, show: Callable[[RunResponse], None], *, live: bool,
    deadline: float | None = None,
) -> RunResponse:  # fmt: skip
    """Wait for a run's end and show it on the way.

    Args:
        client: calls the state manager.
        namespace: of the run.
        run_id: the run.
        show: called with the run again and again, the last time when it has ended.
        live: whether to call it several times a second.
        deadline: until when to wait, on the monotonic clock, in s; None for as long as it takes.

    Raises:
        TimedOut: the run has not ended by then; it goes on.
        ExosphereError: as the client does.
    """
    while True:
        timeout_ms = _LIVE_MS if live else _LINES_MS
        if deadline is not None:
            timeout_ms = min(timeout_ms, max(0, ceil((deadline - monotonic()) * 1000)))
        answer = await client.call(
            WAIT_RUN,
            query={"timeout_ms": timeout_ms},
            timeout_s=timeout_ms / 1000 + _AWAY_S,
            namespace=namespace,
            run_id=run_id,
        )
        run = RunResponse.model_validate(answer)
        show(run)
        if run.status != RunStatus.PENDING:
            return run
        if deadline is not None and monotonic() >= deadline:
            raise TimedOut(
                f"run {run_id} of graph {run.graph_name!r} has not ended in time: {run.pending_count} of "
                f"{run.total_count} states are pending; it goes on"
            )


@contextmanager
def watch_progress(out: Console) -> Iterator[Callable[[RunResponse], None]]:
    """Give a function that shows a run's progress: a bar per node in a terminal, else a line per change."""
    if not out.is_terminal:
        yield ProgressLines(out).show
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[red]{task.fields[failed]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out) as progress:
        yield _Bars(progress).show


class _Bars:
    """A bar per node. Its length grows while the node's states are made."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, run: RunResponse) -> None:
        for node in run.nodes:
            if node.identifier not in self._tasks:
                self._tasks[node.identifier] = self._progress.add_task(
                    printable(node.identifier), total=None, start=False, failed=""
                )
            task = self._tasks[node.identifier]
            if node.total:
                self._progress.start_task(task)
            self._progress.update(
                task,
                # A node without states yet is not done: its bar has no length.
                total=node.total or (0 if run.status != RunStatus.PENDING else None),
                completed=node.total - node.pending,
                failed=f"{node.errored} failed" if node.errored else "",
            )
        self._progress.refresh()


class ProgressLines:
    """A line whenever more states have ended."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._last = ""

    def show(self, run: RunResponse) -> None:
        """Print the line of a run as it is now, unless it is that of before."""
        failed = f", {run.errored_count} failed" if run.errored_count else ""
        line = f"{run.total_count - run.pending_count} of {run.total_count} states ended{failed}"
        if line != self._last:
            self._last = line
            self._out.print(line)
