"""A compiled graph version: everything that the engine asks about a node, answered once."""

from dataclasses import dataclass, replace

from exosphere_core.graph.model import GraphTemplate, UnitesStrategyEnum
from exosphere_core.graph.placeholders import Expression, OutputRef, StoreRef, parse
from exosphere_core.graph.shape import Shape
from exosphere_core.retry import RetryPolicyModel


@dataclass(frozen=True, slots=True)
class UniteRule:
    """How a uniting node joins.

    Attributes:
        united: the node whose branches it joins.
        strategy: when it runs.
        between: the nodes that count: those on a path from `united` to it.
        collected: the nodes whose values it reads as lists, `united` included where it reads that.
    """

    united: str
    strategy: UnitesStrategyEnum
    between: frozenset[str]
    collected: frozenset[str]


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node.

    Attributes:
        children: the nodes created by its success, each with the number of its edge. Uniting nodes are not among them.
        leads_to: the uniting nodes that it leads straight to.
        armed: the uniting nodes that its success arms, an inner one before an outer one.
        armed_edges: those again, each with a number after those of all edges, in order of declaration.
        reads_outputs: ancestors whose outputs its inputs read.
        reads_store: store keys that its inputs read.
        ahead_outputs: ancestors, itself excluded, whose outputs its children read.
        ahead_store: store keys that its children read.
    """

    identifier: str
    node: str
    namespace: str
    inputs: dict[str, Expression]
    children: tuple[tuple[int, str], ...]
    leads_to: frozenset[str]
    armed: tuple[str, ...]
    armed_edges: dict[str, int]
    unites: UniteRule | None
    retry_policy: RetryPolicyModel
    timeout_ms: int | None
    reads_outputs: frozenset[str]
    reads_store: frozenset[str]
    ahead_outputs: frozenset[str] = frozenset()
    ahead_store: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GraphPlan:
    """A whole graph version, ready for the engine."""

    namespace: str
    graph: str
    version: int
    root: str
    nodes: dict[str, NodePlan]
    required_keys: tuple[str, ...]
    default_store: dict[str, str]

    def counts_for(self, identifier: str, uniting: str) -> bool:
        """Whether a state of this node counts for an armed unite of the uniting node."""
        rule = self.nodes[uniting].unites
        return rule is not None and identifier in rule.between


def shape_of(template: GraphTemplate) -> Shape:
    """Return the edges of a template whose references are known to be valid."""
    return Shape(
        {node.identifier: tuple(node.next_nodes or ()) for node in template.nodes},
        {node.identifier: node.unites.identifier for node in template.nodes if node.unites},
    )


def compile_graph(namespace: str, graph: str, version: int, template: GraphTemplate) -> GraphPlan:
    """Compile a structurally valid template."""
    shape = shape_of(template)
    order = shape.order()
    if order is None:
        raise ValueError(f"graph {graph!r} has a cycle")
    rank = {identifier: index for index, identifier in enumerate(order)}
    nodes: dict[str, NodePlan] = {}
    for declared in template.nodes:
        identifier = declared.identifier
        inputs = {field: parse(text) for field, text in declared.inputs.items()}
        refs = {ref for expression in inputs.values() for ref in expression.refs}
        reads_outputs = frozenset(ref.identifier for ref in refs if isinstance(ref, OutputRef))
        rule = None
        if declared.unites is not None:
            united = declared.unites.identifier
            between = frozenset(shape.between(identifier))
            rule = UniteRule(
                united=united,
                strategy=declared.unites.strategy,
                between=between,
                collected=reads_outputs & (between | {united}),
            )
        following = tuple(declared.next_nodes or ())
        nodes[identifier] = NodePlan(
            identifier=identifier,
            node=declared.node_name,
            namespace=declared.namespace,
            inputs=inputs,
            children=tuple((edge, child) for edge, child in enumerate(following) if child not in shape.unites),
            leads_to=frozenset(child for child in following if child in shape.unites),
            armed=tuple(
                sorted(
                    (uniting for uniting, united in shape.unites.items() if united == identifier),
                    key=rank.__getitem__,
                )
            ),
            armed_edges={
                uniting: edge
                for edge, uniting in enumerate(
                    (uniting for uniting, united in shape.unites.items() if united == identifier), len(following)
                )
            },
            unites=rule,
            retry_policy=declared.retry_policy or template.retry_policy,
            timeout_ms=declared.timeout_ms,
            reads_outputs=reads_outputs,
            reads_store=frozenset(ref.key for ref in refs if isinstance(ref, StoreRef)),
        )
    for identifier, node in nodes.items():
        children = [nodes[child] for _, child in node.children]
        nodes[identifier] = replace(
            node,
            ahead_outputs=frozenset().union(*(child.reads_outputs for child in children)) - {identifier},
            ahead_store=frozenset().union(*(child.reads_store for child in children)),
        )
    return GraphPlan(
        namespace=namespace,
        graph=graph,
        version=version,
        root=shape.roots()[0],
        nodes=nodes,
        required_keys=tuple(template.store_config.required_keys),
        default_store=dict(template.store_config.default_values),
    )
