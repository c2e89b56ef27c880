"""What is counted of the engine for Prometheus."""

from exosphere_orchestrator.engine.engine_metrics import MOST_NODES, EngineMetrics


def test_nodes_beyond_the_most_that_are_told_apart_are_counted_as_one_more() -> None:
    metrics = EngineMetrics()
    for number in range(MOST_NODES + 5):
        metrics.note_ends({("ns", 1): {f"Node{number}/succeeded": 1, f"Node{number}/t12": 1, "/succeeded": 1}})
    metrics.note_ends({("ns", 2): {"Node0/succeeded": 2, "Other/retried": 1}})
    assert len(metrics.ended) == MOST_NODES + 1
    assert metrics.ended["ns", "Node0"]["succeeded"] == 3
    assert metrics.ended["", ""]["succeeded"] == 5
    assert metrics.ended["", ""]["retried"] == 1
    assert sum(sum(ends.values()) for ends in metrics.ended.values()) == MOST_NODES + 8
