"""Triggering straight in Redis: what is refused, with the words of a state manager."""

from typing import Any

import pytest

from api.conftest import Both
from api.service import Space, one
from exosphere_core import api
from exospherehost import Producer, blocking
from exospherehost.errors import (
    ConfigurationError,
    ExosphereError,
    InvalidGraph,
    NotYetSafe,
    Overloaded,
    TooLarge,
    Unavailable,
)

#: Whoever is refused for a while is told so soon.
SOON_S = 0.5


def total(space: Space) -> int:
    count: int = space.ok(api.LIST_RUNS, page=1, size=1)["total"]
    return count


@pytest.mark.parametrize(
    "wrong",
    [
        {"inputs": {"x": 1}},
        {"inputs": {"x": ["1"], "y": None}},
        {"inputs": {"x": "\ud800"}},
        {"inputs": {f"x{number}": "1" for number in range(1001)}},
        {"store": {"k": True}},
        {"store": {"a b": "1"}},
        {"store": {" k": "1", "k": "2"}},
        {"store": {"k": "x" * 5_000_000}},
        {"store": {f"k{number}": "1" for number in range(1001)}},
        {"start_delay": -1},
        {"start_delay": 1.5},
        {"start_delay": True},
        {"start_delay": "soon"},
        {"start_delay": 10**15},
        {"idempotency_key": "no key"},
        {"idempotency_key": "k" * 129},
        {"graph_name": "unknown"},
        {"graph_name": "a/b"},
        {"graph_name": ""},
        {"graph_name": "needy"},
        {"graph_name": "paused"},
        {"graph_name": "invalid"},
    ],
    ids=lambda wrong: f"{next(iter(wrong))} {str(next(iter(wrong.values())))[:12]!a}",
)
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
def test_what_is_wrong_is_told_as_over_http(space: Space, both: Both, wrong: dict[str, Any]) -> None:
    space.chain()
    space.graph(space.node("first", inputs={"x": "1"}), name="paused")
    space.ok(api.PAUSE_GRAPH, graph_name="paused")
    space.graph(space.node("first", inputs={"x": "1"}), name="needy", store_config={"required_keys": ["k"]})
    space.graph(space.node("unregistered"), name="invalid")
    told = []
    for way in both:
        with pytest.raises(ExosphereError) as refused:
            way.trigger(**{"graph_name": "g", **wrong})
        errors = refused.value.errors if isinstance(refused.value, InvalidGraph) else None
        told.append((type(refused.value), refused.value.detail, errors))
    assert told[0] == told[1]
    assert total(space) == 0


def test_what_is_too_long_for_a_call_is_refused_as_such(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    space.chain()
    monkeypatch.setenv("EXOSPHERE_MAX_BODY_BYTES", "2000")
    with blocking.Producer(space.name, space.service.redis_url) as producer:
        for call in (
            lambda: producer.trigger("g", {"x": "x" * 2000}),
            lambda: producer.trigger_many("g", [{"inputs": {"x": "x" * 2000}}]),
        ):
            with pytest.raises(
                TooLarge, match=r"the body has 20\d\d bytes or more; the limit is 2000 \(EXOSPHERE_MAX_BODY_BYTES\)"
            ):
                call()
    assert total(space) == 0


@pytest.mark.parametrize("wrong", [{"x": object()}, {"x": float("nan")}], ids=["object", "nan"])
def test_what_is_no_json_is_refused_by_both(space: Space, both: Both, wrong: dict[str, Any]) -> None:
    told = []
    for way in both:
        with pytest.raises((TypeError, ValueError)) as refused:
            way.trigger("g", wrong)
        told.append((type(refused.value), str(refused.value)))
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "wrong", [{"inputs": {"x": 1}}, {"more": 1}, {"start_delay": -1}, {"store": {"a b": "1"}}],
    ids=["inputs", "more", "delay", "store"],
)  # fmt: skip
def test_what_is_wrong_with_one_of_many_is_told_as_over_http(space: Space, both: Both, wrong: dict[str, Any]) -> None:
    space.chain()
    told = []
    for way in both:
        with pytest.raises(ExosphereError, match=r"^runs\.1") as refused:
            way.trigger_many("g", [{}, wrong], idempotency_key="k")
        told.append((type(refused.value), refused.value.detail))
    assert told[0] == told[1]
    assert total(space) == 0


def test_a_trigger_is_refused_while_there_is_too_much_to_do_with_the_words_of_a_state_manager(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.chain()
    monkeypatch.setenv("EXOSPHERE_MAX_QUEUED", "1")
    with blocking.Producer(space.name, space.service.redis_url, SOON_S) as limited:
        limited.trigger("g")
        with pytest.raises(Overloaded) as refused:
            limited.trigger("g")
        assert refused.value.retry_after_s
        assert refused.value.detail == (
            f"graph 'g' can't be triggered now: in its shard of namespace '{space.name}' 1 states wait or run at node 'First', "
            "and the limit is 1 (EXOSPHERE_MAX_QUEUED)"
        )
        with pytest.raises(Overloaded, match="2 more are asked for"):
            limited.trigger_many("g", [{}, {}])
    assert total(space) == 1


def test_a_trigger_is_refused_while_redis_uses_more_memory_than_it_may(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.chain()
    monkeypatch.setenv("EXOSPHERE_MAX_MEMORY_BYTES", "1")
    with (
        blocking.Producer(space.name, space.service.redis_url, SOON_S) as limited,
        pytest.raises(Overloaded, match=r"the budget is 1 \(EXOSPHERE_MAX_MEMORY_BYTES\)"),
    ):
        limited.trigger("g")
    assert total(space) == 0


def test_a_full_redis_refuses_a_trigger_and_nothing_is_left_of_it(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXOSPHERE_MAX_MEMORY_PERCENT", "100")
    with blocking.Producer(space.name, space.service.redis_url, SOON_S) as limited, space.full_memory():
        before = total(space)
        with pytest.raises(Overloaded, match="memory"):
            limited.trigger("g")
        assert total(space) == before


def test_a_call_that_is_refused_for_a_while_is_tried_again_within_its_time(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.chain()
    monkeypatch.setenv("EXOSPHERE_MAX_QUEUED", "1")
    monkeypatch.setattr("exosphere_orchestrator.admission.intake.RETRY_AFTER_S", 0.01)
    with blocking.Producer(space.name, space.service.redis_url, 20) as limited:
        limited.trigger("g")
        with pytest.raises(Overloaded), blocking.Producer(space.name, space.service.redis_url, SOON_S) as hasty:
            hasty.trigger("g")
        space.do("First", one(v="1"))
        # The state is settled a moment after; the run is pending, so that another shard's worth of them is not let in.
        space.do("Second", one(v="2"))
        assert limited.trigger("g")["status"] == "CREATED"


def test_a_run_that_is_not_as_safe_as_the_settings_want_it_is_told_of_and_is_there(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.chain()
    monkeypatch.setenv("EXOSPHERE_TRIGGER_REPLICAS", "1")
    monkeypatch.setenv("EXOSPHERE_TRIGGER_WAIT_MS", "1")
    with (
        blocking.Producer(space.name, space.service.redis_url, SOON_S) as producer,
        pytest.raises(NotYetSafe, match=r"0 of 1 replicas have it \(EXOSPHERE_TRIGGER_REPLICAS\)"),
    ):
        producer.trigger("g", idempotency_key="k")
    assert total(space) == 1


@pytest.mark.parametrize(
    ("url", "kind", "why"),
    [
        ("http://u:hunter2@h", ConfigurationError, r"must begin with one of redis://"),
        ("redis://u:hunter2/x@h:6379", ConfigurationError, "in a password write %2F"),
        ("redis://u:12/hunter2@h:6379", ConfigurationError, "in a password write %2F"),
        ("redis://u:1?hunter2@h:6379", ConfigurationError, "in a password write %3F"),
        ("redis+sentinel://u:hunter2@h", ConfigurationError, "the name of the master is missing"),
        ("redis://u:hunter2@127.0.0.1:1/3", Unavailable, "Redis at redis://127.0.0.1:1/3 can't be reached"),
        ("redis+cluster://u:hunter2@127.0.0.1:1", Unavailable, "Redis at redis+cluster://127.0.0.1:1 can't be reached"),
        ("unix:///nowhere/at.all?password=hunter2", Unavailable, "Redis at unix:///nowhere/at.all can't be reached"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_in_one_sentence_without_the_password(
    url: str, kind: type[ExosphereError], why: str
) -> None:
    with pytest.raises(kind) as refused, blocking.Producer("ns", url, SOON_S) as producer:
        producer.trigger("g")
    assert why in refused.value.detail
    assert "EXOSPHERE_REDIS_URL" in refused.value.detail
    assert "hunter2" not in refused.value.detail


def test_settings_come_from_the_environment_and_no_key_is_asked_for(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.chain()
    with pytest.raises(ConfigurationError, match=r"^EXOSPHERE_REDIS_URL is not set"):
        Producer(space.name)
    monkeypatch.setenv("EXOSPHERE_REDIS_URL", space.service.redis_url)
    monkeypatch.setenv("EXOSPHERE_MAX_FIELDS", "many")
    with pytest.raises(ConfigurationError, match=r"^EXOSPHERE_MAX_FIELDS: "):
        Producer(space.name)
    monkeypatch.setenv("EXOSPHERE_MAX_FIELDS", "1")
    with blocking.Producer(space.name) as producer:
        producer.trigger("g", {"x": "1"})
        with pytest.raises(ExosphereError, match=r"inputs has 2 fields; the limit is 1 \(EXOSPHERE_MAX_FIELDS\)"):
            producer.trigger("g", {"x": "1", "y": "2"})


@pytest.mark.parametrize("wrong", [{"namespace": "a/b"}, {"namespace": ""}, {"timeout": 0}], ids=str)
def test_an_argument_that_is_out_of_range_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Producer(**{"namespace": "ns", "redis_url": "redis://localhost", **wrong})
