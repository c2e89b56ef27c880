"""What a trigger makes a run of: the newest version of a graph, and its store."""

from collections.abc import Mapping

from exosphere_core.errors import BadRequest, InvalidGraph, NotFound
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.names import identifier_error
from exosphere_core.store.catalog import read_head
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.admission.pause import refuse_paused
from exosphere_orchestrator.engine.graphs import GraphPlans


async def plan_to_run(redis: Redis, plans: GraphPlans, namespace: str, graph: str) -> GraphPlan:
    """Return a graph's newest version.

    Raises:
        NotFound: there is no such graph.
        Conflict: it is paused.
        InvalidGraph: it can't run.
    """
    head = await read_head(redis, namespace, graph)
    if head is None:
        raise no_graph(namespace, graph)
    refuse_paused(namespace, head)
    if head.validation_status != "VALID":
        raise InvalidGraph(
            f"graph {graph!r} can't run, its validation status is {head.validation_status}: "
            + "; ".join(head.validation_errors),
            head.validation_errors,
        )
    plan = await plans.get(namespace, graph, head.version)
    plans.note_newest(plan)
    return plan


def no_graph(namespace: str, graph: str) -> NotFound:
    """What is said of a graph that is not there."""
    return NotFound(f"namespace {namespace!r} has no graph {graph!r}")


def store_of(plan: GraphPlan, given: Mapping[str, str]) -> dict[str, str]:
    """Lay what a trigger gives over the defaults of the store.

    Raises:
        BadRequest: a key is none, or a required one is missing.
    """
    if errors := [error for key in given if (error := identifier_error("store key", key))]:
        raise BadRequest("; ".join(errors))
    values = {**plan.default_store, **given}
    missing = [key for key in plan.required_keys if key not in values]
    if missing:
        raise BadRequest(
            f"store: graph {plan.graph!r} needs {', '.join(repr(key) for key in missing)}; "
            "give it in the trigger's store or a default in store_config"
        )
    return values
