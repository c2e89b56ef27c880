"""Graphs that are kept as JSON or YAML."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from exosphere_cli.migration.finding import Finding, Verdict
from exosphere_cli.migration.graph_rules import judge_graph
from exosphere_cli.migration.located import Located

_CONTENT: Final = ("nodes", "retry_policy", "store_config", "triggers")
#: What a graph has.
FIELDS: Final = ("name", "graph_name", "namespace", "secrets", *_CONTENT)


def is_graph(data: Any) -> bool:
    """Whether a document is a graph: it has nodes, and a node has a name and an identifier."""
    nodes = data.get("nodes") if isinstance(data, Mapping) else None
    return isinstance(nodes, list) and any(isinstance(node, Mapping) and "node_name" in node for node in nodes)


def check_graph(file: str, graph: Located) -> Iterator[Finding]:
    """Check one graph."""
    data = graph.data
    for key in data:
        if key not in FIELDS:
            yield Finding(
                verdict=Verdict.CHANGE, file=file, line=graph.line(key), rule="unknown-field",
                detail=f"{key!r} is no field of a graph: it is refused with 400", fix="remove it",
            )  # fmt: skip
    if data.get("secrets"):
        yield Finding(
            verdict=Verdict.DIFFERS, file=file, line=graph.line("secrets"), rule="secrets",
            detail="secrets: the state manager needs SECRETS_ENCRYPTION_KEY; no call gives the values back",
            fix="give the values anew with the upsert: exosphere graph apply FILE --secret-env NAME",
        )  # fmt: skip
    said = list(judge_graph({key: data[key] for key in _CONTENT if data.get(key) is not None}))
    for one in said:
        line = graph.line(one.part)
        if one.node is not None:
            line = _line_of_node(graph, one.node, one.detail)
        yield Finding(
            verdict=one.verdict, file=file, line=line, rule=one.rule, detail=one.detail, fix=one.fix
        )  # fmt: skip
    if not any(one.verdict is Verdict.CHANGE for one in said):
        name = data.get("graph_name") or data.get("name")
        yield Finding(
            verdict=Verdict.SAME, file=file, line=1, rule="graph",
            detail=f"graph {name!r} is well-formed" if isinstance(name, str) else "the graph is well-formed",
        )  # fmt: skip


def _line_of_node(graph: Located, identifier: str, detail: str) -> int:
    for index, node in enumerate(graph.data["nodes"]):
        if isinstance(node, Mapping) and str(node.get("identifier")).strip() == identifier:
            field = detail.partition(": ")[2].partition(":")[0]
            return graph.line("nodes", index, *field.split("."))
    return graph.line("nodes")
