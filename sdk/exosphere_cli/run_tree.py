"""`exosphere run tree`: the states of a run, each below the one that made it."""

from collections import Counter, deque
from collections.abc import Sequence

import click
from rich.text import Text
from rich.tree import Tree

from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import output_option, show_one
from exosphere_cli.output import console, printable, status_text
from exosphere_core.api import GET_STRUCTURE, StructureNode, StructureResponse
from exosphere_core.states import FAILED

#: How much of an error stands beside a state, in characters.
_ERROR = 80


@click.command("tree")
@click.argument("run_id", metavar="RUN")
@click.option(
    "--width", type=click.IntRange(min=1), default=10, show_default=True,
    help="Most states of one node that are shown side by side; what failed comes first, the others are counted.",
)  # fmt: skip
@output_option
@with_connection
def show_tree(connection: Connection, run_id: str, width: int, output: str) -> None:
    """Show the states of RUN as a tree: each below the one that made it, with its status and id.

    A state that has several parents, such as one that retries another, or joins branches, stands below the first.
    """
    found = connection.fetch(GET_STRUCTURE, StructureResponse, run_id=run_id)
    show_one(output, found, lambda: console().print(state_tree(run_id, found, width)))


def state_tree(run_id: str, found: StructureResponse, width: int) -> Tree:
    """Return the tree of a run's states.

    Args:
        width: most states of one node below one parent.
    """
    states = {state.id: state for state in found.nodes}
    children: dict[str, list[str]] = {}
    placed: set[str] = set()
    for edge in found.edges:
        if edge.target in states and edge.target not in placed:
            placed.add(edge.target)
            children.setdefault(edge.source, []).append(edge.target)
    # The root, what retried it, and its siblings where it returned several outputs.
    roots = [state.id for state in found.nodes if state.id not in placed]
    tree = Tree(Text(printable(f"{found.graph_name}, run {run_id}, {found.node_count} states"), style="bold"))
    # Without recursion: a run may be thousands of states deep.
    waiting: deque[tuple[Sequence[str], Tree]] = deque([(roots, tree)])
    while waiting:
        ids, above = waiting.popleft()
        for shown, rest in _by_node([states[each] for each in ids], width):
            for state in shown:
                branch = above.add(_line(state))
                waiting.append((children.get(state.id, ()), branch))
            if rest:
                above.add(_rest(rest))
    return tree


def _by_node(states: Sequence[StructureNode], width: int) -> list[tuple[list[StructureNode], list[StructureNode]]]:
    """Of each node: the states that are shown, and those that are counted."""
    groups: dict[str, list[StructureNode]] = {}
    for state in states:
        groups.setdefault(state.identifier, []).append(state)
    cut = []
    for group in groups.values():
        if len(group) > width:
            group.sort(key=lambda state: state.status not in FAILED)
        cut.append((group[:width], group[width:]))
    return cut


def _line(state: StructureNode) -> Text:
    text = Text(printable(state.identifier), style="bold") + Text(" ") + status_text(state.status)
    text.append(printable(f" {state.id}"), style="dim")
    if state.error:
        first = printable(state.error).strip().partition("\n")[0]
        text.append(f" {first if len(first) <= _ERROR else first[:_ERROR] + '…'}", style="red")
    return text


def _rest(states: Sequence[StructureNode]) -> Text:
    counts = Counter(state.status for state in states)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return Text(printable(f"… {len(states)} more of {states[0].identifier}: {told}"), style="dim")
