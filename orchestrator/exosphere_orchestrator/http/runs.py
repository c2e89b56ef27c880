"""Runs: list, read, wait for the end, picture."""

import asyncio
from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest, NotFound
from exosphere_core.keys import ShardKeys
from exosphere_core.states import FAILED, SUCCEEDED, RunStatus, Status
from exosphere_core.store import reads
from exosphere_core.store.corrupt import Unreadable
from exosphere_core.store.reads import RunRecord, StateRecord
from exosphere_core.store.run_pages import read_newest_runs
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import Services, checked, home_of, iso, services
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["runs"], route_class=JsonRoute)

_SHOWN_RERUNS = 100

#: In a picture, the status of a state whose record can't be read.
_UNREADABLE = "UNREADABLE"
LONGEST_WAIT_MS = 60_000


@handles(router, api.LIST_RUNS)
async def list_runs(request: Request, namespace: str, page: int, size: int) -> api.RunsResponse:
    the = services(request)
    checked("namespace", namespace)
    if not (1 <= page <= api.LAST_PAGE and 1 <= size <= api.LARGEST_SIZE):
        raise BadRequest(f"page must be 1 to {api.LAST_PAGE} and size 1 to {api.LARGEST_SIZE}, not {page} and {size}")
    homes = [ShardKeys(namespace, shard) for shard in range(the.settings.shards)]
    total, runs = await read_newest_runs(the.redis, homes, (page - 1) * size, size)
    return api.RunsResponse(
        namespace=namespace, total=total, page=page, size=size, runs=[run_summary(run) for run in runs]
    )


@handles(router, api.GET_RUN)
async def get_run(request: Request, namespace: str, run_id: str) -> api.RunResponse:
    the = services(request)
    return await run_details(the, namespace, await find_run(the, namespace, run_id))


@handles(router, api.WAIT_RUN)
async def wait_run(
    request: Request,
    namespace: str,
    run_id: str,
    timeout_ms: Annotated[int, Query(ge=0, le=LONGEST_WAIT_MS, description=api.WAIT_RUN.query["timeout_ms"])] = 30_000,
) -> api.RunResponse:
    the = services(request)
    return await run_details(the, namespace, await ended_within(the, namespace, run_id, timeout_ms / 1000))


@handles(router, api.GET_STRUCTURE)
async def get_structure(request: Request, namespace: str, run_id: str) -> api.StructureResponse:
    the = services(request)
    run = await find_run(the, namespace, run_id)
    home = home_of(namespace, run_id, "run")
    unreadable: Unreadable = {}
    ids = await reads.read_state_ids(the.redis, home, run_id)
    states = await reads.read_states(the.redis, home, ids, unreadable, values=False)
    nodes = [_structure_node(state) for state in states]
    nodes += [
        api.StructureNode(id=state, node_name="", identifier="", status=_UNREADABLE, error=why.detail)
        for state, why in unreadable.items()
    ]
    edges = [edge for state in states if (edge := _edge(state))]
    return api.StructureResponse(
        root_states=[node for node in nodes if node.id == run.root],
        graph_name=run.graph,
        nodes=nodes,
        edges=edges,
        node_count=len(nodes),
        edge_count=len(edges),
        execution_summary=dict(Counter(node.status for node in nodes)),
    )


async def ended_within(the: Services, namespace: str, run_id: str, limit_s: float) -> RunRecord:
    """Read a run when it has ended, or as it is after a time in s. Raises NotFound."""
    event = the.run_ends.expect(run_id)
    try:
        run = await find_run(the, namespace, run_id)
        try:
            async with asyncio.timeout(limit_s):
                while run.status is RunStatus.PENDING and not the.run_ends.released:
                    await event.wait()
                    event.clear()
                    run = await find_run(the, namespace, run_id)
        except TimeoutError:
            run = await find_run(the, namespace, run_id)
        return run
    finally:
        the.run_ends.forget(run_id, event)


async def find_run(the: Services, namespace: str, run_id: str) -> RunRecord:
    """Read a run of a namespace. Raises NotFound."""
    for run in await reads.read_runs(the.redis, home_of(namespace, run_id, "run"), [run_id]):
        return run
    raise NotFound(f"namespace {namespace!r} has no run {run_id[:60]!r}")


def _edge(state: StateRecord) -> api.StructureEdge | None:
    """The edge from a state's direct parent: the ancestor made last is the last of its parents."""
    parents = list(state.task.parents.values())
    return api.StructureEdge(source=parents[-1], target=state.id) if parents else None


def _structure_node(state: StateRecord) -> api.StructureNode:
    task = state.task
    return api.StructureNode(
        id=state.id, node_name=task.node, identifier=task.identifier, status=state.status, error=state.error
    )


def _progress(run: RunRecord) -> list[api.NodeProgress]:
    progress = []
    for identifier, total in run.made.items():
        ended = {status: run.ended.get((identifier, status), 0) for status in Status}
        progress.append(
            api.NodeProgress(
                identifier=identifier,
                total=total,
                pending=total - sum(ended.values()),
                success=sum(ended[status] for status in SUCCEEDED),
                errored=sum(ended[status] for status in FAILED),
                retried=ended[Status.RETRY_CREATED],
                cancelled=ended[Status.CANCELLED],
            )
        )
    return progress


def run_summary(run: RunRecord) -> api.RunSummary:
    """Return the line of a run in lists."""
    nodes = _progress(run)
    return api.RunSummary(
        run_id=run.id,
        graph_name=run.graph,
        success_count=sum(node.success for node in nodes),
        pending_count=sum(node.pending for node in nodes),
        errored_count=sum(node.errored for node in nodes),
        retried_count=sum(node.retried for node in nodes),
        cancelled_count=sum(node.cancelled for node in nodes),
        total_count=sum(node.total for node in nodes),
        status=run.status,
        created_at=iso(run.created_at),
    )


async def run_details(the: Services, namespace: str, run: RunRecord) -> api.RunResponse:
    home = home_of(namespace, run.id, "run")
    return api.RunResponse(
        **run_summary(run).model_dump(),
        namespace=namespace,
        version=run.version,
        store=await reads.read_store(the.redis, home, run.id),
        nodes=_progress(run),
        ended_at=None if run.ended_at is None else iso(run.ended_at),
        rerun_of=run.rerun.of if run.rerun else None,
        reruns=await reads.read_page(the.redis, home.reruns(run.id), -_SHOWN_RERUNS, _SHOWN_RERUNS),
    )
