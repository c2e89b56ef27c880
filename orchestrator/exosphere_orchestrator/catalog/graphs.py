"""Storing and validating graphs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from exosphere_core.errors import ConfigurationError, Conflict, InvalidGraph, NotFound
from exosphere_core.graph.model import GraphTemplate
from exosphere_core.graph.registry import Registry, nodes_used, registry_errors
from exosphere_core.graph.structure import read_template
from exosphere_core.names import name_error
from exosphere_core.store import catalog
from exosphere_core.store.catalog import GraphHead, GraphVersion
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.catalog.nodes import contract_of
from exosphere_orchestrator.schedules import member_of, next_due, schedule_errors
from exosphere_orchestrator.vault import Vault

#: How often an upsert that another one overtook is tried again.
_TRIES = 10


class Graph(NamedTuple):
    """A graph's newest version."""

    head: GraphHead
    template: GraphTemplate
    #: Names of its secrets.
    secrets: tuple[str, ...]


def belongs_to(namespace: str, graph: str, secret: str) -> str:
    """What a secret's ciphertext is bound to."""
    return f"{namespace}/{graph}/{secret}"


async def upsert(
    redis: Redis,
    vault: Vault,
    namespace: str,
    graph: str,
    body: Mapping[str, Any],
    secrets: Mapping[str, str],
    max_nodes: int,
) -> Graph:
    """Validate a graph and store it as a new version, or as it is when nothing changed.

    Raises:
        InvalidGraph: it is not well-formed; nothing is stored.
        Conflict: other upserts of the same graph came first, again and again.
    """
    template, errors = read_template(body)
    errors += [error for name in secrets if (error := name_error("secret name", name))]
    if template is not None:
        errors += schedule_errors(template.triggers)
        if len(template.nodes) > max_nodes:
            errors.append(
                f"nodes: the graph has {len(template.nodes)} nodes; the limit is {max_nodes} (EXOSPHERE_MAX_NODES)"
            )
    if template is None or errors:
        raise InvalidGraph(f"graph {graph!r} is not valid: " + "; ".join(errors), errors)
    text = template.model_dump_json().encode()
    for _ in range(_TRIES):
        judged = registry_errors(template, secrets, await _registry(redis, template))
        status = "INVALID" if judged else "VALID"
        head = await catalog.read_head(redis, namespace, graph)
        after = head.version if head else 0
        before = await catalog.read_version(redis, namespace, graph, after) if head else None
        if before and before.template == text and _holds(vault, namespace, graph, before, secrets):
            await catalog.judge_version(redis, namespace, graph, after, status, judged)
            return await get(redis, namespace, graph)
        stored = await catalog.save_version(
            redis,
            namespace,
            graph,
            after=after,
            template=text,
            secrets={name: vault.encrypt(value, belongs_to(namespace, graph, name)) for name, value in secrets.items()},
            status=status,
            errors=judged,
            old_schedules=_members(graph, before),
            new_schedules=_dues(graph, template, await catalog.now_ms(redis)),
        )
        if stored:
            if judged:
                # A node that registered since the look above did not find this version among the unready ones.
                await _judge(redis, namespace, graph)
            return await get(redis, namespace, graph)
    raise Conflict(f"graph {graph!r} is being changed by others all the time; try again")


async def get(redis: Redis, namespace: str, graph: str) -> Graph:
    """Return a graph's newest version.

    Raises:
        NotFound: there is no such graph.
    """
    head = await catalog.read_head(redis, namespace, graph)
    version = await catalog.read_version(redis, namespace, graph, head.version) if head else None
    if head is None or version is None:
        raise NotFound(f"namespace {namespace!r} has no graph {graph!r}")
    return Graph(head, _template(version), tuple(version.secrets))


async def get_all(redis: Redis, namespace: str) -> list[Graph]:
    """Return the newest version of each graph of a namespace, in order of the name."""
    graphs = []
    for head in await catalog.read_heads(redis, namespace):
        version = await catalog.read_version(redis, namespace, head.name, head.version)
        if version is not None:
            graphs.append(Graph(head, _template(version), tuple(version.secrets)))
    return graphs


async def judge_again(redis: Redis, registered_in: str) -> None:
    """Validate the graphs again that could not run before, where nodes of a namespace just registered matter."""
    for namespace in await catalog.read_namespaces(redis):
        for graph in await catalog.read_unready(redis, namespace):
            await _judge(redis, namespace, graph, registered_in)


async def _judge(redis: Redis, namespace: str, graph: str, registered_in: str | None = None) -> None:
    """Validate a graph's newest version again, if it has nodes of a namespace or none is named."""
    found = await get(redis, namespace, graph)
    if registered_in is None or any(node.namespace == registered_in for node in found.template.nodes):
        errors = registry_errors(found.template, found.secrets, await _registry(redis, found.template))
        status = "INVALID" if errors else "VALID"
        await catalog.judge_version(redis, namespace, graph, found.head.version, status, errors)


async def secrets_of(
    redis: Redis, vault: Vault, namespace: str, graph: str, version: int, names: tuple[str, ...]
) -> dict[str, str]:
    """Return the values of some of a graph version's secrets; those that it does not have are left out."""
    stored = await catalog.read_version(redis, namespace, graph, version)
    if stored is None:
        raise NotFound(f"graph {graph!r} has no version {version}")
    return {
        name: vault.decrypt(stored.secrets[name], belongs_to(namespace, graph, name))
        for name in names
        if name in stored.secrets
    }


def _template(version: GraphVersion) -> GraphTemplate:
    return GraphTemplate.model_validate_json(version.template)


def _holds(vault: Vault, namespace: str, graph: str, version: GraphVersion, secrets: Mapping[str, str]) -> bool:
    """Whether a version has just these secrets; one that no key opens any more is to be replaced."""
    if version.secrets.keys() != secrets.keys():
        return False
    try:
        return all(
            vault.decrypt(version.secrets[name], belongs_to(namespace, graph, name)) == value
            for name, value in secrets.items()
        )
    except ConfigurationError:
        return False


def _members(graph: str, version: GraphVersion | None) -> list[str]:
    count = len(_template(version).triggers) if version else 0
    return [member_of(graph, index) for index in range(count)]


def _dues(graph: str, template: GraphTemplate, now: int) -> dict[str, int]:
    dues = ((member_of(graph, index), next_due(trigger.value, now)) for index, trigger in enumerate(template.triggers))
    return {member: due for member, due in dues if due is not None}


async def _registry(redis: Redis, template: GraphTemplate) -> Registry:
    wanted: dict[str, list[str]] = {}
    for namespace, name in nodes_used(template):
        wanted.setdefault(namespace, []).append(name)
    return {
        (namespace, name): contract_of(node)
        for namespace, names in wanted.items()
        for name, node in (await catalog.read_nodes(redis, namespace, names)).items()
    }
