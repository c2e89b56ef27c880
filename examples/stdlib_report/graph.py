"""The graph: list → analyse, once a module → report, once."""

from typing import Final

from exospherehost import GraphNodeModel, RetryPolicyModel, RetryStrategyEnum, StoreConfigModel, UnitesModel

NAMESPACE: Final = "demo"
GRAPH_NAME: Final = "stdlib-report"

#: What the report reads of each analysed module: input of `report` → output of `analyse`.
_COLLECTED: Final = {
    "modules": "module",
    "lines": "lines",
    "functions": "functions",
    "classes": "classes",
    "complexity": "complexity",
    "peak": "peak",
    "peak_function": "peak_function",
    "imports": "imports",
}

NODES: Final = [
    GraphNodeModel(
        node_name="ListModules",
        namespace=NAMESPACE,
        identifier="list",
        inputs={"limit": "${{ store.limit }}"},
        next_nodes=["analyse"],
    ),
    GraphNodeModel(
        node_name="AnalyseModule",
        namespace=NAMESPACE,
        identifier="analyse",
        inputs={"module": "${{ list.outputs.module }}", "path": "${{ list.outputs.path }}"},
        next_nodes=["report"],
    ),
    GraphNodeModel(
        node_name="WriteReport",
        namespace=NAMESPACE,
        identifier="report",
        inputs={
            "folder": "${{ store.folder }}",
            "listed": "${{ list.outputs.module }}",
            **{field: f"${{{{ analyse.outputs.{output} }}}}" for field, output in _COLLECTED.items()},
        },
        unites=UnitesModel(identifier="list"),
    ),
]

STORE: Final = StoreConfigModel(required_keys=["folder"], default_values={"limit": "0"})

RETRIES: Final = RetryPolicyModel(max_retries=2, strategy=RetryStrategyEnum.FIXED, backoff_factor=500)
