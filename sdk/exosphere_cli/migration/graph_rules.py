"""What this project says of a graph, wherever it is written down."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from exosphere_cli.migration.finding import Verdict
from exosphere_core.graph.placeholders import PlaceholderError, StoreRef, parse
from exosphere_core.graph.structure import read_template

#: What an error has in it → what to do.
_FIXES: Final = (
    ("more than one root", "put a node in front that leads to all of them"),
    ("has a cycle", "end the run and trigger the next one from its last node, or use ReQueueAfterSignal"),
    ("not visible after it", "pass the value on through the uniting node, or use the store"),
    ("not an ancestor", "pass the value on, or use the store"),
    ("neither in store_config", "add the key to store_config"),
    ("Extra inputs", "remove it"),
    ("is not allowed: use", "rename it, and whatever names it"),
    ("valid string", "write it as text, in quotes"),
)
_FIX: Final = "mend it; exosphere graph validate FILE looks again"

#: A value in the words of the model that refuses it: it may be anybody's.
_VALUE: Final = re.compile(r", not .* \((\w+)\)$", re.DOTALL)
_NODE: Final = re.compile(r"node '([^']*)'")


class Said(NamedTuple):
    """What is said of a graph.

    Attributes:
        node: the identifier of the node that it is about, or None.
        part: the part of the graph that it is about, where it is about no node.
    """

    verdict: Verdict
    node: str | None
    part: str
    rule: str
    detail: str
    fix: str


def judge_graph(content: Mapping[str, Any]) -> Iterator[Said]:
    """Tell what must change and what differs in a graph.

    Args:
        content: the body of an upsert, without secrets.
    """
    _, errors = read_template(content)
    for error in errors:
        named = _NODE.match(error)
        fix = next((fix for part, fix in _FIXES if part in error), _FIX)
        part = re.split(r"[.:\[]", error, maxsplit=1)[0]
        yield Said(
            Verdict.CHANGE, named[1] if named else None, part, "graph", _VALUE.sub(r", not \1", error), fix
        )  # fmt: skip
    nodes = [node for node in content.get("nodes") or () if isinstance(node, Mapping)]
    arrows = Counter(child for node in nodes for child in _children(node))
    for node in nodes:
        identifier = node.get("identifier")
        if isinstance(identifier, str) and arrows[identifier] > 1 and not node.get("unites"):
            yield Said(
                Verdict.DIFFERS, identifier, "nodes", "two-arrows",
                f"node {identifier!r}: {arrows[identifier]} arrows lead into it and it has no unites: it runs once for each",
                "give it unites where it should run once",
            )  # fmt: skip
    if content.get("triggers"):
        yield Said(Verdict.DIFFERS, None, "triggers", "schedule", SCHEDULE, SCHEDULE_FIX)


SCHEDULE: Final = (
    "a schedule: exosphere background fires it, a process of its own; of due times that were missed the latest fires"
)
SCHEDULE_FIX: Final = (
    "start exosphere background beside the state manager; catchup: none, latest or all chooses. "
    "Remove it in the old system first, else it fires twice"
)


def store_keys(content: Mapping[str, Any]) -> set[str]:
    """Return the store keys that the placeholders of a graph read."""
    keys = set()
    for node in content.get("nodes") or ():
        inputs = node.get("inputs") if isinstance(node, Mapping) else None
        for text in inputs.values() if isinstance(inputs, Mapping) else ():
            try:
                refs = parse(text).refs if isinstance(text, str) else ()
            except PlaceholderError:
                continue
            keys |= {ref.key for ref in refs if isinstance(ref, StoreRef)}
    return keys


def _children(node: Mapping[str, Any]) -> list[str]:
    children = node.get("next_nodes")
    return [child for child in children if isinstance(child, str)] if isinstance(children, list) else []
