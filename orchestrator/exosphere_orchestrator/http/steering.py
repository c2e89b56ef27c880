"""What a person does to a run: cancel it, retry what failed, run it again."""

from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_core.states import Status
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import home_of, services
from exosphere_orchestrator.http.guard import note_thing
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.http.runs import ended_within, run_details
from exosphere_orchestrator.steering.cancel import cancel_run as cancel
from exosphere_orchestrator.steering.rerun import rerun
from exosphere_orchestrator.steering.retry import retry_failed, retry_state

router = APIRouter(tags=["steering"], route_class=JsonRoute)

#: How long the answer to a cancellation waits for the run's end; a wide run takes longer, and ends by itself. In s.
_CANCEL_S = 5.0


@handles(router, api.CANCEL_RUN)
async def cancel_run(request: Request, namespace: str, run_id: str) -> api.RunResponse:
    the = services(request)
    await cancel(the.engine.context, home_of(namespace, run_id, "run"), run_id)
    the.engine.serve(namespace)
    return await run_details(the, namespace, await ended_within(the, namespace, run_id, _CANCEL_S))


@handles(router, api.RETRY_RUN)
async def retry_run(request: Request, namespace: str, run_id: str) -> api.RetryRunResponse:
    made, refused = await retry_failed(services(request).engine.context, home_of(namespace, run_id, "run"), run_id)
    return api.RetryRunResponse(run_id=run_id, count=len(made), retried=made, refused=refused)


@handles(router, api.RERUN)
async def rerun_run(request: Request, namespace: str, run_id: str, body: api.RerunRequest) -> api.RerunResponse:
    made = await rerun(
        services(request).engine.context,
        home_of(namespace, run_id, "run"),
        run_id,
        identifier=body.identifier,
        state=body.state_id,
        inputs=body.inputs,
        store=body.store,
    )
    note_thing(request, made_run_id=made)
    return api.RerunResponse(status="CREATED", run_id=made, rerun_of=run_id)


@handles(router, api.MANUAL_RETRY)
async def manual_retry(
    request: Request, namespace: str, state_id: str, body: api.ManualRetryRequest
) -> api.ManualRetryResponse:
    home = home_of(namespace, state_id, "state")
    new = await retry_state(services(request).engine.context, home, state_id, body.fanout_id)
    return api.ManualRetryResponse(id=new, status=Status.CREATED)
