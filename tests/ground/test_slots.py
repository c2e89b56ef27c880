"""Which node of a cluster a command goes to."""

import pytest

from exosphere_core.store.slots import (
    Node,
    Redirect,
    by_slot,
    is_passing,
    read_redirect,
    read_topology,
    slot_of,
    slot_of_key,
)
from exosphere_core.store.wire import Command

KEY = "exo:{ns:0}:reports"
ASKED = Node("here", 7000)


@pytest.mark.parametrize(
    "command",
    [
        ("HGET", KEY, "status"),
        ("hget", KEY.encode(), "status"),
        ("EVALSHA", "0" * 40, 1, KEY),
        ("XREADGROUP", "GROUP", "streams", "w", "COUNT", 1, "STREAMS", KEY, ">"),
        ("XREAD", "BLOCK", 5, "streams", KEY, "0"),
        ("XGROUP", "CREATE", KEY, "g", "0"),
        ("XINFO", "GROUPS", KEY),
    ],
)
def test_a_command_goes_where_its_first_key_is(command: Command) -> None:
    assert slot_of(command) == slot_of_key(KEY)


@pytest.mark.parametrize(
    "command", [("PING",), ("TIME",), ("SCRIPT", "LOAD", "x"), ("ACL", "LIST"), ("PUBLISH", "c", "x")]
)
def test_a_command_without_a_key_goes_anywhere(command: Command) -> None:
    assert slot_of(command) is None


def test_keys_of_one_hash_tag_are_of_one_slot() -> None:
    keys = ["exo:{a:0}:x", "exo:{b:0}:x", "exo:{a:0}:y", "exo:{a:1}:x"]
    assert by_slot(keys) == [["exo:{a:0}:x", "exo:{a:0}:y"], ["exo:{b:0}:x"], ["exo:{a:1}:x"]]


def test_the_answer_of_a_cluster_tells_masters_and_replicas() -> None:
    reply = [[0, 99, [b"m1", 1, b"id"], [b"r1", 2, b"id"]], [200, 16383, [b"", 3, b"id"]]]
    topology = read_topology(reply, ASKED)
    assert (topology.masters[0], topology.masters[99]) == (Node("m1", 1), Node("m1", 1))
    assert topology.masters[100] is None
    assert topology.masters[16383] == Node("here", 3), "a node that does not know its name is the one that was asked"
    assert topology.all_masters == [Node("m1", 1), Node("here", 3)]
    assert topology.nodes == (Node("m1", 1), Node("r1", 2), Node("here", 3))


def test_a_redirection_names_the_node_and_whether_it_is_for_good() -> None:
    assert read_redirect(Exception("MOVED 3999 10.0.0.1:6381"), ASKED) == Redirect(Node("10.0.0.1", 6381), moved=True)
    assert read_redirect(Exception("ASK 3999 ::1:6381"), ASKED) == Redirect(Node("::1", 6381), moved=False)
    assert read_redirect(Exception("MOVED 3999 :6381"), ASKED) == Redirect(Node("here", 6381), moved=True)
    assert read_redirect(Exception("WRONGTYPE no"), ASKED) is None


def test_a_command_that_waits_for_a_moving_slot_was_not_executed() -> None:
    assert is_passing(Exception("TRYAGAIN Multiple keys request during rehashing of slot"))
    assert is_passing(Exception("CLUSTERDOWN The cluster is down"))
    assert not is_passing(Exception("CROSSSLOT Keys in request don't hash to the same slot"))
