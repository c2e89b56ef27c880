"""What the handlers share."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from exosphere_core.errors import BadRequest, NotFound
from exosphere_core.ids import shard_of
from exosphere_core.keys import ShardKeys
from exosphere_core.names import name_error
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.access.audit import AuditLog
from exosphere_orchestrator.access.callers import KeyRing
from exosphere_orchestrator.access.rate import RequestRate
from exosphere_orchestrator.engine.engine import Engine
from exosphere_orchestrator.http.call_metrics import CallMetrics
from exosphere_orchestrator.http.line_rate import LineRate
from exosphere_orchestrator.http.namespace_feeds import NamespaceFeeds
from exosphere_orchestrator.http.run_ends import RunEnds
from exosphere_orchestrator.http.times import iso as iso
from exosphere_orchestrator.http.times import unix_ms as unix_ms
from exosphere_orchestrator.http.watchers import Watchers
from exosphere_orchestrator.many_runs import ManyRunsStarter
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.vault import Vault


@dataclass(slots=True)
class Services:
    """Made once for a process, when it starts."""

    settings: Settings
    redis: Redis
    redis_version: tuple[int, ...]
    engine: Engine
    runs: RunStarter
    many_runs: ManyRunsStarter
    run_ends: RunEnds
    watchers: Watchers
    line_rate: LineRate
    feeds: NamespaceFeeds
    vault: Vault
    keys: KeyRing
    rate: RequestRate
    audit: AuditLog
    calls: CallMetrics


def services(request: Request) -> Services:
    """Return the process's services."""
    return cast(Services, request.app.state.services)


def checked(kind: str, name: str) -> str:
    """Return a name from a URL.

    Raises:
        BadRequest: it is not allowed.
    """
    if error := name_error(kind, name):
        raise BadRequest(error)
    return name


def home_of(namespace: str, some_id: str, kind: str) -> ShardKeys:
    """Return the shard that holds a run or state.

    Raises:
        NotFound: no such id was ever given out.
    """
    checked("namespace", namespace)
    shard = shard_of(some_id)
    if shard is None:
        raise NotFound(f"namespace {namespace!r} has no {kind} {some_id[:60]!r}")
    return ShardKeys(namespace, shard)
