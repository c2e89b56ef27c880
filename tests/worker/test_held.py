"""What a runtime holds."""

import pytest

from exosphere_core.records import Task, encode
from exosphere_core.store.streams import Entry
from exosphere_worker.held import Held, Holdings, read_delivery

TASK = Task(run="r", home="ns", graph="g", version=1, identifier="a", node="A", namespace="ns")
FIELDS = {b"state": b"s", b"attempt": b"3", b"task": encode(TASK), b"inputs": b'{"x":"1"}'}


def held(entry: str, stream: str = "ready") -> Held:
    return read_delivery(Entry(stream, entry, FIELDS))


def test_a_delivery_is_read_from_its_entry() -> None:
    found = held("1-1")
    assert (found.stream, found.entry, found.state, found.attempt) == ("ready", "1-1", "s", "3")
    assert (found.task, found.inputs) == (TASK, b'{"x":"1"}')
    assert found.running is None
    assert not found.lost


@pytest.mark.parametrize("missing", sorted(FIELDS))
def test_an_entry_that_lacks_a_field_is_none_of_ours(missing: bytes) -> None:
    with pytest.raises(KeyError):
        read_delivery(Entry("ready", "1-1", {name: value for name, value in FIELDS.items() if name != missing}))


@pytest.mark.parametrize("wrong", [{b"task": b"{"}, {b"task": b"{}"}, {b"state": b"\xff"}, {b"attempt": b"\xff"}])
def test_an_entry_that_can_not_be_read_is_none_of_ours(wrong: dict[bytes, bytes]) -> None:
    with pytest.raises(ValueError):
        read_delivery(Entry("ready", "1-1", {**FIELDS, **wrong}))


def test_what_is_held_already_is_not_held_twice() -> None:
    holdings = Holdings()
    first = held("1-1")
    assert holdings.add(first)
    assert not holdings.add(held("1-1"))
    assert holdings.add(held("1-1", "another"))
    assert holdings.get("ready", "1-1") is first
    assert len(holdings) == 2


def test_entries_are_told_by_stream_until_they_are_removed() -> None:
    holdings = Holdings()
    some = [held("1-1"), held("1-2"), held("1-1", "another")]
    for each in some:
        holdings.add(each)
    assert holdings.by_stream() == {"ready": ["1-1", "1-2"], "another": ["1-1"]}
    holdings.remove(some[0])
    holdings.remove(some[0])
    assert holdings.by_stream() == {"ready": ["1-2"], "another": ["1-1"]}
    assert holdings.get("ready", "1-1") is None
    assert holdings.all() == some[1:]


def test_what_is_removed_while_pending_entries_are_read_is_noted() -> None:
    holdings = Holdings()
    before, during, after = (held(f"{number}-0") for number in range(3))
    for each in (before, during, after):
        holdings.add(each)
    holdings.remove(before)
    with holdings.noting_removals() as gone:
        holdings.remove(during)
    holdings.remove(after)
    assert gone == {(during.stream, during.entry)}
