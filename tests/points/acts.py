"""What people and the background jobs do in a scene."""

from collections.abc import Callable, Mapping

from engine.world import HOME
from exosphere_core.errors import Conflict, NotFound
from exosphere_orchestrator.background import upkeep
from exosphere_orchestrator.background.cron import fire_due_schedules
from exosphere_orchestrator.catalog import deletion
from exosphere_orchestrator.many_runs import AskedRun
from exosphere_orchestrator.steering import retry as steering
from exosphere_orchestrator.steering.cancel import cancel_run
from exosphere_orchestrator.steering.rerun import rerun as steering_rerun
from points.actors import Api
from points.scene import Act
from points.sight import Sight
from semantics.model import Model


def trigger(scene_delay: int = 0, store: Mapping[str, str] | None = None) -> Act:
    """The graph is triggered, with an idempotency key."""

    async def work(api: Api, sight: Sight) -> None:
        await api.runs.trigger("ns", "g", {}, dict(store or {}), scene_delay, key="once")

    return Act("trigger", work)


def trigger_in_bulk(scene_delay: int = 0, store: Mapping[str, str] | None = None) -> Act:
    """The graph is triggered by a call that may start many runs."""

    async def work(api: Api, sight: Sight) -> None:
        await api.many_runs.trigger("ns", "g", [AskedRun({}, dict(store or {}), scene_delay)], "once")

    return Act("bulk trigger", work)


def cancel(when: Callable[[Sight], bool]) -> Act:
    """The first run is cancelled."""

    async def work(api: Api, sight: Sight) -> None:
        await cancel_run(api.context, HOME, sight.runs[0])

    return Act("cancel", work, when, in_model=lambda model: model.cancel())


def retry(identifier: str) -> Act:
    """The failed state of a node is retried by hand, when the run has ended."""

    async def work(api: Api, sight: Sight) -> None:
        (state,) = [found for found in sight.states if found.identifier == identifier and not found.chain]
        try:
            await steering.retry_state(api.context, HOME, state.id, "once")
        except Conflict as done:
            # Its reply was lost: the caller learns that it was made.
            if "was made before" not in str(done):
                raise

    def in_model(model: Model) -> None:
        (label,) = [state.label for state in model.states.values() if state.identifier == identifier]
        model.retry(label, "once")

    return Act("manual retry", work, lambda sight: sight.ended(1), in_model=in_model)


def retry_failed() -> Act:
    """All that failed is retried by hand."""

    async def work(api: Api, sight: Sight) -> None:
        try:
            await steering.retry_failed(api.context, HOME, sight.runs[0])
        except Conflict as done:
            if "no state that failed" not in str(done):
                raise

    return Act("manual retry of all", work, lambda sight: sight.ended(1), in_model=lambda model: model.retry_failed())


def rerun(identifier: str) -> Act:
    """The run is run again from a node, when it has ended."""

    async def work(api: Api, sight: Sight) -> None:
        await steering_rerun(api.context, HOME, sight.runs[0], identifier=identifier, inputs={}, store={})

    return Act("rerun", work, lambda sight: sight.ended(1))


def delete(*, force: bool, when: Callable[[Sight], bool]) -> Act:
    """The graph is deleted."""

    async def work(api: Api, sight: Sight) -> None:
        try:
            await deletion.delete(api.redis, "ns", "g", 1, force=force)
        except NotFound:
            # Deleted by the try before; what that left is for the background jobs.
            return

    return Act("delete the graph", work, when, in_model=lambda model: model.cancel() if force else None)


async def finish_deletions(api: Api, sight: Sight) -> None:
    """Deletions are gone on with."""
    await upkeep.finish_deletions(api.jobs)


async def remove(api: Api, sight: Sight) -> None:
    """Runs whose retention time is over are removed."""
    await upkeep.remove_expired_runs(api.jobs)


async def fire(api: Api, sight: Sight) -> None:
    """Schedules that are due are fired."""
    await fire_due_schedules(api.jobs)


def count(identifier: str, number: int) -> Callable[[Sight], bool]:
    """Whether a node has so many states."""
    return lambda sight: sum(state.identifier == identifier for state in sight.states) == number


def pending(identifier: str) -> Callable[[Sight], bool]:
    """Whether a runtime holds a state of a node."""
    return lambda sight: any(state.identifier == identifier and state.status == "QUEUED" for state in sight.states)
