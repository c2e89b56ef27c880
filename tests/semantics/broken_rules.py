"""One graph for each rule of validation that breaks just that one, by the rule's number in docs/semantics.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The nodes that are registered: `Load` needs a secret; `Count` has a field that is no string.
LOAD = {
    "name": "Load",
    "inputs_schema": {
        "properties": {"source": {"type": "string"}, "size": {"type": "string", "default": "10"}},
        "required": ["source"],
    },
    "outputs_schema": {"properties": {"item": {"type": "string"}}},
    "secrets": ["token"],
}
PLAIN = {
    "name": "Plain",
    "inputs_schema": {"properties": {"x": {"type": "string"}}},
    "outputs_schema": {"properties": {"y": {"type": "string"}}},
    "secrets": [],
}
COUNT = {"name": "Count", "inputs_schema": {"properties": {"n": {"type": "integer"}}}, "outputs_schema": {}}


@dataclass(frozen=True)
class Broken:
    """What is upserted, and the one error that is told.

    Attributes:
        error: as docs/semantics.md shows it.
        secrets: the graph's.
    """

    error: str
    body: dict[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)


def node(identifier: str, *next_nodes: str, **fields: Any) -> dict[str, Any]:
    """A node of the class `Plain`."""
    plain = {"node_name": "Plain", "namespace": "ns", "identifier": identifier, "next_nodes": list(next_nodes)}
    return plain | fields


def unites(identifier: str) -> dict[str, Any]:
    return {"unites": {"identifier": identifier}}


def reads(text: str) -> dict[str, Any]:
    return {"inputs": {"x": text}}


def broken(error: str, *nodes: dict[str, Any], **body: Any) -> Broken:
    return Broken(error, {"nodes": list(nodes), **body})


def cron(**value: str) -> list[dict[str, Any]]:
    return [{"type": "CRON", "value": value}]


#: Refused with 400; nothing is stored.
STRUCTURAL = {
    "V10": broken(
        "node 'b': identifier is used by 2 nodes; it must be unique in the graph",
        node("a", "b"), node("b"), node("b"),
    ),
    "V11": broken("nodes[0]: identifier: identifier is empty", node(" ")),
    "V12": broken(
        "node 'store': identifier: identifier 'store' is reserved for the store; choose another", node("store")
    ),
    "V13": broken(
        "node 'a b': identifier: identifier 'a b' is not allowed: use 1 to 128 of letters, digits, '_' and '-', "
        "beginning with a letter, digit or '_'",
        node("a b"),
    ),
    "V14": broken(
        "node 'load': next_nodes names 'wrok', which is no node of this graph; did you mean 'work'?",
        node("load", "wrok"), node("work"),
    ),
    "V15": broken("node 'a': next_nodes: next_nodes names 'b' more than once", node("a", "b", "b"), node("b")),
    "V16": broken(
        "node 'u': unites names 'x', which is no node of this graph", node("a", "u"), node("u", **unites("x"))
    ),
    "V17": broken(
        "node 'u': unites names the node itself; name the node where its branches begin",
        node("a", "u"), node("u", **unites("u")),
    ),
    "V18": broken(
        "node 'u': unites names 'a', which does not reach it; a path of next_nodes must lead from 'a' to 'u'",
        node("a"), node("u", **unites("a")),
    ),
    "V19": broken(
        "nodes: the graph has more than one root: 'a', 'b'; exactly one node may have no incoming edge",
        node("a"), node("b"),
    ),
    "V20": broken("nodes: the graph has a cycle: a → b → a", node("a", "b"), node("b", "a")),
    "V21": broken(
        "node 'a': the root 'r' does not reach it; put it into a node's next_nodes",
        node("r"), node("a", "b"), node("b", "a"),
    ),
    "V22": broken("node 'a': inputs.x: Input should be a valid string, not 5 (int)", node("a", inputs={"x": 5})),
    "V23": broken(
        "node 'a': inputs.x: '${{ a.b }}' is not a placeholder: write '${{ identifier.outputs.field }}' "
        "or '${{ store.key }}'",
        node("a", **reads("${{ a.b }}")),
    ),
    "V24": broken(
        "node 'a': inputs.x: the placeholder that begins at '${{ store.k' is not closed with '}}'",
        node("a", **reads("${{ store.k")),
    ),
    "V25": broken(
        "node 'b': inputs.x: '${{ lod.outputs.y }}' names 'lod', which is no node of this graph; did you mean 'load'?",
        node("load", "b"), node("b", **reads("${{ lod.outputs.y }}")),
    ),
    "V26": broken(
        "node 'a': inputs.x: '${{ b.outputs.y }}' can't be used in the root's inputs: nothing ran before it; "
        "use the store or the trigger's inputs",
        node("a", "b", **reads("${{ b.outputs.y }}")), node("b"),
    ),
    "V27": broken(
        "node 'b': inputs.x: '${{ b.outputs.y }}' reads the node's own outputs",
        node("a", "b"), node("b", **reads("${{ b.outputs.y }}")),
    ),
    "V28": broken(
        "node 'c': inputs.x: '${{ b.outputs.y }}' reads 'b', which is not an ancestor of 'c'",
        node("a", "b", "c"), node("b"), node("c", **reads("${{ b.outputs.y }}")),
    ),
    "V29": broken(
        "node 'd': inputs.x: '${{ b.outputs.y }}' reads 'b', which is not an ancestor of 'd' on every path; "
        "on some path it has no value",
        node("a", "b", "c"), node("b", "d"), node("c", "d"), node("d", **reads("${{ b.outputs.y }}")),
    ),
    "V30": broken(
        "node 'z': inputs.x: '${{ b.outputs.y }}' reads 'b', which lies before the uniting node 'u' "
        "and is not visible after it; pass the value on through 'u'",
        node("a", "b"), node("b", "u"), node("u", "z", **unites("a")), node("z", **reads("${{ b.outputs.y }}")),
    ),
    "V31": broken(
        "node 'a': inputs.x: '${{ store.k }}' reads a store key that is neither in store_config.required_keys "
        "nor in default_values",
        node("a", **reads("${{ store.k }}")),
    ),
    "V32": broken(
        "retry_policy: max_retries: Input should be greater than or equal to 0",
        node("a"), retry_policy={"max_retries": -1},
    ),
    "V33": broken("node 'a': timeout_ms: Input should be greater than 0", node("a", timeout_ms=0)),
    "V34": broken(
        "triggers[0]: value.expression: cron expression '0 9 * *' has 4 fields; it needs five: "
        "minute, hour, day of month, month, day of week",
        node("a"), triggers=cron(expression="0 9 * *"),
    ),
    "V35": broken(
        "triggers[0]: cron expression '0 25 * * *' can't be read: [0 25 * * *] is not acceptable, out of range; "
        "its fields are minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week 0-7",
        node("a"), triggers=cron(expression="0 25 * * *"),
    ),
    "V36": broken(
        "triggers[0]: time zone 'Mars/Phobos' is unknown; use an IANA name such as 'Europe/Paris'",
        node("a"), triggers=cron(expression="0 9 * * *", timezone="Mars/Phobos"),
    ),
    "V37": broken(
        "store_config: required_keys: required_keys entry 'a.b' is not allowed: use 1 to 128 of letters, digits, "
        "'_' and '-', beginning with a letter, digit or '_'",
        node("a"), store_config={"required_keys": ["a.b"]},
    ),
    "V38": Broken(
        "secret name 'two words' is not allowed: use 1 to 128 of letters, digits, '_', '.' and '-', "
        "beginning with a letter, digit or '_'",
        {"nodes": [node("a")]}, {"two words": "x"},
    ),
    "V39": broken("nodes: the graph is empty; it needs at least one node"),
    "V40": broken("node 'a': colour: Extra inputs are not permitted", node("a", colour="red")),
    "V41": broken(
        "nodes: the graph has 11 nodes; the limit is 10 (EXOSPHERE_MAX_NODES)",
        *(node(f"n{number}", *([f"n{number + 1}"] if number < 10 else [])) for number in range(11)),
    ),
}  # fmt: skip

#: Stored, as a version that can't be triggered.
AGAINST_THE_REGISTRY = {
    "V50": broken(
        "node 'a': node_name 'Plane' is not registered in namespace 'ns'; start a runtime that has it",
        node("a", node_name="Plane"),
    ),
    "V51": broken(
        "node 'a': inputs.z: 'Plain' has no such input; it has x",
        node("a", inputs={"z": "1"}),
    ),
    "V52": Broken(
        "node 'a': inputs.source: required by 'Load' and missing",
        {"nodes": [node("a", node_name="Load")]}, {"token": "s"},
    ),
    "V53": broken(
        "node 'b': inputs.x: '${{ a.outputs.why }}' reads an output that 'Plain' does not have; it has y",
        node("a", "b"), node("b", **reads("${{ a.outputs.why }}")),
    ),
    "V54": broken(
        "node 'a': secret 'token' is needed by 'Load'; add it to the graph's secrets",
        node("a", node_name="Load", inputs={"source": "here"}),
    ),
    "V55": broken(
        "node 'a': input 'n' of 'Count' is not a string in its schema; all fields must be strings",
        node("a", node_name="Count"),
    ),
}  # fmt: skip
