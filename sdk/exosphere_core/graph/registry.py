"""Validation against the registered nodes: can this graph run with the nodes that are known now?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from exosphere_core.graph.model import GraphNodeModel, GraphTemplate
from exosphere_core.graph.placeholders import OutputRef, parse


@dataclass(frozen=True, slots=True)
class NodeContract:
    """What a registered node takes and gives, read from its JSON schemas."""

    inputs: frozenset[str]
    required: frozenset[str]
    outputs: frozenset[str]
    secrets: frozenset[str]
    not_strings: tuple[str, ...]

    @classmethod
    def of(
        cls, inputs_schema: Mapping[str, Any], outputs_schema: Mapping[str, Any], secrets: Iterable[str]
    ) -> "NodeContract":
        """Read the parts of two JSON schemas of objects that the rules of validation ask about."""
        inputs = _properties(inputs_schema)
        outputs = _properties(outputs_schema)
        return cls(
            inputs=frozenset(inputs),
            required=frozenset(_required(inputs_schema)) & frozenset(inputs),
            outputs=frozenset(outputs),
            secrets=frozenset(secrets),
            not_strings=tuple(
                f"{label} {field!r}"
                for label, fields in (("input", inputs), ("output", outputs))
                for field, schema in fields.items()
                if not (isinstance(schema, Mapping) and schema.get("type") == "string")
            ),
        )


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _required(schema: Mapping[str, Any]) -> list[str]:
    required = schema.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


#: (namespace, node name) → contract, for every registered node that a template names.
Registry = Mapping[tuple[str, str], NodeContract]


def nodes_used(template: GraphTemplate) -> list[tuple[str, str]]:
    """Return the (namespace, node name) pairs that a template needs, each once."""
    return list(dict.fromkeys((node.namespace, node.node_name) for node in template.nodes))


def registry_errors(template: GraphTemplate, secrets: Iterable[str], registry: Registry) -> list[str]:
    """Return everything that keeps a structurally valid template from running.

    Args:
        template: the template.
        secrets: names of the secrets that the graph has.
        registry: the contracts of the nodes that it uses, as far as they are registered.
    """
    given = frozenset(secrets)
    return [error for node in template.nodes for error in _node_errors(node, template, given, registry)]


def _node_errors(
    node: GraphNodeModel, template: GraphTemplate, secrets: frozenset[str], registry: Registry
) -> Iterator[str]:
    label = f"node {node.identifier!r}"
    contract = registry.get((node.namespace, node.node_name))
    if contract is None:
        yield (
            f"{label}: node_name {node.node_name!r} is not registered in namespace {node.namespace!r}; "
            "start a runtime that has it"
        )
    else:
        for what in contract.not_strings:
            yield f"{label}: {what} of {node.node_name!r} is not a string in its schema; all fields must be strings"
        for field in node.inputs:
            if field not in contract.inputs:
                yield f"{label}: inputs.{field}: {node.node_name!r} has no such input{_known(field, contract.inputs)}"
        for field in sorted(contract.required - node.inputs.keys()):
            yield f"{label}: inputs.{field}: required by {node.node_name!r} and missing"
        for secret in sorted(contract.secrets - secrets):
            yield f"{label}: secret {secret!r} is needed by {node.node_name!r}; add it to the graph's secrets"
    for field, text in node.inputs.items():
        for ref in parse(text).refs:
            if isinstance(ref, OutputRef):
                source = template.node(ref.identifier)
                giver = registry.get((source.namespace, source.node_name))
                if giver is not None and ref.field not in giver.outputs:
                    yield (
                        f"{label}: inputs.{field}: '{ref}' reads an output that "
                        f"{source.node_name!r} does not have{_known(ref.field, giver.outputs)}"
                    )


def _known(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; it has {', '.join(names)}" if names else "; it has none"
