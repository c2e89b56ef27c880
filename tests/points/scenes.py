"""What is played at every crash point."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from engine.handover import foreign
from engine.world import node
from exosphere_core.store.moves import LARGE_BYTES
from points.acts import (
    cancel,
    count,
    delete,
    finish_deletions,
    fire,
    pending,
    remove,
    rerun,
    retry,
    retry_failed,
    trigger,
    trigger_in_bulk,
)
from points.scene import DUE_AT, NEVER, Act, Behaviour, Deed, Scene, values
from semantics.happenings import Executed, Failed, Outcome, Pruned, Requeued

_NO_RETRY = {"max_retries": 0}
_SOON = {"max_retries": 2, "strategy": "FIXED", "backoff_factor": 3_600_000}
#: Sometimes 0 ms, sometimes 1 ms.
_AT_ONCE = {"max_retries": 2, "strategy": "FIXED_FULL_JITTER", "backoff_factor": 1}


def _fans(width: int, then: Behaviour = values, store: Mapping[str, str] | None = None) -> Behaviour:
    def behave(deed: Deed) -> Outcome | None:
        if deed.identifier != "a":
            return then(deed)
        return Executed([{"v": f"{n}"} for n in range(width)], fanned_out=True, store=dict(store or {}))

    return behave


def _when(identifier: str, outcome: Callable[[Deed], Outcome | None], otherwise: Behaviour = values) -> Behaviour:
    return lambda deed: outcome(deed) if deed.identifier == identifier else otherwise(deed)


def _fails(deed: Deed) -> Outcome:
    return Failed("boom", retryable=False)


def _fails_first(deed: Deed) -> Outcome:
    return values(deed) if deed.again else Failed("boom")


def _fails_by_hand(deed: Deed) -> Outcome:
    return values(deed) if deed.again else Failed("boom", retryable=False)


def _odd(of_odd: Behaviour, of_even: Behaviour = values) -> Behaviour:
    return lambda deed: of_odd(deed) if int(deed.inputs["x"][-1]) % 2 else of_even(deed)


def _prunes(_: Deed) -> Outcome:
    return Pruned({"why": "enough"})


def _requeues(deed: Deed) -> Outcome:
    return values(deed) if deed.requeued else Requeued(3_600_000)


def _large(deed: Deed) -> Outcome:
    """Two of these are more than a unite takes along."""
    return Executed([{"v": deed.inputs["x"][-1] * (LARGE_BYTES // 2)}])


def _weighed(deed: Deed) -> Outcome:
    """The node returns a short text that tells what it was given."""
    return Executed([{"v": sha256(deed.inputs["x"].encode()).hexdigest()}])


_CHAIN = (
    node("a", ["b"]),
    node("b", ["c"], x="${{ a.outputs.v }}"),
    node("c", x="${{ b.outputs.v }}${{ a.outputs.v }}"),
)
_AWAY = (
    node("a", ["b"]),
    foreign("b", "c", x="${{ a.outputs.v }}"),
    node("c", x="${{ b.outputs.v }}"),
)
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


_GO = (trigger(),)
_HELD = _when("b", lambda _: None)

SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene("chain", _CHAIN, values, _GO),
        Scene("chain, scripts forgotten", _CHAIN, values, _GO, flushed=True),
        Scene(
            "trigger with delay and store", (node("a", x="${{ store.k }}"),), values, (trigger(60_000, {"k": "s"}),),
            {"store_config": {"required_keys": ["k"]}}, delay_ms=60_000, store={"k": "s"},
        ),
        Scene("bulk trigger", _CHAIN, values, (trigger_in_bulk(),), sends=("trigger_many",)),
        Scene(
            "bulk trigger with delay and store", (node("a", x="${{ store.k }}"),), values, (trigger_in_bulk(60_000, {"k": "s"}),),
            {"store_config": {"required_keys": ["k"]}}, delay_ms=60_000, store={"k": "s"}, sends=("trigger_many",),
        ),
        Scene("store written", (node("a", ["b"]), node("b", x="${{ store.k }}")), _fans(1, store={"k": "new"}), _GO,
              {"store_config": {"default_values": {"k": "old"}}}),
        Scene("fan-out in one script", _RETRYING, _fans(3), _GO, chunk=50),
        Scene("fan-out in chunks", _RETRYING, _fans(8), _GO),
        Scene("fan-out of nothing", _united(), _fans(0), _GO),
        Scene("two edges", (node("a", ["b", "c"]), node("b"), node("c")), values, _GO),
        Scene("unite ALL_SUCCESS", _united(), _fans(4), _GO),
        Scene("unite over large inputs", _united(), _fans(2, _when("b", _large, _when("u", _weighed))), _GO, sends=("lay_down", "join")),
        Scene("unite ALL_SUCCESS, failed", behave=_fans(4, _when("b", _odd(_fails))), acts=_GO, status="FAILED", **_final(_united())),
        Scene("unite ALL_DONE, failed", behave=_fans(4, _when("b", _odd(_fails))), acts=_GO, **_final(_united("ALL_DONE"))),
        Scene("unite, some pruned", _united(), _fans(4, _when("b", _odd(_prunes))), _GO),
        Scene("unite, all pruned", _united(), _fans(3, _when("b", _prunes)), _GO),
        Scene("unite whose inputs can't be made", behave=_fans(3), acts=_GO, status="FAILED", **_final(_united(read="w"))),
        Scene("nested unites", _nested("ALL_SUCCESS"), _when("b", lambda _: Executed([{"v": "1"}, {"v": "2"}], fanned_out=True), _fans(2)), _GO),
        Scene("nested unites, failed and tolerated", behave=_when("c", lambda deed: _fails(deed)  , _fans(2)), acts=_GO, **_final(_nested("ALL_DONE"))),
        Scene("unite of two branches", (node("a", ["b", "c"]), node("b", ["u"]), node("c", ["u"]), node("u", unites="a", x="${{ b.outputs.v }}${{ c.outputs.v }}")), values, _GO),
        Scene("node of another namespace", _AWAY, values, _GO),
        Scene("fan-out to another namespace", _AWAY, _fans(4), _GO),
        Scene("retry in another namespace", _AWAY, _when("b", _fails_first), _GO, {"retry_policy": _SOON}),
        Scene("requeue in another namespace", _AWAY, _when("b", _requeues), _GO),
        Scene("cancel of what another namespace runs", _AWAY, _fans(3, _HELD), (*_GO, cancel(count("b", 3))), opens=NEVER, status="CANCELLED"),
        Scene("drain of another namespace's runtime", _AWAY, _fans(3, _HELD), _GO, drains={"other-1": pending("b")}, opens=lambda sight: sight.drained),
        Scene("retry", _RETRYING, _when("b", _fails_first), _GO, {"retry_policy": _SOON}),
        Scene("retry at once", _RETRYING, _when("b", _fails_first), _GO, {"retry_policy": _AT_ONCE}),
        Scene("no retry left", behave=_when("b", _fails), acts=_GO, status="FAILED", **_final(_RETRYING)),
        Scene("children that can't be made", (node("a", ["b"]), node("b", x="${{ a.outputs.w }}")), values, _GO, status="FAILED"),
        Scene("prune", _RETRYING, _when("a", _prunes), _GO),
        Scene("requeue", _RETRYING, _when("b", _requeues), _GO),
        Scene("cancel", _united(), _fans(4, _HELD), (*_GO, cancel(count("b", 4))), opens=NEVER, status="CANCELLED"),
        Scene("cancel of what waits", _RETRYING, _when("b", lambda _: Failed("boom")), (*_GO, cancel(count("b", 2))),
              {"retry_policy": {**_SOON, "max_retries": 1}}, status="CANCELLED", modelled=False),
        Scene("manual retry", behave=_when("b", _fails_by_hand), acts=(*_GO, retry("b")), **_final(_CHAIN)),
        Scene("manual retry below a unite", behave=_fans(1, _when("b", _fails_by_hand)), acts=(*_GO, retry("b")), **_final(_united())),
        Scene("manual retry of all", behave=_fans(4, _when("b", _odd(_fails_by_hand))), acts=(*_GO, retry_failed()), **_final(_united())),
        Scene("rerun", _united(), _fans(3), (*_GO, rerun("b"))),
        Scene("rerun from the end", _CHAIN, values, (*_GO, rerun("c"))),
        Scene(
            "cron", _RETRYING, values,
            (Act("fire schedules", fire, jobs=True, moment_ms=DUE_AT + 1000),),
            {"triggers": [{"type": "CRON", "value": {"expression": "0 * * * *"}}]}, scheduled=True,
        ),
        Scene("retention", _united(), _fans(4), (*_GO, Act("remove old runs", remove, lambda sight: sight.ended(1), jobs=True)), removed=True),
        Scene(
            "graph deletion", _CHAIN, values,
            (*_GO, delete(force=False, when=lambda sight: sight.ended(1)), Act("finish deletions", finish_deletions, jobs=True)),
        ),
        Scene(
            "forced graph deletion", _united(), _fans(3, _HELD),
            (
                *_GO, delete(force=True, when=count("b", 3)),
                # They come again and again: whoever asked may have died before anything was cancelled.
                Act("finish deletions", finish_deletions, jobs=True),
                Act("finish what waited for the runs", finish_deletions, lambda sight: sight.ended(1), jobs=True),
            ),
            opens=NEVER, status="CANCELLED",
        ),
        Scene("drain of a runtime", _united(), _fans(3, _HELD), _GO, drains={"w-1": pending("b")}, opens=lambda sight: sight.drained),
        Scene("drain of a runtime at work", _CHAIN, _HELD, _GO, drains={"w-1": pending("b")}, opens=pending("b")),
        Scene("drain of a state manager", _united(), _fans(8, _HELD), _GO, drains={"sm-1": count("b", 8)}, opens=lambda sight: sight.drained),
    )
}  # fmt: skip
