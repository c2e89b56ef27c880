"""Clients that play runtimes with nothing but HTTP calls."""

from typing import Any

from api.service import PATIENCE_MS, Space, eventually
from exosphere_core import api

State = dict[str, Any]


def enqueue(space: Space, *nodes: str, batch_size: int = 10) -> list[State]:
    """Take what is ready now."""
    answer = space.ok(api.ENQUEUE_STATES, {"nodes": list(nodes), "batch_size": batch_size})
    assert (answer["namespace"], answer["status"]) == (space.name, "QUEUED")
    states: list[State] = answer["states"]
    assert answer["count"] == len(states) <= batch_size
    return states


def enqueue_one(space: Space, node: str) -> State:
    """Take the next state of a node; it may still be on its way."""
    found: list[State] = []
    eventually(f"a state of {node} is ready", lambda: found.extend(enqueue(space, node, batch_size=1)) or found)
    return found[0]


def executed(space: Space, state: State, *outputs: dict[str, str]) -> None:
    answer = space.ok(api.STATE_EXECUTED, {"outputs": list(outputs)}, state_id=state["state_id"])
    assert answer == {"status": "EXECUTED"}


def details(space: Space, state: State) -> dict[str, Any]:
    return space.ok(api.GET_STATE, run_id=state["run_id"], state_id=state["state_id"])


__all__ = ["PATIENCE_MS", "State", "details", "enqueue", "enqueue_one", "executed"]
