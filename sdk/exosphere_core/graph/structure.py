"""Structural validation: is this graph well-formed by itself? All errors at once, each naming node and field."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from exosphere_core.graph.model import (
    GraphNodeModel,
    GraphTemplate,
    StoreConfigModel,
    TriggerModel,
)
from exosphere_core.graph.placeholders import PlaceholderError, StoreRef, parse
from exosphere_core.graph.plan import shape_of
from exosphere_core.graph.shape import Shape
from exosphere_core.retry import RetryPolicyModel

M = TypeVar("M", bound=BaseModel)


def read_template(body: Mapping[str, Any]) -> tuple[GraphTemplate | None, list[str]]:
    """Read a template from its JSON form.

    Args:
        body: `nodes`, and optionally `retry_policy`, `store_config`, `triggers`; nothing in it is trusted.

    Returns:
        The template and no errors, or None and every error that could be told.
    """
    errors: list[str] = []
    policy = _read(RetryPolicyModel, body.get("retry_policy") or {}, "retry_policy", errors)
    store = _read(StoreConfigModel, body.get("store_config") or {}, "store_config", errors)
    triggers = [
        trigger
        for index, item in enumerate(_list(body.get("triggers") or [], "triggers", errors))
        if (trigger := _read(TriggerModel, item, f"triggers[{index}]", errors))
    ]
    nodes = [
        node
        for index, item in enumerate(_list(body.get("nodes"), "nodes", errors))
        if (node := _read(GraphNodeModel, item, _node_label(item, index), errors))
    ]
    if not errors and not nodes:
        errors.append("nodes: the graph is empty; it needs at least one node")
    if errors or policy is None or store is None:
        return None, errors
    template = GraphTemplate(nodes=nodes, retry_policy=policy, store_config=store, triggers=triggers)
    errors = structural_errors(template)
    return (None, errors) if errors else (template, [])


def structural_errors(template: GraphTemplate) -> list[str]:
    """Return everything that is wrong with a template's edges and placeholders."""
    if errors := list(_reference_errors(template)):
        return errors
    shape = shape_of(template)
    if errors := list(_shape_errors(shape)):
        return errors + list(_syntax_errors(template))
    return list(_placeholder_errors(template, shape))


def _read(model: type[M], value: Any, label: str, errors: list[str]) -> M | None:
    try:
        return model.model_validate(value)
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            place = ".".join(str(part) for part in error["loc"])
            message = error["msg"].removeprefix("Value error, ")
            given = error.get("input")
            if error["type"].endswith("_type") and not isinstance(given, BaseModel | dict | list):
                message += f", not {given!r} ({type(given).__name__})"
            errors.append(f"{label}: {place}: {message}" if place else f"{label}: {message}")
        return None


def _list(value: Any, label: str, errors: list[str]) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    errors.append(f"{label}: must be a list, not {type(value).__name__}")
    return []


def _node_label(item: Any, index: int) -> str:
    if isinstance(item, GraphNodeModel):
        return f"node {item.identifier!r}"
    identifier = item.get("identifier") if isinstance(item, dict) else None
    if isinstance(identifier, str) and identifier.strip():
        return f"node {identifier.strip()[:60]!r}"
    return f"nodes[{index}]"


def _reference_errors(template: GraphTemplate) -> Iterator[str]:
    known = [node.identifier for node in template.nodes]
    for identifier in sorted({name for name in known if known.count(name) > 1}):
        yield f"node {identifier!r}: identifier is used by {known.count(identifier)} nodes; it must be unique in the graph"
    for node in template.nodes:
        for child in node.next_nodes or ():
            if child not in known:
                yield f"node {node.identifier!r}: next_nodes names {child!r}, which is no node of this graph{_hint(child, known)}"
        if node.unites is not None:
            united = node.unites.identifier
            if united == node.identifier:
                yield f"node {node.identifier!r}: unites names the node itself; name the node where its branches begin"
            elif united not in known:
                yield f"node {node.identifier!r}: unites names {united!r}, which is no node of this graph{_hint(united, known)}"


def _hint(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _shape_errors(shape: Shape) -> Iterator[str]:
    roots = shape.roots()
    acyclic = shape.order() is not None
    if not acyclic:
        yield "nodes: the graph has a cycle: " + " → ".join(shape.cycle())
    if len(roots) > 1:
        yield (
            "nodes: the graph has more than one root: "
            + ", ".join(repr(name) for name in roots)
            + "; exactly one node may have no incoming edge"
        )
    elif not roots and acyclic:
        yield "nodes: the graph has no root; one node must have no incoming edge"
    elif len(roots) == 1:
        reached = {roots[0]} | shape.descendants(roots[0])
        for name in shape.next_nodes:
            if name not in reached and name not in shape.unites:
                yield f"node {name!r}: the root {roots[0]!r} does not reach it; put it into a node's next_nodes"
    for uniting, united in shape.unites.items():
        if uniting not in shape.descendants(united):
            yield (
                f"node {uniting!r}: unites names {united!r}, which does not reach it; "
                f"a path of next_nodes must lead from {united!r} to {uniting!r}"
            )


def _syntax_errors(template: GraphTemplate) -> Iterator[str]:
    for node in template.nodes:
        for field, text in node.inputs.items():
            try:
                parse(text)
            except PlaceholderError as bad:
                yield f"node {node.identifier!r}: inputs.{field}: {bad}"


def _placeholder_errors(template: GraphTemplate, shape: Shape) -> Iterator[str]:
    known = list(shape.next_nodes)
    lineage = shape.lineage()
    root = shape.roots()[0]
    store_keys = {*template.store_config.required_keys, *template.store_config.default_values}
    for node in template.nodes:
        name = node.identifier
        visible = set(lineage[name])
        if name in shape.unites:
            visible |= shape.between(name)
        for field, text in node.inputs.items():
            place = f"node {name!r}: inputs.{field}"
            try:
                refs = parse(text).refs
            except PlaceholderError as bad:
                yield f"{place}: {bad}"
                continue
            for ref in refs:
                if isinstance(ref, StoreRef):
                    if ref.key not in store_keys:
                        yield (
                            f"{place}: '{ref}' reads a store key that is neither in store_config.required_keys "
                            f"nor in default_values{_hint(ref.key, sorted(store_keys))}"
                        )
                elif ref.identifier not in known:
                    yield f"{place}: '{ref}' names {ref.identifier!r}, which is no node of this graph{_hint(ref.identifier, known)}"
                elif name == root:
                    yield f"{place}: '{ref}' can't be used in the root's inputs: nothing ran before it; use the store or the trigger's inputs"
                elif ref.identifier not in visible:
                    yield f"{place}: '{ref}' {_invisible(shape, name, ref.identifier)}"


def _invisible(shape: Shape, name: str, read: str) -> str:
    if read == name:
        return "reads the node's own outputs"
    for uniting in shape.unites:
        if read in shape.between(uniting) and name in shape.descendants(uniting):
            return (
                f"reads {read!r}, which lies before the uniting node {uniting!r} and is not visible after it; "
                f"pass the value on through {uniting!r}"
            )
    if name in shape.descendants(read):
        return f"reads {read!r}, which is not an ancestor of {name!r} on every path; on some path it has no value"
    return f"reads {read!r}, which is not an ancestor of {name!r}"
