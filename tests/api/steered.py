"""Runs to be steered, and how a test looks at them."""

import threading
from typing import Any

import httpx

from api.service import PATIENCE_MS, Space, many, node_class, one
from exosphere_core import api
from exosphere_worker.held import Held
from exosphere_worker.outcome import Failed, Outcome

BOOM = Failed("boom", retryable=False)


def fan(space: Space) -> None:
    """Store the graph `g`: `spread` fans out, `work` works on each branch, `all` unites them."""
    space.register(node_class("Spread"), node_class("Work", ("y",)), node_class("All", ("ys",)))
    space.graph(
        space.node("spread", "work"),
        space.node("work", "all", inputs={"y": "${{ spread.outputs.v }}"}),
        space.node("all", inputs={"ys": "${{ work.outputs.v }}"}, unites={"identifier": "spread"}),
    )


def failed_chain(space: Space) -> tuple[str, Held]:
    """A run of `chain` that failed at its second node; returns it with the delivery that failed."""
    space.chain()
    run = space.trigger(inputs={"x": "mine"})
    space.do("First", one(v="1"))
    held = space.do("Second", BOOM)
    assert space.wait(run)["status"] == "FAILED"
    return run, held


def state(space: Space, run: str, state_id: str) -> dict[str, Any]:
    return space.ok(api.GET_STATE, run_id=run, state_id=state_id)


def statuses(space: Space, run: str) -> dict[str, list[str]]:
    """identifier → the statuses of its states."""
    found: dict[str, list[str]] = {}
    for node in space.ok(api.GET_STRUCTURE, run_id=run)["nodes"]:
        found.setdefault(node["identifier"], []).append(node["status"])
    return {identifier: sorted(each) for identifier, each in found.items()}


def counts(summary: dict[str, Any]) -> dict[str, int]:
    """The counts of a run, as far as they are not 0."""
    return {name.removesuffix("_count"): n for name, n in summary.items() if name.endswith("_count") and n}


def listed(space: Space, run: str) -> dict[str, Any]:
    """A run's line in the list of runs."""
    (found,) = [each for each in space.ok(api.LIST_RUNS, page=1, size=100)["runs"] if each["run_id"] == run]
    return dict(found)


def half_failed(space: Space) -> tuple[str, list[Held]]:
    """A run of `fan` that failed in two of its four branches; returns it with those deliveries."""
    fan(space)
    run = space.trigger()
    space.do("Spread", many("1", "2", "3", "4"))
    outcomes: list[Outcome] = [one(v="a"), BOOM, one(v="c"), BOOM]
    held = [space.do("Work", outcome) for outcome in outcomes]
    assert space.wait(run)["status"] == "FAILED"
    return run, held[1::2]


class Waiting:
    """Somebody who waits for the end of a run in a thread."""

    def __init__(self, space: Space, run: str) -> None:
        self._answers: list[httpx.Response] = []

        def wait() -> None:
            self._answers.append(space.call(api.WAIT_RUN, run_id=run, query={"timeout_ms": 60_000}))

        self._thread = threading.Thread(target=wait)
        self._thread.start()

    def waits(self) -> bool:
        return self._thread.is_alive()

    def answer(self) -> dict[str, Any]:
        self._thread.join(timeout=PATIENCE_MS / 1000)
        assert not self.waits(), "the wait did not end"
        return dict(self._answers[0].json())
