"""The graphs of the campaign: wide and nested fan-outs, a unite over large inputs, and random graphs of the semantics proof."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from chaos.fate import fate_of
from semantics.draws import Draws, tape_of
from semantics.graphs import random_template
from semantics.model import Model
from semantics.records import State

NAMESPACE = "ns"

#: A random graph may come to so many states, told by a few runs of the model.
_MOST_STATES = 60
_TRIES = 4

_STRATEGIES = ("FIXED", "LINEAR", "EXPONENTIAL", "FIXED_FULL_JITTER", "EXPONENTIAL_EQUAL_JITTER")


@dataclass(frozen=True)
class Workload:
    """A graph and what a run of it is given.

    Attributes:
        store: the trigger's store.
        wide: whether the root's input `x` tells how wide the run is.
    """

    name: str
    template: dict[str, Any]
    store: dict[str, str]
    wide: bool = False

    @property
    def names(self) -> dict[str, str]:
        """identifier → name of the node's class."""
        return {node["identifier"]: node["node_name"] for node in self.template["nodes"]}

    def width(self, drawn: int) -> int:
        """How wide a run is for which a width was drawn: some graphs make more of it than others."""
        if self.name == "nest":
            return max(2, drawn // 10)
        return 3 + drawn // 60 if self.name == "pile" else drawn

    def inputs(self, width: int) -> dict[str, str]:
        """What a trigger gives the root."""
        return {"x": str(width)} if self.wide else {}


def workloads(seed: int, count: int) -> list[Workload]:
    """The graphs of a campaign: the same for the same seed.

    Args:
        count: how many random ones.
    """
    draws = Random(f"graphs {seed}")
    made = [Workload(name, template, {}, wide=True) for name, template in _OF_WIDTH.items()]
    while len(made) < count + len(_OF_WIDTH):
        template = random_template(Draws(tape_of(draws.randrange(2**32))))
        _quicken(template, draws)
        store = {"cursor": "c", "extra": "kept"} if "store_config" in template else {}
        if all(_size(template, store, f"{attempt}") <= _MOST_STATES for attempt in range(_TRIES)):
            made.append(Workload(f"random{len(made) - len(_OF_WIDTH)}", template, store))
    return made


class SwiftModel(Model):
    """The reference model, which looks after its unites once for many reports: a wide run is played in little time."""

    def __init__(self, template: dict[str, Any]) -> None:
        super().__init__(template)
        self.settles = True

    def settle(self) -> None:
        """Conclude the unites whose branches have all ended."""
        if self.settles:
            super()._settle()

    _settle = settle


def play(model: SwiftModel, names: dict[str, str], keys: Callable[[State], str]) -> None:
    """Play a run on the model to its end.

    Args:
        names: identifier → name of the node's class.
        keys: called with a state, gives its idempotency key. Raises KeyError for one that the engine does not have.
    """
    while ready := [state for state in model.states.values() if state.status == "CREATED"]:
        for state in ready:
            if state.wait_ms is not None:
                model.due(state.label)
        model.settles = False
        for identifier in sorted({state.identifier for state in ready}):
            for state in model.take(identifier):
                outcome = fate_of(names[identifier], state.inputs, keys(state), state.retry_count)
                model.report(state.label, state.attempt, outcome)
        model.settles = True
        model.settle()


def new_model(workload: Workload, width: int) -> SwiftModel:
    """A model whose run was just triggered."""
    model = SwiftModel(workload.template)
    model.trigger(workload.inputs(width), workload.store, 0)
    return model


def _size(template: dict[str, Any], store: dict[str, str], salt: str) -> int:
    workload = Workload("", template, store)
    model = new_model(workload, 0)

    def key_of(state: State) -> str:
        if len(model.states) > _MOST_STATES:
            raise OverflowError
        return f"{salt}{state.chain}"

    try:
        play(model, workload.names, key_of)
    except OverflowError:
        return len(model.states)
    return len(model.states)


def _quicken(template: dict[str, Any], draws: Random) -> None:
    """The proof's delays are so long that they never come by themselves; here they are to come."""
    for holder in (template, *template["nodes"]):
        if "retry_policy" in holder:
            holder["retry_policy"] = {
                "max_retries": draws.choice([0, 1, 2]), "strategy": draws.choice(_STRATEGIES),
                "backoff_factor": draws.choice([1, 20, 200]),
            }  # fmt: skip


def _node(name: str, identifier: str, next_nodes: list[str], **more: Any) -> dict[str, Any]:
    return {
        "node_name": name, "namespace": NAMESPACE, "identifier": identifier, "next_nodes": next_nodes, **more,
    }  # fmt: skip


_POLICY = {"max_retries": 2, "strategy": "FIXED_FULL_JITTER", "backoff_factor": 100}


def _fan() -> dict[str, Any]:
    return {
        "retry_policy": _POLICY,
        "nodes": [
            _node("Spread", "spread", ["work"], inputs={"x": "1"}),
            _node("Work", "work", ["all"], inputs={"y": "${{ spread.outputs.v }}"}),
            _node(
                "Gather", "all", [], inputs={"y": "${{ work.outputs.v }}", "z": "${{ spread.outputs.w }}"},
                unites={"identifier": "spread", "strategy": "ALL_DONE"},
            ),
        ],
    }  # fmt: skip


def _nest() -> dict[str, Any]:
    return {
        "retry_policy": _POLICY,
        "nodes": [
            _node("Spread", "spread", ["nest"], inputs={"x": "1"}),
            _node("Nest", "nest", ["work"], inputs={"y": "${{ spread.outputs.v }}"}),
            _node("Work", "work", ["inner"], inputs={"y": "${{ nest.outputs.w }}"}),
            _node(
                "Gather", "inner", ["outer"], inputs={"y": "${{ work.outputs.v }}"},
                unites={"identifier": "nest", "strategy": "ALL_DONE"},
            ),
            _node(
                "Gather", "outer", [], inputs={"y": "${{ inner.outputs.v }}", "z": "${{ nest.outputs.v }}"},
                unites={"identifier": "spread", "strategy": "ALL_SUCCESS"},
            ),
        ],
    }  # fmt: skip


def _pile() -> dict[str, Any]:
    return {
        "retry_policy": _POLICY,
        "nodes": [
            _node("Spread", "spread", ["pile"], inputs={"x": "1"}),
            _node("Pile", "pile", ["weigh"], inputs={"y": "${{ spread.outputs.w }}"}),
            # What it gives tells what its runtime was given, which may not be what its record holds.
            _node(
                "Weigh", "weigh", ["gather"], inputs={"y": "${{ pile.outputs.v }}", "z": "${{ pile.outputs.w }}"},
                unites={"identifier": "spread", "strategy": "ALL_DONE"},
            ),
            _node("Gather", "gather", [], inputs={"y": "${{ weigh.outputs.v }}", "z": "${{ weigh.outputs.w }}"}),
        ],
    }  # fmt: skip


#: Graphs whose width their root is given.
_OF_WIDTH = {"fan": _fan(), "nest": _nest(), "pile": _pile()}
