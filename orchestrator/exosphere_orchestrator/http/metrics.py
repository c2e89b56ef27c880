"""What Prometheus reads: the calls and reports of this state manager, and how work stands in all namespaces."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from exosphere_core.api import API_KEY_HEADER
from exosphere_core.errors import AuthenticationFailed, Forbidden
from exosphere_core.keys import ShardKeys
from exosphere_core.roles import EVERY_NAMESPACE, Role, suffices
from exosphere_core.store import catalog
from exosphere_core.store.queues import read_queues
from exosphere_core.store.servers import read_command_times
from exosphere_core.version import VERSION
from exosphere_orchestrator.catalog import queue_pauses
from exosphere_orchestrator.engine.context import EVENTS
from exosphere_orchestrator.engine.engine_metrics import EngineMetrics
from exosphere_orchestrator.http.context import Services, services

router = APIRouter()

_BEARER: Final = "bearer "

#: (namespace, node) is what every figure of a queue is of.
_OF_QUEUE: Final = ("namespace", "node")

#: The address of a server of Redis, and a command, are what the figures of Redis itself are of.
_OF_COMMAND: Final = ("server", "command")


class _Read(Collector):
    """Figures that were read already."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


# Its answer is no JSON, and it is read by Prometheus alone: it is not among the calls of the API.
@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    the = services(request)
    await _permit(request, the)
    now = CollectorRegistry(auto_describe=False)
    families = [*_of_process(the), *_of_engine(the.engine.context.metrics), *await _of_redis(the)]
    now.register(_Read([*families, *[family async for family in _of_queues(the)]]))
    text = generate_latest(the.calls.registry) + generate_latest(now)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _permit(request: Request, the: Services) -> None:
    """Let those through who may read all namespaces. Prometheus can send a key as `Authorization: Bearer` only.

    Raises:
        AuthenticationFailed: the key is missing or not good.
        Forbidden: it is for one namespace, or for a runtime.
    """
    given = request.headers.get(API_KEY_HEADER)
    if given is None:
        spelled = request.headers.get("authorization", "")
        given = spelled[len(_BEARER) :] if spelled.lower().startswith(_BEARER) else ""
    caller = await the.keys.identify(given.strip().encode("latin-1", errors="replace"))
    if caller is None:
        raise AuthenticationFailed("Invalid API key")
    if not (caller.covers(EVERY_NAMESPACE) and suffices(caller.role, Role.VIEWER)):
        raise Forbidden("metrics tell of all namespaces: this needs an API key for all of them, of the role viewer")


def _of_process(the: Services) -> Iterator[Metric]:
    build = GaugeMetricFamily(
        "exosphere_build_info", "Always 1; the labels tell what runs.", labels=("version", "redis")
    )
    build.add_metric((VERSION, ".".join(map(str, the.redis_version))), 1)
    yield build
    events = CounterMetricFamily(
        "exosphere_engine_events",
        "What this state manager met: late reports (stale), reports put aside (rejected), leases that ran out (reclaimed, failed).",
        labels=("event",),
    )
    # All of them from the start: a rate of what appears with its first occurrence would miss that one.
    counts = the.engine.context.counts
    for word in sorted({*EVENTS, *counts}):
        events.add_metric((word,), counts[word])
    yield events
    yield GaugeMetricFamily("exosphere_event_streams", "Event streams that are open.", value=the.watchers.watching)


def _of_engine(counted: EngineMetrics) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        "exosphere_attempts",
        "Attempts whose end this state manager applied, whoever executed them, by namespace of the run.",
        labels=("namespace", "node", "ended"),
    )
    for (namespace, node), ends in counted.ended.items():
        for ended, count in ends.items():
            attempts.add_metric((namespace, node, ended), count)
    yield attempts
    yield CounterMetricFamily(
        "exosphere_engine_reports", "Reports that were applied, in batches.", value=counted.reports
    )
    scripts = HistogramMetricFamily(
        "exosphere_engine_scripts_seconds", "From sending the scripts of a batch of reports to their last reply."
    )
    scripts.add_metric((), [(bound, float(count)) for bound, count in counted.scripts.below()], counted.scripts.total_s)
    yield scripts


async def _of_redis(the: Services) -> list[Metric]:
    calls = CounterMetricFamily(
        "exosphere_redis_commands", "Commands that a Redis server executed, for whomever.", labels=_OF_COMMAND
    )
    seconds = CounterMetricFamily(
        "exosphere_redis_command_seconds",
        "For how long it worked at them by its own account; evalsha is the time of all scripts, what they call included.",
        labels=_OF_COMMAND,
    )
    for server, commands in (await read_command_times(the.redis)).items():
        for command, spent in commands.items():
            calls.add_metric((server, command), spent.calls)
            seconds.add_metric((server, command), spent.seconds)
    return [calls, seconds]


async def _of_queues(the: Services) -> AsyncIterator[Metric]:
    families = {
        name: GaugeMetricFamily(f"exosphere_queue_{name}", meaning, labels=_OF_QUEUE)
        for name, meaning in (
            ("depth", "States that wait for a runtime."),
            ("running", "States that runtimes have taken."),
            ("oldest_seconds", "For how long the oldest one waits; 0 when none does."),
            ("paused", "1 while the queue gives nothing out."),
        )
    }
    for namespace in await catalog.read_namespaces(the.redis):
        homes = [ShardKeys(namespace, shard) for shard in range(the.settings.shards)]
        paused = await queue_pauses.noted(the.redis, namespace)
        for queue in await read_queues(the.redis, homes, await catalog.read_node_names(the.redis, namespace)):
            labels = (namespace, queue.node)
            families["depth"].add_metric(labels, queue.depth)
            families["running"].add_metric(labels, queue.running)
            families["oldest_seconds"].add_metric(labels, (queue.oldest_age_ms or 0) / 1000)
            families["paused"].add_metric(labels, queue.node in paused)
    for family in families.values():
        yield family
