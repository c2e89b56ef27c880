"""Structural validation: is this graph well-formed by itself? All errors at once, each naming node and field."""

from collections import Counter
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
    policy = _read(RetryPolicyModel, _given(body, "retry_policy", {}), "retry_policy", errors)
    store = _read(StoreConfigModel, _given(body, "store_config", {}), "store_config", errors)
    triggers = [
        trigger
        for index, item in enumerate(_list(_given(body, "triggers", []), "triggers", errors))
        if (trigger := _read(TriggerModel, item, f"triggers[{index}]", errors))
    ]
    items = _list(body.get("nodes"), "nodes", errors)
    nodes = [
        node
        for index, item in enumerate(items)
        if (node := _read(GraphNodeModel, item, _node_label(item, index), errors))
    ]
    if not errors and not nodes:
        errors.append("nodes: the graph is empty; it needs at least one node")
    if errors or policy is None or store is None:
        # The parts that could be read are judged all the same, so that everything is told at once.
        known = [identifier for item in items if (identifier := _identifier(item))]
        errors += _reference_errors(nodes, known)
        errors += _input_errors(nodes, known, _store_keys(store) if store else None, None)
        return None, errors
    template = GraphTemplate(nodes=nodes, retry_policy=policy, store_config=store, triggers=triggers)
    errors = structural_errors(template)
    return (None, errors) if errors else (template, [])


def structural_errors(template: GraphTemplate) -> list[str]:
    """Return everything that is wrong with a template's edges and placeholders."""
    nodes = template.nodes
    known = [node.identifier for node in nodes]
    errors = list(_reference_errors(nodes, known))
    shape = None
    if not errors:
        shape = shape_of(template)
        errors = list(_shape_errors(shape))
    sound_shape = None if errors else shape
    return errors + list(_input_errors(nodes, known, _store_keys(template.store_config), sound_shape))


def _given(body: Mapping[str, Any], field: str, default: Any) -> Any:
    value = body.get(field)
    return default if value is None else value


def _read(model: type[M], value: Any, label: str, errors: list[str]) -> M | None:
    try:
        return model.model_validate(value)
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            place = ".".join(str(part) for part in error["loc"])
            message = error["msg"].removeprefix("Value error, ")
            if error["type"].endswith("_type"):
                message += f", not {_described(error['input'])}"
            errors.append(f"{label}: {place}: {message}" if place else f"{label}: {message}")
        return None


def _described(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return f"{_short(repr(value))} ({type(value).__name__})"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _list(value: Any, label: str, errors: list[str]) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    errors.append(
        f"{label}: missing; give a list" if value is None else f"{label}: must be a list, not {type(value).__name__}"
    )
    return []


def _identifier(item: Any) -> str:
    """The identifier that an item of `nodes` gives itself, or the empty text."""
    if isinstance(item, GraphNodeModel):
        return item.identifier
    identifier = item.get("identifier") if isinstance(item, dict) else None
    return identifier.strip() if isinstance(identifier, str) else ""


def _node_label(item: Any, index: int) -> str:
    identifier = _identifier(item)
    return f"node {_short(identifier)!r}" if identifier else f"nodes[{index}]"


def _store_keys(store: StoreConfigModel) -> set[str]:
    return {*store.required_keys, *store.default_values}


def _reference_errors(nodes: Sequence[GraphNodeModel], known: Sequence[str]) -> Iterator[str]:
    for identifier, count in sorted(Counter(known).items()):
        if count > 1:
            yield f"node {identifier!r}: identifier is used by {count} nodes; it must be unique in the graph"
    for node in nodes:
        place = f"node {node.identifier!r}"
        for child in node.next_nodes or ():
            if child not in known:
                yield f"{place}: next_nodes names {child!r}, which is no node of this graph{_hint(child, known)}"
        united = node.unites.identifier if node.unites else None
        if united == node.identifier:
            yield f"{place}: unites names the node itself; name the node where its branches begin"
        elif united is not None and united not in known:
            yield f"{place}: unites names {united!r}, which is no node of this graph{_hint(united, known)}"


def _hint(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _shape_errors(shape: Shape) -> Iterator[str]:
    roots = shape.roots()
    if shape.order() is None:
        yield "nodes: the graph has a cycle: " + " → ".join(shape.cycle())
    if len(roots) > 1:
        yield (
            "nodes: the graph has more than one root: "
            + ", ".join(repr(name) for name in roots)
            + "; exactly one node may have no incoming edge"
        )
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


def _input_errors(
    nodes: Sequence[GraphNodeModel], known: Sequence[str], store_keys: set[str] | None, shape: Shape | None
) -> Iterator[str]:
    """Judge the placeholders: store keys where those are known, visibility where the shape is sound."""
    lineage = shape.lineage() if shape else {}
    for node in nodes:
        for field, text in node.inputs.items():
            place = f"node {node.identifier!r}: inputs.{field}"
            try:
                refs = parse(text).refs
            except PlaceholderError as bad:
                yield f"{place}: {bad}"
                continue
            for ref in refs:
                if isinstance(ref, StoreRef):
                    if store_keys is not None and ref.key not in store_keys:
                        yield (
                            f"{place}: '{ref}' reads a store key that is neither in store_config.required_keys "
                            f"nor in default_values{_hint(ref.key, sorted(store_keys))}"
                        )
                elif ref.identifier not in known:
                    hint = _hint(ref.identifier, known)
                    yield f"{place}: '{ref}' names {ref.identifier!r}, which is no node of this graph{hint}"
                elif shape and (reason := _invisible(shape, lineage, node.identifier, ref.identifier)):
                    yield f"{place}: '{ref}' {reason}"


def _invisible(shape: Shape, lineage: Mapping[str, frozenset[str]], name: str, read: str) -> str | None:
    """Say why a node can't read another one's outputs, or None when it can."""
    if read in lineage[name] or (name in shape.unites and read in shape.between(name)):
        return None
    if name in shape.roots():
        return "can't be used in the root's inputs: nothing ran before it; use the store or the trigger's inputs"
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
