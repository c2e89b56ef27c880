"""Tests of nodes and graphs: one node alone, a whole graph in one process, and faults at every step of it.

It needs the extra `testing`; `pip install "exosphere-redis[testing]"` brings it.
"""

from importlib.util import find_spec

try:
    # fakeredis does without it, and then knows no scripts.
    if find_spec("lupa") is None:
        raise ModuleNotFoundError(name="lupa")
    from exospherehost.testing.faults import KINDS, FaultKind
    from exospherehost.testing.kit import Kit
    from exospherehost.testing.notebook import LogLine
    from exospherehost.testing.outcome import NodeOutcome
    from exospherehost.testing.result import GraphResult, StateResult
    from exospherehost.testing.scheduled import FiringResult
except ModuleNotFoundError as missing:
    raise ImportError(
        f'exospherehost.testing needs {missing.name}: pip install "exosphere-redis[testing]"', name=missing.name
    ) from None

_kit = Kit()

run_node = _kit.run_node
run_node_async = _kit.run_node_async
run_graph = _kit.run_graph
run_graph_async = _kit.run_graph_async
run_schedules = _kit.run_schedules
run_schedules_async = _kit.run_schedules_async

__all__ = [
    "KINDS",
    "FaultKind",
    "FiringResult",
    "GraphResult",
    "Kit",
    "LogLine",
    "NodeOutcome",
    "StateResult",
    "run_graph",
    "run_graph_async",
    "run_node",
    "run_node_async",
    "run_schedules",
    "run_schedules_async",
]
