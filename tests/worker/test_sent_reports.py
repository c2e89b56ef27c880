"""What was reported lately is known for some seconds, in bounded memory."""

from exosphere_core.keys import ShardKeys
from exosphere_core.records import Kind
from exosphere_worker.outgoing import Outgoing
from exosphere_worker.sent_reports import KEPT_S, SentReports


def report(state: str, attempt: str = "1", size: int = 2) -> Outgoing:
    return Outgoing(ShardKeys("ns"), "A", "1-1", Kind.EXECUTED, "ns", state, attempt, b"x" * size)


def test_a_report_is_found_by_state_and_attempt() -> None:
    sent = SentReports()
    sent.add([report("a"), report("b")], now=100.0)
    assert sent.find("a", "1") == report("a")
    assert sent.find("a", "2") is None
    assert sent.find("c", "1") is None
    assert [each.state for each in sent.all()] == ["a", "b"]


def test_what_is_older_than_the_newest_by_more_than_its_time_is_dropped() -> None:
    sent = SentReports()
    sent.add([report("a")], now=100.0)
    sent.add([report("b")], now=100.0 + KEPT_S)
    assert len(sent) == 2
    sent.add([report("c")], now=100.1 + KEPT_S)
    assert [each.state for each in sent.all()] == ["b", "c"]


def test_time_alone_drops_nothing_as_an_outage_may_last() -> None:
    sent = SentReports()
    sent.add([report("a")], now=100.0)
    assert sent.find("a", "1") is not None
    sent.forget_before(100.0)
    assert len(sent) == 1
    sent.forget_before(100.1)
    assert len(sent) == 0


def test_what_is_sent_again_counts_once_and_as_new() -> None:
    sent = SentReports(kept_bytes=3 * report("a").size)
    for now in (100.0, 101.0, 102.0, 103.0):
        sent.add([report("a"), report("b")], now)
    assert len(sent) == 2
    sent.forget_before(103.0)
    assert len(sent) == 2


def test_the_oldest_go_first_when_memory_is_used_up() -> None:
    sent = SentReports(kept_bytes=10_000)
    sent.add([report("a", size=4000), report("b", size=4000), report("c", size=4000)], now=100.0)
    assert [each.state for each in sent.all()] == ["b", "c"]
    sent.add([report("huge", size=20_000)], now=100.0)
    assert len(sent) == 0
    sent.add([report("d")], now=100.0)
    assert [each.state for each in sent.all()] == ["d"]
