"""Random graphs that are valid by the way they are made: random DAGs with unites, placeholders, stores and retry policies."""

from typing import Any

from exosphere_core.graph.shape import Shape
from semantics.draws import Draws

MOST_NODES = 12

#: Longer than any test: such a time comes when the scenario says so.
HOUR_MS = 3_600_000
#: So long that a draw from it is never rounded to nothing.
LONG_MS = 1_000_000_000

_STRATEGIES = [
    family + jitter for jitter in ("", "_EQUAL_JITTER", "_FULL_JITTER") for family in ("FIXED", "LINEAR", "EXPONENTIAL")
]
_STORE_KEYS = ("cursor", "mark")


def random_template(draws: Draws) -> dict[str, Any]:
    """A graph with a single root, without cycles, all of whose placeholders are visible."""
    names = [chr(ord("a") + n) for n in range(draws.between(draws.choice([1, 7]), MOST_NODES))]
    edges: dict[str, list[str]] = {name: [] for name in names}
    unites: dict[str, str] = {}
    joining = draws.choice([0.5, 0.0, 0.9])
    for index, name in enumerate(names[1:], start=1):
        _lead_to(draws, edges, names[:index], name)
        shape = Shape({known: tuple(following) for known, following in edges.items()}, unites)
        before = sorted(shape.ancestors(name))
        if draws.likely(joining if len(before) > 1 else joining / 3):
            unites[name] = draws.choice(before)
    edges = {name: draws.shuffled(following) for name, following in edges.items()}
    template: dict[str, Any] = {"nodes": [], "retry_policy": random_policy(draws)}
    keys = _STORE_KEYS if draws.likely(0.4) else ()
    if keys:
        template["store_config"] = {"required_keys": [keys[0]], "default_values": {keys[1]: "default"}}
    shape = Shape({name: tuple(following) for name, following in edges.items()}, unites)
    lineage = shape.lineage()
    for name in names:
        visible = sorted(lineage[name] | (shape.between(name) if name in unites else set()))
        node: dict[str, Any] = {
            "node_name": name.upper(), "namespace": "ns", "identifier": name,
            "inputs": _random_inputs(draws, visible, keys), "next_nodes": edges[name],
        }  # fmt: skip
        if name in unites:
            node["unites"] = {
                "identifier": unites[name], "strategy": draws.choice(["ALL_SUCCESS", "ALL_DONE"])
            }  # fmt: skip
        if draws.likely(0.3):
            node["retry_policy"] = random_policy(draws)
        template["nodes"].append(node)
    template["nodes"] = draws.shuffled(template["nodes"])
    return template


def random_policy(draws: Draws) -> dict[str, Any]:
    """Delays are none, or so long that they never come by themselves."""
    policy: dict[str, Any] = {"max_retries": draws.choice([0, 0, 0, 1, 2])}
    if policy["max_retries"] == 0:
        return policy
    policy["strategy"] = draws.choice(_STRATEGIES)
    policy["backoff_factor"] = LONG_MS
    if policy["strategy"] == "EXPONENTIAL" and draws.likely(0.5):
        policy |= {"backoff_factor": 1, "exponent": 0.25}  # the second retry follows at once
        policy["strategy"] = "EXPONENTIAL"
    elif "FULL" not in policy["strategy"] and draws.likely(0.3):
        policy["max_delay"] = HOUR_MS
    return policy


def _lead_to(draws: Draws, edges: dict[str, list[str]], earlier: list[str], name: str) -> None:
    """Lead from one to three earlier nodes to a node, most often from late ones."""
    count = draws.choice([1, 1, 1, 2, 2, 3])
    for _ in range(count):
        back = min(draws.below(len(earlier)), draws.below(len(earlier)))
        parent = earlier[-1 - back]
        if name not in edges[parent]:
            edges[parent].append(name)


def _random_inputs(draws: Draws, visible: list[str], keys: tuple[str, ...]) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for field in ("x", "y", "z")[: draws.between(0, 3)]:
        sources = [f"${{{{ {name}.outputs.v }}}}" for name in visible]
        sources += [f"${{{{{name} . outputs.w}}}}" for name in visible if draws.likely(0.15)]
        sources += [f"${{{{store.{key}}}}}" for key in keys]
        if not sources:
            sources = ["plain"]
        inputs[field] = draws.choice(sources)
        if draws.likely(0.2):
            inputs[field] = f"{{{{ $ {inputs[field]} | {draws.choice(sources)} }}}}"
    return inputs
