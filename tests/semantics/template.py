"""How the model reads a graph template: the shape and the delays. Nothing of the engine is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DEFAULT_POLICY = {
    "max_retries": 3, "strategy": "EXPONENTIAL", "backoff_factor": 2000, "exponent": 2, "max_delay": None,
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """One node of the template."""

    identifier: str
    inputs: dict[str, str]
    next_nodes: tuple[str, ...]
    united: str | None
    strategy: str
    policy: dict[str, Any]


class Graph:
    """A template that is known to be valid."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        graph_policy = {**_DEFAULT_POLICY, **template.get("retry_policy", {})}
        self.nodes: dict[str, Node] = {}
        #: (start, end) → whether a path leads there, as far as it was asked
        self._leads: dict[tuple[str, str], bool] = {}
        for declared in template["nodes"]:
            unites = declared.get("unites") or {}
            own = declared.get("retry_policy")
            self.nodes[declared["identifier"]] = Node(
                identifier=declared["identifier"],
                inputs=declared.get("inputs", {}),
                next_nodes=tuple(declared.get("next_nodes") or ()),
                united=unites.get("identifier"),
                strategy=unites.get("strategy", "ALL_SUCCESS"),
                policy={**_DEFAULT_POLICY, **own} if own is not None else graph_policy,
            )
        store = template.get("store_config", {})
        self.required_keys: list[str] = store.get("required_keys", [])
        self.default_values: dict[str, str] = store.get("default_values", {})
        led_to = {child for node in self.nodes.values() for child in node.next_nodes}
        (self.root,) = [name for name, node in self.nodes.items() if name not in led_to and not node.united]

    def uniting(self, united: str) -> list[Node]:
        """The nodes that unite this one, in the order in which they are declared."""
        return [node for node in self.nodes.values() if node.united == united]

    def leads(self, start: str, end: str) -> bool:
        """Whether a path of next_nodes leads from one node to another one."""
        if (start, end) not in self._leads:
            following = self.nodes[start].next_nodes
            self._leads[start, end] = end in following or any(self.leads(child, end) for child in following)
        return self._leads[start, end]

    def between(self, identifier: str, uniting: str) -> bool:
        """Whether a node lies on a path from the united node to the uniting one, both excluded."""
        united = self.nodes[uniting].united
        return united is not None and self.leads(united, identifier) and self.leads(identifier, uniting)


def delay_bounds(policy: Mapping[str, Any], retry: int) -> tuple[int, int]:
    """The least and the greatest delay before retry 1, 2, ..., in ms."""
    family, _, jitter = policy["strategy"].partition("_")
    base = {
        "EXPONENTIAL": policy["backoff_factor"] * policy["exponent"] ** (retry - 1),
        "LINEAR": policy["backoff_factor"] * retry,
        "FIXED": policy["backoff_factor"],
    }[family]
    least = {"": base, "FULL_JITTER": 0, "EQUAL_JITTER": base / 2}[jitter]
    cap = policy["max_delay"] or base
    return round(min(least, cap)), round(min(base, cap))
