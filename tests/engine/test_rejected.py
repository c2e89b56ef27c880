"""Entries of the report stream that nobody can apply are put aside with a reason and stop nothing else."""

from typing import Any

import pytest

from engine.world import HOME, Lane, World, node, one

GOOD: dict[str, Any] = {
    "kind": "executed", "home": "ns", "state": "0" * 32, "attempt": "1", "body": '{"outputs":[{}]}',
}  # fmt: skip


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
