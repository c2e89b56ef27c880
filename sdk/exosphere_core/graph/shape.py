"""The shape of a graph: who comes after whom, what lies between a node and the one that unites it.

Works on plain edges, so that validation can ask about graphs that are not valid yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shape:
    """Identifiers and edges.

    Attributes:
        next_nodes: identifier → identifiers that it leads to, in order.
        unites: uniting identifier → identifier that it unites.
    """

    next_nodes: Mapping[str, tuple[str, ...]]
    unites: Mapping[str, str]
    _parents: dict[str, tuple[str, ...]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        parents: dict[str, list[str]] = {identifier: [] for identifier in self.next_nodes}
        for identifier, following in self.next_nodes.items():
            for child in following:
                parents[child].append(identifier)
        object.__setattr__(self, "_parents", {key: tuple(value) for key, value in parents.items()})

    def roots(self) -> list[str]:
        """Identifiers with no incoming edge; a `unites` edge counts as one."""
        return [name for name in self.next_nodes if not self._parents[name] and name not in self.unites]

    def descendants(self, start: str) -> set[str]:
        """Everything that `start` reaches through `next_nodes`."""
        return self._walk(start, self.next_nodes)

    def ancestors(self, start: str) -> set[str]:
        """Everything that reaches `start` through `next_nodes`."""
        return self._walk(start, self._parents)

    def between(self, uniting: str) -> set[str]:
        """The nodes on a path from the united node to the uniting one, both excluded."""
        return self.descendants(self.unites[uniting]) & self.ancestors(uniting)

    def order(self) -> list[str] | None:
        """Identifiers with every edge going forward, `unites` edges included; None when there is a cycle."""
        waiting = {name: len(self._parents[name]) + (1 if name in self.unites else 0) for name in self.next_nodes}
        free = [name for name, count in waiting.items() if count == 0]
        order: list[str] = []
        while free:
            name = free.pop()
            order.append(name)
            united_by = [uniting for uniting, united in self.unites.items() if united == name]
            for child in (*self.next_nodes[name], *united_by):
                waiting[child] -= 1
                if waiting[child] == 0:
                    free.append(child)
        return order if len(order) == len(self.next_nodes) else None

    def cycle(self) -> list[str]:
        """One cycle, as the identifiers along it; the shape must have one."""
        edges = {name: list(following) for name, following in self.next_nodes.items()}
        for uniting, united in self.unites.items():
            edges[united].append(uniting)
        done: set[str] = set()
        for start in edges:
            path: list[str] = []
            stack = [(start, iter(edges[start]))]
            while stack:
                name, following = stack[-1]
                if name not in path:
                    path.append(name)
                child = next(following, None)
                if child is None:
                    done.add(name)
                    path.pop()
                    stack.pop()
                elif child in path:
                    return [*path[path.index(child) :], child]
                elif child not in done:
                    stack.append((child, iter(edges[child])))
        raise ValueError("the graph has no cycle")

    def lineage(self) -> dict[str, frozenset[str]]:
        """For each node, the ancestors that every path to it passes and whose values are visible to it.

        A uniting node sees the ancestors of the node that it unites, and that node;
        what lies between the two is not visible after it. Needs a shape without cycles.
        """
        order = self.order()
        if order is None:
            raise ValueError("the graph has a cycle")
        seen: dict[str, frozenset[str]] = {}
        for name in order:
            if name in self.unites:
                united = self.unites[name]
                seen[name] = seen[united] | {united}
            elif self._parents[name]:
                seen[name] = frozenset.intersection(*(seen[parent] | {parent} for parent in self._parents[name]))
            else:
                seen[name] = frozenset()
        return seen

    @staticmethod
    def _walk(start: str, edges: Mapping[str, tuple[str, ...]]) -> set[str]:
        found: set[str] = set()
        frontier = list(edges[start])
        while frontier:
            name = frontier.pop()
            if name not in found:
                found.add(name)
                frontier.extend(edges[name])
        return found
