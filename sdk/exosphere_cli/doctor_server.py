"""What `exosphere doctor` asks a state manager."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from exosphere_core.api import (
    HEALTH,
    LIST_GRAPHS,
    LIST_QUEUES,
    LIST_REJECTED,
    LIST_RUNTIMES,
    LIST_SCHEDULES,
    READY,
    WHOAMI,
    GraphsResponse,
    QueuesResponse,
    ReadyResponse,
    RejectedResponse,
    RuntimesResponse,
    SchedulesResponse,
    WhoAmIResponse,
)
from exosphere_core.client import ApiClient
from exosphere_core.errors import AuthenticationFailed, ExosphereError, Forbidden, Unavailable
from exosphere_core.store.checkup import MOST_OVERDUE_MS, Finding, Level, clock_finding
from exosphere_core.version import VERSION

#: Seconds that one question may take.
_ANSWER_S = 5.0
#: How many queues and runtimes are looked at.
_PAGE = 200


async def check_state_manager(client: ApiClient, namespace: str) -> list[Finding]:
    """Look at a state manager, and at what goes on in a namespace."""
    try:
        await client.call(HEALTH, timeout_s=_ANSWER_S)
    except ExosphereError as away:
        fix = "start it (exosphere server, or exosphere dev), or name another address: --uri, --profile"
        return [Finding("state manager", Level.FAULT, away.detail.partition(";")[0], fix)]
    found = [Finding("state manager", Level.OK, f"answers at {client.uri}")]
    found += await _ready(client)
    try:
        found += await _caller(client)
    except Unavailable as away:
        return [*found, Finding("api key", Level.FAULT, away.detail, "mend what is said of Redis first")]
    except AuthenticationFailed as refused:
        fix = "give the right key: --key, EXOSPHERE_API_KEY or a profile; an admin makes one with: exosphere key create"
        return [*found, Finding("api key", Level.FAULT, refused.detail, fix)]
    looks: list[tuple[str, Callable[[ApiClient, str], Awaitable[list[Finding]]]]] = [
        ("runtimes", _runtimes),
        ("queues", _queues),
        ("graphs", _graphs),
        ("schedules", _schedules),
        ("rejected", _rejected),
    ]
    for name, look in looks:
        try:
            found += await look(client, namespace) or [
                Finding(name, Level.OK, f"nothing amiss in namespace {namespace!r}")
            ]
        except Forbidden as refused:
            found.append(Finding(name, Level.NOTE, f"not looked at: {refused.detail}", "use a key that may read"))
    return found


async def _ready(client: ApiClient) -> list[Finding]:
    try:
        told = ReadyResponse.model_validate(await client.call(READY, timeout_s=_ANSWER_S))
    except ExosphereError as unable:
        return [
            Finding("redis", Level.FAULT, unable.detail, "start Redis, or see what the log of the state manager says")
        ]
    found = [_split(Level.WARNING, text) for text in told.warnings] + [_split(Level.NOTE, text) for text in told.notes]
    if told.refuses_triggers:
        fix = "give Redis more memory, or keep ended runs for less long (EXOSPHERE_RETENTION_MS)"
        found.append(Finding("triggers", Level.FAULT, told.refuses_triggers, fix))
    return found or [Finding("redis", Level.OK, "is reached, and set up to keep what it is given")]


def _split(level: Level, text: str) -> Finding:
    detail, _, fix = text.rpartition("; ")
    return Finding("redis", level, detail or fix, fix if detail else "")


async def _caller(client: ApiClient) -> list[Finding]:
    before = time.time() * 1000
    told = WhoAmIResponse.model_validate(await client.call(WHOAMI, timeout_s=_ANSWER_S))
    after = time.time() * 1000
    scope = "all namespaces" if told.namespace == "*" else f"namespace {told.namespace!r}"
    moment = datetime.fromisoformat(told.time).timestamp() * 1000
    return [
        Finding("api key", Level.OK, f"{told.role} of {scope}"),
        clock_finding("the server's Redis", moment, before, after),
    ]


async def _runtimes(client: ApiClient, namespace: str) -> list[Finding]:
    page = RuntimesResponse.model_validate(
        await client.call(LIST_RUNTIMES, query={"limit": _PAGE}, namespace=namespace)
    )
    alive = [one for one in page.runtimes if one.alive]
    others = sorted({one.version for one in alive if one.version and one.version != VERSION})
    found = []
    if others:
        found.append(
            Finding(
                "versions", Level.NOTE, f"runtimes run on {', '.join(others)}, this command line is {VERSION}",
                "install one version everywhere",
            )
        )  # fmt: skip
    if gone := [one.id for one in page.runtimes if not one.alive and one.running]:
        text = f"{len(gone)} died with work in their hands ({', '.join(gone[:3])}): it is given to others after a lease"
        found.append(Finding("runtimes", Level.WARNING, text, "see why in the log of the worker"))
    return found or [Finding("runtimes", Level.OK, f"{len(alive)} alive in namespace {namespace!r}")]


async def _queues(client: ApiClient, namespace: str) -> list[Finding]:
    page = QueuesResponse.model_validate(await client.call(LIST_QUEUES, query={"limit": _PAGE}, namespace=namespace))
    found = []
    for queue in page.queues:
        if queue.depth and queue.paused:
            text = f"{queue.depth} states of {queue.node_name!r} wait: its queue is paused"
            found.append(
                Finding("queues", Level.NOTE, text, f"exosphere queue resume {queue.node_name} -n {namespace}")
            )
        elif queue.depth and not queue.consumers:
            text = f"{queue.depth} states of {queue.node_name!r} wait, and no runtime takes them"
            fix = f"start a worker that has {queue.node_name}: exosphere worker package.module:runtime"
            found.append(Finding("queues", Level.WARNING, text, fix))
    return found


async def _graphs(client: ApiClient, namespace: str) -> list[Finding]:
    page = GraphsResponse.model_validate(await client.call(LIST_GRAPHS, namespace=namespace))
    found = []
    for graph in page.templates:
        if graph.validation_status == "INVALID":
            more = f", and {len(graph.validation_errors) - 1} more" if len(graph.validation_errors) > 1 else ""
            text = f"{graph.name!r} can't run: {graph.validation_errors[0] if graph.validation_errors else 'invalid'}{more}"
            fix = f"start the worker that has its nodes, or mend it; all of it: exosphere graph show {graph.name} -n {namespace}"
            found.append(Finding("graphs", Level.WARNING, text, fix))
        elif graph.paused:
            fix = f"exosphere graph resume {graph.name} -n {namespace}"
            found.append(Finding("graphs", Level.NOTE, f"{graph.name!r} is paused: no run of it begins", fix))
    return found


async def _schedules(client: ApiClient, namespace: str) -> list[Finding]:
    page = SchedulesResponse.model_validate(await client.call(LIST_SCHEDULES, namespace=namespace))
    now = datetime.now(UTC)
    late = [
        one.graph_name
        for one in page.schedules
        if one.next_due and (now - datetime.fromisoformat(one.next_due)).total_seconds() * 1000 > MOST_OVERDUE_MS
    ]
    if not late:
        return []
    text = f"those of {', '.join(sorted(set(late)))} are overdue for more than two minutes"
    return [Finding("schedules", Level.FAULT, text, "start the background jobs: exosphere background")]


async def _rejected(client: ApiClient, namespace: str) -> list[Finding]:
    told = RejectedResponse.model_validate(await client.call(LIST_REJECTED, namespace=namespace))
    if not told.total:
        return []
    text = f"{told.total} reports could not be applied; the newest: {told.rejected[0].reason if told.rejected else ''}"
    return [Finding("rejected", Level.NOTE, text, f"see each with its reason: exosphere rejected list -n {namespace}")]
