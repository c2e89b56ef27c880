"""Storing and validating graphs."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from exosphere_core.errors import ConfigurationError, Conflict, CorruptRecord, InvalidGraph, NotFound
from exosphere_core.graph.model import GraphTemplate
from exosphere_core.graph.registry import Registry, nodes_used, registry_errors
from exosphere_core.graph.structure import read_template
from exosphere_core.keys import CatalogKeys
from exosphere_core.names import name_error
from exosphere_core.store import catalog
from exosphere_core.store.catalog import GraphHead, GraphVersion, VersionSummary
from exosphere_core.store.connection import Redis
from exosphere_core.store.corrupt import reading
from exosphere_orchestrator.admission.sizes import graph_errors
from exosphere_orchestrator.catalog.nodes import contract_of
from exosphere_orchestrator.engine.inputs import UNLIMITED, Limits
from exosphere_orchestrator.schedules import changed, next_due, schedule_errors
from exosphere_orchestrator.vault import Vault

#: How often an upsert that another one overtook is tried again.
_TRIES = 10


class Graph(NamedTuple):
    """A version of a graph, mostly the newest."""

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
    limits: Limits = UNLIMITED,
) -> Graph:
    """Validate a graph and store it as a new version, or as it is when nothing changed.

    Raises:
        InvalidGraph: it is not well-formed; nothing is stored.
        Conflict: other upserts of the same graph came first, again and again.
    """
    template, errors = _read(body, secrets, max_nodes, limits)
    if template is None or errors:
        raise InvalidGraph(f"graph {graph!r} is not valid: " + "; ".join(errors), errors)
    text = template.model_dump_json().encode()
    for _ in range(_TRIES):
        judged = registry_errors(template, secrets, await _registry(redis, template))
        status = "INVALID" if judged else "VALID"
        head = await catalog.read_head(redis, namespace, graph)
        # The numbers of a deleted graph's versions are not used again.
        after = head.version if head else await catalog.read_last_version(redis, namespace, graph)
        before = await _stored(redis, namespace, graph, after) if head else None
        if before and before.template == text and _holds(vault, namespace, graph, before, secrets):
            stored = await catalog.judge_version(redis, namespace, graph, after, status, judged)
            if stored and (unchanged := await _find(redis, namespace, graph)):
                return unchanged
            continue
        triggers = _template(namespace, graph, after, before).triggers if before else ()
        schedules = changed(triggers, template.triggers)
        stored = await catalog.save_version(
            redis,
            namespace,
            graph,
            after=after,
            template=text,
            secrets={name: vault.encrypt(value, belongs_to(namespace, graph, name)) for name, value in secrets.items()},
            status=status,
            errors=judged,
            old_schedules=schedules.old,
            new_schedules=_dues(template, schedules.new, await catalog.now_ms(redis)),
        )
        if stored:
            if judged:
                # A node that registered since the look above did not find this version among the unready ones.
                await _judge(redis, namespace, graph)
            if made := await _find(redis, namespace, graph):
                return made
    raise Conflict(f"graph {graph!r} is being changed by others all the time; try again")


async def validate(
    redis: Redis, body: Mapping[str, Any], secrets: Mapping[str, str], max_nodes: int, limits: Limits = UNLIMITED
) -> list[str]:
    """Return everything wrong with a graph as `upsert` would tell it; nothing is stored."""
    template, errors = _read(body, secrets, max_nodes, limits)
    if template is None or errors:
        return errors
    return registry_errors(template, secrets, await _registry(redis, template))


def _read(
    body: Mapping[str, Any], secrets: Mapping[str, str], max_nodes: int, limits: Limits
) -> tuple[GraphTemplate | None, list[str]]:
    """Read a graph, and tell what is wrong with it whatever nodes are registered."""
    template, errors = read_template(body)
    errors += [error for name in secrets if (error := name_error("secret name", name))]
    if template is not None:
        errors += schedule_errors(template.triggers)
        errors += graph_errors(template, secrets, limits)
        if len(template.nodes) > max_nodes:
            errors.append(
                f"nodes: the graph has {len(template.nodes)} nodes; the limit is {max_nodes} (EXOSPHERE_MAX_NODES)"
            )
    return template, errors


async def _stored(redis: Redis, namespace: str, graph: str, version: int) -> GraphVersion | None:
    """A version, or None when it can't be read: a new one takes its place then."""
    try:
        stored = await catalog.read_version(redis, namespace, graph, version)
        if stored is not None:
            _template(namespace, graph, version, stored)
    except CorruptRecord:
        return None
    return stored


async def get(redis: Redis, namespace: str, graph: str) -> Graph:
    """Return a graph's newest version.

    Raises:
        NotFound: there is no such graph.
    """
    found = await _find(redis, namespace, graph)
    if found is None:
        raise NotFound(f"namespace {namespace!r} has no graph {graph!r}")
    return found


async def _find(redis: Redis, namespace: str, graph: str) -> Graph | None:
    head = await catalog.read_head(redis, namespace, graph)
    version = await catalog.read_version(redis, namespace, graph, head.version) if head else None
    if head is None or version is None:
        return None
    return Graph(head, _template(namespace, head.name, head.version, version), tuple(version.secrets))


async def get_version(redis: Redis, namespace: str, graph: str, version: int) -> Graph:
    """Return a version of a graph.

    Only the newest is validated when nodes register. An older one is validated here and now, against the nodes that
    are registered: runs that are pinned to it depend on them. Its `updated_at` is when it was made.

    Raises:
        NotFound: there is no such graph, or no such version of it.
    """
    newest = await get(redis, namespace, graph)
    if version == newest.head.version:
        return newest
    stored = await catalog.read_version(redis, namespace, graph, version)
    if stored is None or version <= newest.head.deleted_version:
        raise NotFound(
            f"graph {graph!r} of namespace {namespace!r} has no version {version}; the newest is {newest.head.version}"
        )
    template = _template(namespace, graph, version, stored)
    errors = registry_errors(template, stored.secrets, await _registry(redis, template))
    head = newest.head._replace(
        version=version,
        validation_status="INVALID" if errors else "VALID",
        validation_errors=errors,
        updated_at=stored.created_at,
    )
    return Graph(head, template, tuple(stored.secrets))


async def list_versions(
    redis: Redis, namespace: str, graph: str, before: int | None, limit: int
) -> tuple[int, list[VersionSummary]]:
    """Return a graph's newest version, and the versions below `before`, the newest first, at most `limit` of them.

    Raises:
        NotFound: there is no such graph.
    """
    head = await catalog.read_head(redis, namespace, graph)
    if head is None:
        raise NotFound(f"namespace {namespace!r} has no graph {graph!r}")
    top = head.version if before is None else min(before - 1, head.version)
    page = range(top, max(top - limit, head.deleted_version), -1)
    return head.version, await catalog.read_versions(redis, namespace, graph, page)


async def get_all(redis: Redis, namespace: str) -> list[Graph]:
    """Return the newest version of each graph of a namespace, in order of the name. What can't be read is left out."""
    graphs = []
    for head in await catalog.read_heads(redis, namespace):
        with suppress(CorruptRecord):
            version = await catalog.read_version(redis, namespace, head.name, head.version)
            if version is not None:
                template = _template(namespace, head.name, head.version, version)
                graphs.append(Graph(head, template, tuple(version.secrets)))
    return graphs


async def judge_again(redis: Redis, registered_in: str) -> None:
    """Validate the graphs again that could not run before, where nodes of a namespace just registered matter."""
    for namespace in await catalog.read_namespaces(redis):
        for graph in await catalog.read_unready(redis, namespace):
            # One that can't be read must not keep runtimes from registering; whoever asks for it is told.
            with suppress(CorruptRecord):
                await _judge(redis, namespace, graph, registered_in)


async def _judge(redis: Redis, namespace: str, graph: str, registered_in: str | None = None) -> None:
    """Validate a graph's newest version again, if it has nodes of a namespace or none is named."""
    found = await _find(redis, namespace, graph)
    if found is None:
        return  # it was deleted meanwhile
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


def _template(namespace: str, graph: str, version: int, stored: GraphVersion) -> GraphTemplate:
    """Raises CorruptRecord."""
    with reading(CatalogKeys(namespace).version(graph, version)):
        return GraphTemplate.model_validate_json(stored.template)


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


def _dues(template: GraphTemplate, indexes: Iterable[int], now: int) -> dict[int, int]:
    dues = ((index, next_due(template.triggers[index].value, now)) for index in indexes)
    return {index: due for index, due in dues if due is not None}


async def _registry(redis: Redis, template: GraphTemplate) -> Registry:
    wanted: dict[str, list[str]] = {}
    for namespace, name in nodes_used(template):
        wanted.setdefault(namespace, []).append(name)
    return {
        (namespace, name): contract_of(node)
        for namespace, names in wanted.items()
        for name, node in (await catalog.read_nodes(redis, namespace, names)).items()
    }
