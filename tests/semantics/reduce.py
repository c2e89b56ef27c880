"""Makes a failing scenario small: leaves out what it fails without."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from exosphere_core.graph.structure import read_template
from semantics.happenings import Due, Event, Executed, Lose, Report, Retry, Scenario, Take
from semantics.play import Player


def reduced(scenario: Scenario, fails: Callable[[Scenario], bool], tries: int) -> Scenario:
    """Return the smallest scenario found that fails.

    Args:
        fails: plays a scenario and tells whether it fails.
        tries: how often that may be asked.
    """
    best, progress = scenario, True
    while progress:
        progress = False
        for candidate in _smaller(best):
            smaller = possible(candidate)
            if smaller is None or _size(smaller) >= _size(best):
                continue
            if tries == 0:
                return best
            tries -= 1
            if fails(smaller):
                best, progress = smaller, True
                break
    return best


def possible(scenario: Scenario) -> Scenario | None:
    """Leave out the events that can't happen any more. None when the graph is no longer valid."""
    if read_template(scenario.template)[0] is None:
        return None
    player = Player(scenario)
    taken: set[tuple[str, int]] = set()
    events: list[Event] = []
    for event in scenario.events:
        state = player.model.states.get(getattr(event, "label", ""))
        if isinstance(event, Take):
            can = event.identifier in player.model.graph.nodes
        elif isinstance(event, Report):
            can = (event.label, event.attempt) in taken
        elif isinstance(event, Due):
            can = state is not None and state.pending and state.wait_ms is not None
        elif isinstance(event, Lose):
            can = state is not None and state.status == "QUEUED"
        elif isinstance(event, Retry):
            can = state is not None
        else:
            can = True
        if can:
            events.append(event)
            player.play(event)
        if can and isinstance(event, Take):
            taken.update((held.label, held.attempt) for held in player.model.states.values() if held.status == "QUEUED")
    return replace(scenario, events=tuple(events))


def _size(scenario: Scenario) -> tuple[int, int]:
    return len(scenario.events), len(repr(scenario))


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Simpler scenarios, the boldest first."""
    events = scenario.events
    size = len(events)
    while size:
        for start in reversed(range(0, len(events), size)):
            yield replace(scenario, events=events[:start] + events[start + size :])
        size //= 2
    for identifier in [node["identifier"] for node in scenario.template["nodes"]]:
        yield replace(scenario, template=_without(scenario.template, identifier))
    for simpler in _simpler_nodes(scenario.template):
        yield replace(scenario, template=simpler)
    for at, event in enumerate(events):
        if isinstance(event, Report) and isinstance(event.outcome, Executed):
            for outcome in _simpler_outcomes(event.outcome):
                yield replace(scenario, events=(*events[:at], replace(event, outcome=outcome), *events[at + 1 :]))
    yield Scenario(scenario.template, events, store=scenario.store)


def _without(template: dict[str, Any], identifier: str) -> dict[str, Any]:
    """The graph without a node and all that names it."""
    nodes = []
    for node in template["nodes"]:
        if node["identifier"] != identifier:
            left = {**node, "next_nodes": [name for name in node["next_nodes"] if name != identifier]}
            left["inputs"] = {
                field: text for field, text in node["inputs"].items() if f"{{{identifier}" not in text.replace(" ", "")
            }
            if left.get("unites", {}).get("identifier") == identifier:
                del left["unites"]
            nodes.append(left)
    return {**template, "nodes": nodes}


def _simpler_nodes(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The graph with one thing less."""
    for key in ("retry_policy", "store_config"):
        yield {name: value for name, value in template.items() if name != key}
    for at, node in enumerate(template["nodes"]):
        simpler = [{key: value for key, value in node.items() if key != "unites"}]
        simpler.append({key: value for key, value in node.items() if key != "retry_policy"})
        simpler += [
            {**node, "inputs": {field: text for field, text in node["inputs"].items() if field != left}}
            for left in node["inputs"]
        ]
        simpler += [
            {**node, "next_nodes": [name for name in node["next_nodes"] if name != left]} for left in node["next_nodes"]
        ]
        for less in simpler:
            yield {**template, "nodes": [*template["nodes"][:at], less, *template["nodes"][at + 1 :]]}


def _simpler_outcomes(outcome: Executed) -> Iterator[Executed]:
    if outcome.fanned_out:
        yield Executed(outcome.outputs[:1] or [{}])
        yield replace(outcome, outputs=outcome.outputs[:-1])
    yield replace(outcome, store={})
    yield replace(
        outcome, outputs=[{key: text for key, text in output.items() if key != "w"} for output in outcome.outputs]
    )
