"""A graph as a test gives it: a list of nodes, the body of an upsert, or a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exosphere_core.errors import BadRequest
from exosphere_core.graph.model import GraphNodeModel
from exosphere_core.graph_file import read_graph_file

#: What stands for a graph.
GraphLike = Sequence[GraphNodeModel | Mapping[str, Any]] | Mapping[str, Any] | str | Path


@dataclass(frozen=True, slots=True)
class Declared:
    """What is known of a graph before it is validated.

    Attributes:
        content: the body of an upsert, without secrets.
    """

    name: str
    namespace: str
    content: dict[str, Any]
    secrets: dict[str, str]


def declared(
    graph: GraphLike, settings: Mapping[str, Any], secrets: Mapping[str, str], namespace: str | None
) -> Declared:
    """Read a graph.

    Args:
        settings: `retry_policy` and `store_config`, where they are given beside a list of nodes; None for not given.
        secrets: laid over those of the graph.

    Raises:
        ConfigurationError: the file can't be read or is malformed.
        BadRequest: it is no graph.
    """
    name = None
    if isinstance(graph, str | Path):
        file = read_graph_file(Path(graph))
        name, content = file.name, dict(file.content)
        namespace = namespace or file.namespace
    elif isinstance(graph, Mapping):
        content = dict(graph)
        name = content.pop("name", None) or content.pop("graph_name", None)
        namespace = namespace or content.pop("namespace", None)
    else:
        content = {"nodes": list(graph)}
    content.update({key: value for key, value in settings.items() if value is not None})
    own_secrets = content.pop("secrets", None) or {}
    if not isinstance(own_secrets, Mapping):
        raise BadRequest("secrets: give a mapping of name to value")
    return Declared(
        name or "graph", namespace or _namespace_of(content.get("nodes")), content, {**own_secrets, **secrets}
    )


def _namespace_of(nodes: Any) -> str:
    """The namespace of the first node, for a graph that names none."""
    first = nodes[0] if isinstance(nodes, Sequence) and nodes else None
    found = (
        first.namespace
        if isinstance(first, GraphNodeModel)
        else first.get("namespace")
        if isinstance(first, Mapping)
        else None
    )
    return found if isinstance(found, str) and found else "test"
