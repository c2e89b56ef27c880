"""How a graph is shown."""

from typing import Final

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from exosphere_cli.formats import Columns
from exosphere_cli.node_tree import node_tree
from exosphere_cli.output import printable, short_time, status_text
from exosphere_core.api import GraphNodeBody, GraphResponse

GRAPH_COLUMNS: Final[Columns[GraphResponse]] = {
    "NAME": lambda one: one.name,
    ">VERSION": lambda one: one.version,
    "STATUS": lambda one: one.validation_status,
    ">NODES": lambda one: len(one.nodes),
    ">TRIGGERS": lambda one: len(one.triggers),
    "UPDATED": lambda one: short_time(one.updated_at),
}


def print_graph(out: Console, graph: GraphResponse) -> None:
    """Print a graph's facts, what is wrong with it, and its nodes as a tree."""
    facts = {
        "graph": Text(printable(f"{graph.name}, version {graph.version}, namespace {graph.namespace}")),
        "status": status_text(graph.validation_status),
        "paused": Text(printable(f"since {short_time(graph.paused_at or '')}")) if graph.paused else None,
        "created": Text(short_time(graph.created_at)),
        "updated": Text(short_time(graph.updated_at)),
        "secrets": Text(printable(", ".join(sorted(graph.secrets)))) if graph.secrets else None,
        "needs": Text(printable(", ".join(graph.store_config.required_keys)))
        if graph.store_config.required_keys
        else None,
    }
    for name, value in facts.items():
        if value is not None:
            out.print(Text(f"{name:<9}", style="dim") + value, soft_wrap=True)
    for index, trigger in enumerate(graph.triggers):
        text = f"{trigger.value.expression} ({trigger.value.timezone})"
        out.print(Text(f"{f'cron {index}':<9}", style="dim") + Text(printable(text)), soft_wrap=True)
    for error in graph.validation_errors:
        out.print(Text(f"  - {printable(error)}", style="red"), soft_wrap=True)
    out.print()
    out.print(_tree(graph))


def _tree(graph: GraphResponse) -> Tree:
    def label(node: GraphNodeBody) -> Text:
        text = Text(printable(node.identifier), style="bold")
        text.append(printable(f"  {node.node_name}"), style="dim")
        if node.namespace != graph.namespace:
            text.append(printable(f" in {node.namespace}"), style="dim")
        if node.unites:
            text.append(printable(f"  unites {node.unites.identifier} ({node.unites.strategy})"), style="cyan")
        return text

    return node_tree(graph.nodes, label)
