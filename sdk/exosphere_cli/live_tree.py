"""A run as a tree of its graph's nodes that follows what happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from exosphere_cli.node_tree import node_tree
from exosphere_cli.output import printable, status_text
from exosphere_cli.run_progress import ProgressLines
from exosphere_core.api import GraphNodeBody, GraphResponse, NodeProgress, RunResponse
from exosphere_core.states import RunStatus


@contextmanager
def watch_tree(out: Console, graph: GraphResponse) -> Iterator[Callable[[RunResponse], None]]:
    """Give a function that shows a run as it is now: the tree again in a terminal, else a line per change."""
    if not out.is_terminal:
        yield ProgressLines(out).show
        return
    # Cut while it lives, since lines that have left the terminal can't be written anew; whole in the end.
    with Live(console=out, auto_refresh=False, vertical_overflow="ellipsis") as live:
        yield lambda run: _show(live, graph, run)
        live.vertical_overflow = "visible"


def _show(live: Live, graph: GraphResponse, run: RunResponse) -> None:
    live.update(picture(graph, run), refresh=True)


def picture(graph: GraphResponse, run: RunResponse) -> Group:
    """Return a run's line and its tree."""
    progress = {node.identifier: node for node in run.nodes}
    ended = run.status != RunStatus.PENDING

    def label(node: GraphNodeBody) -> Text:
        text = Text()
        known = progress.get(node.identifier)
        text.append(*_sign(known, ended))
        text.append(printable(f" {node.identifier}"), style="bold")
        if known is not None and known.total:
            text.append("  ").append_text(_counts(known))
        return text

    head = Text(printable(f"{run.graph_name} {run.run_id} "), style="dim") + status_text(run.status)
    return Group(head, node_tree(graph.nodes, label))


def _sign(node: NodeProgress | None, ended: bool) -> tuple[str, str]:
    if node is None or not node.total:
        return ("-" if ended else "·"), "dim"
    if node.errored:
        return "✗", "red"
    if node.pending:
        return "●", "yellow"
    return ("■", "magenta") if node.cancelled else ("✓", "green")


def _counts(node: NodeProgress) -> Text:
    counts = [
        (f"{node.success} succeeded", "green", node.success),
        (f"{node.pending} pending", "yellow", node.pending),
        (f"{node.errored} failed", "red", node.errored),
        (f"{node.retried} retried", "yellow", node.retried),
        (f"{node.cancelled} cancelled", "magenta", node.cancelled),
    ]
    return Text(", ").join(Text(text, style=style) for text, style, count in counts if count)
