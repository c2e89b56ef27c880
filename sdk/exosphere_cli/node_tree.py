"""The nodes of a graph as a tree in a terminal."""

from collections.abc import Callable, Sequence

from rich.text import Text
from rich.tree import Tree

from exosphere_core.api import GraphNodeBody


def node_tree(nodes: Sequence[GraphNodeBody], label: Callable[[GraphNodeBody], Text]) -> Tree:
    """Return a tree of nodes: each below the first that leads to it. Several roots lie side by side, without a trunk.

    Args:
        nodes: of a graph, or of a version of it.
        label: what stands for a node.
    """
    known = {node.identifier: node for node in nodes}
    led_to = {name for node in nodes for name in node.next_nodes or ()}
    trunk = Tree("", hide_root=True)
    shown: set[str] = set()
    roots = [node.identifier for node in nodes if node.identifier not in led_to]
    # In order, and without recursion: a graph may be a chain of a thousand nodes. Each child is marked as shown when its
    # parent is, so that it stands below the first one that leads to it.
    waiting: list[tuple[str, Tree]] = [(name, trunk) for name in roots]
    shown.update(roots)
    while waiting:
        name, above = waiting.pop(0)
        branch = above.add(label(known[name]))
        for child in known[name].next_nodes or ():
            if child in known and child not in shown:
                shown.add(child)
                waiting.append((child, branch))
    return trunk
