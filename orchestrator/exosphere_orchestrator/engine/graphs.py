"""Compiled graph versions, kept in memory: a version never changes, so it is read and compiled once."""

from collections import OrderedDict

from exosphere_core.errors import NotFound
from exosphere_core.graph.model import GraphTemplate
from exosphere_core.graph.plan import GraphPlan, compile_graph
from exosphere_core.keys import CatalogKeys
from exosphere_core.store.catalog import read_version
from exosphere_core.store.connection import Redis
from exosphere_core.store.corrupt import reading

_KEPT = 2000


class GraphPlans:
    """Compiled versions by (namespace, graph, version), the most recently used `_KEPT` of them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._plans: OrderedDict[tuple[str, str, int], GraphPlan] = OrderedDict()
        self._newest: OrderedDict[tuple[str, str], int] = OrderedDict()

    def clear(self) -> None:
        """Forget all: Redis may have lost versions, whose numbers others may take."""
        self._plans.clear()
        self._newest.clear()

    def note_newest(self, plan: GraphPlan) -> None:
        """This version was seen to be the newest of its graph."""
        graph = (plan.namespace, plan.graph)
        self._newest[graph] = plan.version
        self._newest.move_to_end(graph)
        if len(self._newest) > _KEPT:
            self._newest.popitem(last=False)

    def seen_newest(self, namespace: str, graph: str) -> GraphPlan | None:
        """Return the version that was the newest when it was last looked for; None when it is not in memory. There may be a newer one."""
        version = self._newest.get((namespace, graph))
        return None if version is None else self._plans.get((namespace, graph, version))

    async def get(self, namespace: str, graph: str, version: int) -> GraphPlan:
        """Return a compiled version.

        Raises:
            NotFound: there is no such version.
            CorruptRecord: it can't be read.
        """
        key = (namespace, graph, version)
        plan = self._plans.get(key)
        if plan is None:
            stored = await read_version(self._redis, namespace, graph, version)
            if stored is None:
                raise NotFound(f"graph {graph!r} of namespace {namespace!r} has no version {version}")
            with reading(CatalogKeys(namespace).version(graph, version)):
                plan = compile_graph(namespace, graph, version, GraphTemplate.model_validate_json(stored.template))
            self._plans[key] = plan
            if len(self._plans) > _KEPT:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan
