"""What a node of the campaign does: a pure function of what never changes about a piece of work.

The nodes and the reference model both ask here, so that a run's outcome is known beforehand whatever strikes it.
What faults may change (how often something is executed, on which worker, after how many requeues) is decided elsewhere.
"""

from hashlib import blake2b
from typing import Any

from semantics.happenings import Executed, Failed, Outcome, Pruned

#: Nodes of the random graphs: `random_template` names them by their identifiers.
RANDOM_NODES = tuple("ABCDEFGHIJKL")

#: All nodes of the campaign.
NODE_NAMES = (*RANDOM_NODES, "Spread", "Nest", "Work", "Gather", "Pile", "Weigh")

#: Bytes of what a `Pile` gives: of two and more branches it is more than a unite takes along.
PILE_BYTES = 40_000

#: Outputs of one fan-out within another.
NESTED_WIDTH = 5


def fate_of(node: str, inputs: dict[str, str], key: str, retry_count: int) -> Outcome:
    """Tell what an execution comes to.

    Args:
        node: name of the node's class.
        key: the idempotency key: the same for every delivery and retry of one piece of work.
    """
    draw = blake2b(f"{key}/{retry_count}".encode(), digest_size=2).digest()
    first, second = draw
    if node == "Spread":
        return _outputs(key, int(inputs["x"]))
    if node == "Nest":
        return _outputs(key, NESTED_WIDTH)
    if node == "Gather":
        return Executed([_output(key, 0)])
    if node == "Weigh":
        return Executed([{"v": blake2b(inputs["y"].encode(), digest_size=8).hexdigest(), "w": str(len(inputs["y"]))}])
    if first < 12:
        return Failed(f"RuntimeError: retry {retry_count} of {key}")
    if first < 16:
        return Failed(f"NonRetryableError: the end of {key}", retryable=False)
    if first < 26:
        return Pruned({"by": key})
    if node == "Pile":
        return Executed([{"v": (f"{key} " * PILE_BYTES)[:PILE_BYTES], "w": inputs["y"]}])
    if node in RANDOM_NODES and first < 56:
        return _outputs(key, second % 4)
    if node in RANDOM_NODES and first < 64:
        return Executed([{}])
    return Executed([_output(key, 0)])


def _outputs(key: str, width: int) -> Executed:
    return Executed([_output(key, position) for position in range(width)], fanned_out=True)


def _output(key: str, position: int) -> dict[str, str]:
    return {"v": f"{key[:12]}.{position}", "w": str(position)}


def spelled(outcome: Any) -> str:
    """The kind of an outcome, for the ledger."""
    return type(outcome).__name__.lower()
