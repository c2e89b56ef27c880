"""Entries of the report stream that nobody can apply are put aside with a reason and stop nothing else."""

from typing import Any

import pytest

from engine.world import HOME, Lane, World, node, one
from entry_words import words
from exosphere_core.store import streams

GOOD: dict[str, Any] = {
    "kind": "executed", "home": "ns", "state": "0" * 32, "attempt": "1", "body": '{"outputs":[{}]}',
}  # fmt: skip

#: Of a state that came to the stream as those of a rerun do.
TASK = '{"run":"r","home":"ns","graph":"g","version":1,"identifier":"a","node":"A","namespace":"ns"}'


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"hello": "world"}, "field kind is missing"),
        ({**GOOD, "kind": "dance"}, "its kind is unknown"),
        ({**GOOD, "kind": "replay"}, "its kind is unknown"),
        ({**GOOD, "state": b"\xff"}, "a field is not UTF-8"),
        ({**GOOD, "home": "no:colons"}, "home 'no:colons' is not allowed"),
        ({**GOOD, "attempt": "-1"}, "attempt is no number"),
        ({**GOOD, "state": "short"}, "state is no id"),
        ({**GOOD, "body": "{"}, "its body can't be read"),
        ({**GOOD, "body": '{"outputs":[{"a":1}]}'}, "its body can't be read"),
        (GOOD, "there is no such state"),
        ({**GOOD, "kind": "unreadable", "body": "{}"}, "a runtime took an entry that is no delivery, and did not say"),
        ({**GOOD, "kind": "unreadable", "body": "[" * 50_000}, "and did not say which"),
        ({"state": "0" * 32, "attempt": "1", "task": "[" * 50_000}, "it is neither a report nor a new state"),
        (
            {"state": "0" * 32, "attempt": "1", "task": TASK},
            "there is no such state",
        ),
        (
            {
                **GOOD,
                "kind": "unreadable",
                "state": "",
                "attempt": "0",
                "body": '{"stream":"s","entry":"1-1","reason":"field task is missing","fields":{"a":"b"}}',
            },
            "entry 1-1 of s is no delivery for the runtime that took it: field task is missing",
        ),
    ],
)
def test_it_is_put_aside_with_its_reason(lane: Lane, entry: dict[str, Any], reason: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        held = await world.take_one("a")
        await world.redis.xadd(HOME.reports, entry)
        await world.report(held, one())
        ((_, kept),) = await world.redis.xrange(HOME.rejected)
        assert reason in kept[b"reason"].decode()
        assert world.context.counts["rejected"] == 1
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_report_for_another_namespaces_state_changes_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        foreign = node("a")
        foreign["namespace"] = "other"
        await world.graph(foreign)
        await world.trigger()
        state = (await world.states())[0]
        forged: Any = {**GOOD, "state": state.id}
        await world.redis.xadd(HOME.reports, forged)
        await world.drain()
        ((_, kept),) = await world.redis.xrange(HOME.rejected)
        assert kept[b"reason"] == b"the state is of another namespace"
        assert (await world.state("a")).status == "CREATED"

    lane.run(scene)


def test_a_delay_beyond_all_clocks_fails_its_state_with_the_reason(lane: Lane) -> None:
    kind, body = "requeued", '{"delay_ms":18446744073709551615}'
    reason = "it asks to be run again after 18446744073709551615 ms; the limit"

    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        held = await world.take_one("a")
        forged: Any = {**GOOD, "kind": kind, "body": body, "state": held.state, "attempt": held.attempt}
        await streams.send_reports(world.redis, [(HOME.reports, words(forged))], {held.stream: [held.entry]})
        await world.drain()
        ((_, kept),) = await world.redis.xrange(HOME.rejected)
        assert reason in kept[b"reason"].decode()
        state = await world.state("a")
        assert state.status == "ERRORED"
        assert reason in (state.error or "")
        await world.check_counts()

    lane.run(scene)
