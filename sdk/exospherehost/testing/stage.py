"""What is there before a run begins: registered nodes, their queues, and the graph, stored as an upsert stores it."""

from collections.abc import Mapping, Sequence

from exosphere_core.api import NodeBody
from exosphere_core.graph.model import GraphNodeModel
from exosphere_core.graph.structure import read_template
from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys, shard_keys
from exosphere_core.store.connection import Redis
from exosphere_core.store.groups import ensure_groups
from exosphere_orchestrator.admission.sizes import limits_of
from exosphere_orchestrator.catalog import graphs, nodes
from exosphere_orchestrator.settings import Settings, load_settings
from exosphere_orchestrator.vault import Vault, new_key
from exosphere_worker.node import BaseNode, secret_names
from exospherehost.testing.declared import Declared

#: Nothing connects to it: whatever is driven here is given its client.
NO_URL = "unix:///nowhere"

#: The name with which the workers of a play register.
_RUNTIME = "test"


class Stage:
    """The catalog of a play.

    Attributes:
        homes: the shard of each namespace that the graph names; its own is among them.
        queues: ready stream → its shard and node, in the order of the graph.
    """

    def __init__(self, redis: Redis, graph: Declared, node_classes: Sequence[type[BaseNode]]) -> None:
        self._redis = redis
        self._graph = graph
        self._classes: Mapping[str, type[BaseNode]] = {node.__name__: node for node in node_classes}
        key = new_key()
        self.settings: Settings = load_settings(
            {"STATE_MANAGER_SECRET": "test", "SECRETS_ENCRYPTION_KEY": key, "EXOSPHERE_REDIS_URL": NO_URL}
        )
        self.vault = Vault(key)
        template, _ = read_template(graph.content)
        self._nodes: Sequence[GraphNodeModel] = template.nodes if template else ()
        names = dict.fromkeys([graph.namespace, *(node.namespace for node in self._nodes)])
        self.homes: Sequence[ShardKeys] = [shard_keys(name) for name in names]
        self.queues: dict[str, tuple[ShardKeys, str]] = {}
        for node in self._nodes:
            home = shard_keys(node.namespace)
            self.queues[home.ready(node.node_name)] = (home, node.node_name)

    async def set_up(self) -> None:
        """Register the nodes in the namespaces in which the graph has them, and store the graph.

        Raises:
            InvalidGraph: the graph is not well-formed.
        """
        for home in self.homes:
            wanted = dict.fromkeys(node.node_name for node in self._nodes if node.namespace == home.namespace)
            known = [self._classes[name] for name in wanted if name in self._classes]
            await nodes.register(self._redis, home.namespace, _RUNTIME, [_body(node) for node in known], 1)
            await ensure_groups(self._redis, [home.reports, home.inbox], STATE_MANAGERS_GROUP)
        graph = self._graph
        await graphs.upsert(
            self._redis, self.vault, graph.namespace, graph.name, graph.content, graph.secrets,
            self.settings.max_nodes, limits_of(self.settings),
        )  # fmt: skip


def _body(node: type[BaseNode]) -> NodeBody:
    return NodeBody(
        name=node.__name__,
        inputs_schema=node.Inputs.model_json_schema(),
        outputs_schema=node.Outputs.model_json_schema(),
        secrets=secret_names(node),
    )
