"""What a runtime holds."""

import msgspec
import pytest

from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task, encode
from exosphere_core.store.streams import Entry
from exosphere_worker.held import Held, Holdings, NoDelivery, read_delivery, read_own_delivery

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


def test_what_was_given_up_is_not_taken_again() -> None:
    holdings = Holdings()
    given_up = held("1-1")
    assert holdings.add(given_up)
    assert holdings.give_up() == [given_up]
    assert given_up.lost
    assert holdings.by_stream() == {}
    holdings.remove(given_up)
    assert not holdings.add(held("1-1"))
    assert holdings.add(held("1-2"))


def test_an_entry_that_comes_again_after_its_lease_was_lost_is_another_delivery() -> None:
    holdings = Holdings()
    lost, again = held("1-1"), held("1-1")
    assert holdings.add(lost)
    lost.lost = True
    assert holdings.add(again)
    holdings.remove(lost)
    assert holdings.get("ready", "1-1") is again


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "field state is missing"),
        ({**FIELDS, b"task": b"{"}, "Input data was truncated"),
        ({**FIELDS, b"task": encode(msgspec.structs.replace(TASK, node="B"))}, "it is of node B of namespace ns"),
        ({**FIELDS, b"task": encode(msgspec.structs.replace(TASK, namespace="o"))}, "it is of node A of namespace o"),
    ],
)
def test_a_delivery_that_is_not_of_the_queues_node_is_refused_with_the_reason(
    fields: dict[bytes, bytes], reason: str
) -> None:
    with pytest.raises(NoDelivery, match=reason):
        read_own_delivery(Entry("ready", "1-1", fields), ShardKeys("ns"), "A")


def test_what_a_newer_version_adds_to_a_delivery_is_ignored() -> None:
    newer = {**FIELDS, b"later": b"?", b"task": FIELDS[b"task"][:-1] + b',"later":{"a":[1]}}'}
    assert read_own_delivery(Entry("ready", "1-1", newer), ShardKeys("ns"), "A").task == TASK
