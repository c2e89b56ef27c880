"""Records: bodies of reports, tasks and plans come out as they went in."""

import msgspec
import pytest

from exosphere_core.records import (
    BODIES,
    Body,
    Executed,
    Failed,
    Kind,
    Pruned,
    Requeued,
    Task,
    UnitePlan,
    decode_task,
    decode_unite_plan,
    encode,
)


@pytest.mark.parametrize(
    "body",
    [
        Executed(outputs=[{"text": "ä"}, {}], fanned_out=True, store={"cursor": "1"}),
        Executed(outputs=[]),
        Failed("no such file", retryable=False),
        Pruned(),
        Requeued(1500),
    ],
)
def test_the_body_of_a_report_survives_its_way_over_the_stream(body: Body) -> None:
    assert msgspec.json.decode(encode(body), type=type(body)) == body
    assert type(body) in BODIES.values()


def test_each_kind_of_report_that_has_a_body_has_one_type_for_it() -> None:
    assert set(Kind) - set(BODIES) == {Kind.RELEASED, Kind.SETTLED, Kind.CANCELLED, Kind.REPLAY}
    assert len(set(BODIES.values())) == len(BODIES)


def test_a_task_and_the_plan_of_a_unite_survive_their_way_over_the_store() -> None:
    task = Task("r", "lab", "g", 1, "leaf", "Leaf", "lab", {"root": "s"}, ".10-10", 2, {"join": "u"}, "c", 1, 500)
    assert decode_task(encode(task)) == task
    assert decode_task(encode(task).decode()) == task
    bare = Task("r", "lab", "g", 1, "root", "Root", "lab")
    assert decode_task(encode(bare)) == bare
    plan = UnitePlan("r", "lab", "g", 1, "join", "s", {"root": "s"}, "", {"outer": "u"}, 3)
    assert decode_unite_plan(encode(plan)) == plan
