"""The graphs that the tests of the dashboard run."""

from typing import Any, Final


def _node(identifier: str, node_name: str, inputs: dict[str, str], *following: str, **more: Any) -> dict[str, Any]:
    return {
        "identifier": identifier, "node_name": node_name, "namespace": "test", "inputs": inputs,
        "next_nodes": list(following), **more,
    }  # fmt: skip


GRAPHS: Final[dict[str, dict[str, Any]]] = {
    "fan": {
        "nodes": [
            _node("begin", "Begin", {"width": "5"}, "work"),
            _node("work", "Work", {"value": "${{ begin.outputs.value }}", "gate": "${{ store.gate }}"}, "gather"),
            _node("gather", "Gather", {"values": "${{ work.outputs.value }}"}, unites={"identifier": "begin"}),
        ],
        "store_config": {"default_values": {"gate": ""}},
    },
    "fragile": {
        "nodes": [
            _node("begin", "Begin", {"width": "3"}, "fragile"),
            _node("fragile", "Fragile", {"value": "${{ begin.outputs.value }}", "cure": "${{ store.cure }}"}, "after"),
            _node("after", "Work", {"value": "${{ fragile.outputs.value }}"}),
        ],
        "store_config": {"required_keys": ["cure"]},
        "retry_policy": {"max_retries": 0},
        "triggers": [{"type": "CRON", "value": {"expression": "0 3 * * *", "timezone": "Europe/Berlin"}}],
    },
    "retried": {
        "nodes": [_node("fragile", "Fragile", {"value": "1", "cure": "${{ store.cure }}"})],
        "store_config": {"required_keys": ["cure"]},
        "retry_policy": {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 400},
    },
}
