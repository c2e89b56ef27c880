"""What is played at every crash point: a graph, what its nodes do, and what people do meanwhile."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.world import HOME, node
from exosphere_core.errors import Conflict, NotFound
from exosphere_orchestrator.background.cron import CLAIM_LEASE_MS, fire_due_schedules
from exosphere_orchestrator.background.upkeep import finish_deletions, remove_expired_runs
from exosphere_orchestrator.catalog import deletion
from exosphere_orchestrator.steering.cancel import cancel_run
from exosphere_orchestrator.steering.rerun import rerun
from exosphere_orchestrator.steering.retry import retry_failed, retry_state
from points.actors import Api
from points.sight import Sight
from semantics.happenings import Executed, Failed, Outcome, Pruned, Requeued
from semantics.model import Model

#: When the schedules of the cron scene are due, in unix ms.
DUE_AT = 1_750_000_000_000

_NO_RETRY = {"max_retries": 0}
_SOON = {"max_retries": 2, "strategy": "FIXED", "backoff_factor": 3_600_000}
#: Sometimes 0 ms, sometimes 1 ms.
_AT_ONCE = {"max_retries": 2, "strategy": "FIXED_FULL_JITTER", "backoff_factor": 1}


class Deed(NamedTuple):
    """An execution of a node, as far as what it does may depend on it."""

    identifier: str
    inputs: Mapping[str, str]
    retry_count: int
    #: It retries another state.
    again: bool
    #: It was put back by its own wish before.
    requeued: bool


#: What comes of an execution; None for a node that does not return before the gate is open.
Behaviour = Callable[[Deed], Outcome | None]


class Act(NamedTuple):
    """What somebody does, once the time for it has come. It is done again by another process after a fault.

    Attributes:
        when: whether the time has come.
        jobs: it is done by the background jobs; else it is a request.
        in_model: the same, for the model.
        moment_ms: what time it is for schedules; a try after a fault comes a claim's lease later.
    """

    what: str
    work: Callable[[Api, Sight], Coroutine[Any, Any, Any]]
    when: Callable[[Sight], bool] = lambda _: True
    jobs: bool = False
    in_model: Callable[[Model], Any] | None = None
    moment_ms: int | None = None


def NEVER(_: Sight) -> bool:
    """The gate stays shut."""
    return False


@dataclass(frozen=True)
class Scene:
    """One play.

    Attributes:
        chunk: how many states one script makes.
        opens: when the nodes that wait for the gate go on.
        drains: when the first runtime, or state manager, is asked to stop: its name → when.
        modelled: whether the model says what comes of it; else only what holds of every run is checked.
        status: what the runs come to.
        scheduled: the graph has a schedule that is due.
        removed: its runs are removed in the end.
        flushed: Redis does not know the scripts.
    """

    name: str
    nodes: Sequence[dict[str, Any]]
    behave: Behaviour
    acts: Sequence[Act]
    more: Mapping[str, Any] = field(default_factory=dict)
    chunk: int = 3
    store: Mapping[str, str] = field(default_factory=dict)
    delay_ms: int = 0
    opens: Callable[[Sight], bool] = lambda _: True
    drains: Mapping[str, Callable[[Sight], bool]] = field(default_factory=dict)
    modelled: bool = True
    status: str = "SUCCESS"
    scheduled: bool = False
    removed: bool = False
    flushed: bool = False

    def outcome(self, deed: Deed) -> Outcome | None:
        """What comes of an execution in the end; None when it never returns."""
        return self.behave(deed) or (None if self.opens is NEVER else _values(deed))


def _values(deed: Deed) -> Outcome:
    return Executed([{"v": deed.identifier + "".join(deed.inputs.values())}])


def _fans(width: int, then: Behaviour = _values, store: Mapping[str, str] | None = None) -> Behaviour:
    def behave(deed: Deed) -> Outcome | None:
        if deed.identifier != "a":
            return then(deed)
        return Executed([{"v": f"{n}"} for n in range(width)], fanned_out=True, store=dict(store or {}))

    return behave


def _when(identifier: str, outcome: Callable[[Deed], Outcome | None], otherwise: Behaviour = _values) -> Behaviour:
    return lambda deed: outcome(deed) if deed.identifier == identifier else otherwise(deed)


def _fails(deed: Deed) -> Outcome:
    return Failed("boom", retryable=False)


def _fails_first(deed: Deed) -> Outcome:
    return _values(deed) if deed.again else Failed("boom")


def _fails_by_hand(deed: Deed) -> Outcome:
    return _values(deed) if deed.again else Failed("boom", retryable=False)


def _odd(of_odd: Behaviour, of_even: Behaviour = _values) -> Behaviour:
    return lambda deed: of_odd(deed) if int(deed.inputs["x"][-1]) % 2 else of_even(deed)


def _prunes(_: Deed) -> Outcome:
    return Pruned({"why": "enough"})


def _requeues(deed: Deed) -> Outcome:
    return _values(deed) if deed.requeued else Requeued(3_600_000)


def _trigger(scene_delay: int = 0, store: Mapping[str, str] | None = None) -> Act:
    async def work(api: Api, sight: Sight) -> None:
        await api.runs.trigger("ns", "g", {}, dict(store or {}), scene_delay, key="once")

    return Act("trigger", work)


def _cancel(when: Callable[[Sight], bool]) -> Act:
    async def work(api: Api, sight: Sight) -> None:
        await cancel_run(api.context, HOME, sight.runs[0])

    return Act("cancel", work, when, in_model=lambda model: model.cancel())


def _retry(identifier: str) -> Act:
    async def work(api: Api, sight: Sight) -> None:
        (state,) = [found for found in sight.states if found.identifier == identifier and not found.chain]
        try:
            await retry_state(api.context, HOME, state.id, "once")
        except Conflict as done:
            # Its reply was lost: the caller learns that it was made.
            assert "was made before" in str(done)

    def in_model(model: Model) -> None:
        (label,) = [state.label for state in model.states.values() if state.identifier == identifier]
        model.retry(label, "once")

    return Act("manual retry", work, lambda sight: sight.ended(1), in_model=in_model)


def _retry_failed() -> Act:
    async def work(api: Api, sight: Sight) -> None:
        try:
            await retry_failed(api.context, HOME, sight.runs[0])
        except Conflict as done:
            assert "no state that failed" in str(done)

    return Act("manual retry of all", work, lambda sight: sight.ended(1), in_model=lambda model: model.retry_failed())


def _rerun(identifier: str) -> Act:
    async def work(api: Api, sight: Sight) -> None:
        await rerun(api.context, HOME, sight.runs[0], identifier=identifier, inputs={}, store={})

    return Act("rerun", work, lambda sight: sight.ended(1))


def _delete(*, force: bool, when: Callable[[Sight], bool]) -> Act:
    async def work(api: Api, sight: Sight) -> None:
        try:
            await deletion.delete(api.redis, "ns", "g", 1, force=force)
        except NotFound:
            # Deleted by the try before; what that left is for the background jobs.
            return

    return Act("delete the graph", work, when, in_model=lambda model: model.cancel() if force else None)


async def _finish_deletions(api: Api, sight: Sight) -> None:
    await finish_deletions(api.jobs)


async def _remove(api: Api, sight: Sight) -> None:
    await remove_expired_runs(api.jobs)


async def _fire(api: Api, sight: Sight) -> None:
    await fire_due_schedules(api.jobs)


def _count(identifier: str, number: int) -> Callable[[Sight], bool]:
    return lambda sight: sum(state.identifier == identifier for state in sight.states) == number


def _pending(identifier: str) -> Callable[[Sight], bool]:
    return lambda sight: any(state.identifier == identifier and state.status == "QUEUED" for state in sight.states)


_CHAIN = (node("a", ["b"]), node("b", ["c"], x="${{ a.outputs.v }}"), node("c", x="${{ b.outputs.v }}${{ a.outputs.v }}"))
_RETRYING = (node("a", ["b"]), node("b", x="${{ a.outputs.v }}"))


def _united(strategy: str = "ALL_SUCCESS", read: str = "v") -> tuple[dict[str, Any], ...]:
    return (
        node("a", ["b"]),
        node("b", ["u"], x="${{ a.outputs.v }}"),
        node("u", ["z"], unites={"identifier": "a", "strategy": strategy}, x=f"${{{{ b.outputs.{read} }}}}"),
        node("z", x="${{ u.outputs.v }}"),
    )


def _nested(strategy: str) -> tuple[dict[str, Any], ...]:
    return (
        node("a", ["b"]),
        node("b", ["c"], x="${{ a.outputs.v }}"),
        node("c", ["u"], x="${{ b.outputs.v }}"),
        node("u", ["w"], unites={"identifier": "b", "strategy": strategy}, x="${{ c.outputs.v }}"),
        node("w", unites="a", x="${{ u.outputs.v }}"),
    )


def _final(nodes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"nodes": nodes, "more": {"retry_policy": _NO_RETRY}}


_GO = (_trigger(),)
_HELD = _when("b", lambda _: None)

SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene("chain", _CHAIN, _values, _GO),
        Scene("chain, scripts forgotten", _CHAIN, _values, _GO, flushed=True),
        Scene(
            "trigger with delay and store", (node("a", x="${{ store.k }}"),), _values, (_trigger(60_000, {"k": "s"}),),
            {"store_config": {"required_keys": ["k"]}}, delay_ms=60_000, store={"k": "s"},
        ),
        Scene("store written", (node("a", ["b"]), node("b", x="${{ store.k }}")), _fans(1, store={"k": "new"}), _GO,
              {"store_config": {"default_values": {"k": "old"}}}),
        Scene("fan-out in one script", _RETRYING, _fans(3), _GO, chunk=50),
        Scene("fan-out in chunks", _RETRYING, _fans(8), _GO),
        Scene("fan-out of nothing", _united(), _fans(0), _GO),
        Scene("two edges", (node("a", ["b", "c"]), node("b"), node("c")), _values, _GO),
        Scene("unite ALL_SUCCESS", _united(), _fans(4), _GO),
        Scene("unite ALL_SUCCESS, failed", behave=_fans(4, _when("b", _odd(_fails))), acts=_GO, status="FAILED", **_final(_united())),
        Scene("unite ALL_DONE, failed", behave=_fans(4, _when("b", _odd(_fails))), acts=_GO, **_final(_united("ALL_DONE"))),
        Scene("unite, some pruned", _united(), _fans(4, _when("b", _odd(_prunes))), _GO),
        Scene("unite, all pruned", _united(), _fans(3, _when("b", _prunes)), _GO),
        Scene("unite whose inputs can't be made", behave=_fans(3), acts=_GO, status="FAILED", **_final(_united(read="w"))),
        Scene("nested unites", _nested("ALL_SUCCESS"), _when("b", lambda _: Executed([{"v": "1"}, {"v": "2"}], fanned_out=True), _fans(2)), _GO),
        Scene("nested unites, failed and tolerated", behave=_when("c", lambda deed: _fails(deed)  , _fans(2)), acts=_GO, **_final(_nested("ALL_DONE"))),
        Scene("unite of two branches", (node("a", ["b", "c"]), node("b", ["u"]), node("c", ["u"]), node("u", unites="a", x="${{ b.outputs.v }}${{ c.outputs.v }}")), _values, _GO),
        Scene("retry", _RETRYING, _when("b", _fails_first), _GO, {"retry_policy": _SOON}),
        Scene("retry at once", _RETRYING, _when("b", _fails_first), _GO, {"retry_policy": _AT_ONCE}),
        Scene("no retry left", behave=_when("b", _fails), acts=_GO, status="FAILED", **_final(_RETRYING)),
        Scene("children that can't be made", (node("a", ["b"]), node("b", x="${{ a.outputs.w }}")), _values, _GO, status="FAILED"),
        Scene("prune", _RETRYING, _when("a", _prunes), _GO),
        Scene("requeue", _RETRYING, _when("b", _requeues), _GO),
        Scene("cancel", _united(), _fans(4, _HELD), (*_GO, _cancel(_count("b", 4))), opens=NEVER, status="CANCELLED"),
        Scene("cancel of what waits", _RETRYING, _when("b", lambda _: Failed("boom")), (*_GO, _cancel(_count("b", 2))),
              {"retry_policy": {**_SOON, "max_retries": 1}}, status="CANCELLED", modelled=False),
        Scene("manual retry", behave=_when("b", _fails_by_hand), acts=(*_GO, _retry("b")), **_final(_CHAIN)),
        Scene("manual retry below a unite", behave=_fans(1, _when("b", _fails_by_hand)), acts=(*_GO, _retry("b")), **_final(_united())),
        Scene("manual retry of all", behave=_fans(4, _when("b", _odd(_fails_by_hand))), acts=(*_GO, _retry_failed()), **_final(_united())),
        Scene("rerun", _united(), _fans(3), (*_GO, _rerun("b"))),
        Scene("rerun from the end", _CHAIN, _values, (*_GO, _rerun("c"))),
        Scene(
            "cron", _RETRYING, _values,
            (Act("fire schedules", _fire, jobs=True, moment_ms=DUE_AT + 1000),),
            {"triggers": [{"type": "CRON", "value": {"expression": "0 * * * *"}}]}, scheduled=True,
        ),
        Scene("retention", _united(), _fans(4), (*_GO, Act("remove old runs", _remove, lambda sight: sight.ended(1), jobs=True)), removed=True),
        Scene(
            "graph deletion", _CHAIN, _values,
            (*_GO, _delete(force=False, when=lambda sight: sight.ended(1)), Act("finish deletions", _finish_deletions, jobs=True)),
        ),
        Scene(
            "forced graph deletion", _united(), _fans(3, _HELD),
            (*_GO, _delete(force=True, when=_count("b", 3)), Act("finish deletions", _finish_deletions, lambda sight: sight.ended(1), jobs=True)),
            opens=NEVER, status="CANCELLED",
        ),
        Scene("drain of a runtime", _united(), _fans(3, _HELD), _GO, drains={"w-1": _pending("b")}, opens=lambda sight: sight.drained),
        Scene("drain of a runtime at work", _CHAIN, _HELD, _GO, drains={"w-1": _pending("b")}, opens=_pending("b")),
        Scene("drain of a state manager", _united(), _fans(8, _HELD), _GO, drains={"sm-1": _count("b", 8)}, opens=lambda sight: sight.drained),
    )
}  # fmt: skip

#: A claim of a process that died is open to others after this, in ms.
CLAIM_MS = CLAIM_LEASE_MS + 1000
