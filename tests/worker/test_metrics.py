"""What Prometheus reads of a worker."""

import http.client
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from exosphere_core.health import HealthServer, listen, listen_at
from exosphere_worker.health import answers_of, answers_to_pool
from exosphere_worker.metrics import FAMILIES, figures_of, metrics_text
from exosphere_worker.outcome import Failed, Lost, Pruned, Released, Requeued, Succeeded, name_of
from exosphere_worker.pool_health import answers_of_pool
from exosphere_worker.slots import Slots
from exosphere_worker.times import NodeTimes
from exosphere_worker.vitals import Vitals

#: (name, labels) → value.
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, process: int = 1, **labels: str) -> float:
    return samples[f"exosphere_worker_{name}", frozenset({"process": str(process), **labels}.items())]


def got(port: int, path: str = "/metrics") -> tuple[int, str, str]:
    """Status, type and content of an answer."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.getheader("content-type", ""), answer.read().decode()
    finally:
        client.close()


def test_what_a_runtime_counted_is_told_by_its_health_endpoint() -> None:
    vitals = Vitals(running=3, slots=4, taken=9, reconnects=2, lost_leases=1, given_up_leases=5, stalls=7)
    vitals.note_read()
    vitals.note_unread("1")
    vitals.note_loop(6.0, "node Slow")
    vitals.nodes["Load"].outcomes["failed"] = 8
    listener = listen("127.0.0.1", 0)
    with HealthServer(listener, answers_of(vitals)):
        status, kind, text = got(listener.getsockname()[1])
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    samples = parsed(text)
    told = {
        name: value(samples, name)
        for name in ("alive", "running", "slots", "taken_total", "reconnects_total", "loop_stalls_total")
    }
    assert told == {
        "alive": 1, "running": 3, "slots": 4, "taken_total": 9, "reconnects_total": 2, "loop_stalls_total": 7,
    }  # fmt: skip
    assert value(samples, "loop_blocked_seconds") == 6
    assert value(samples, "unread_shards") == 1
    assert value(samples, "last_read_seconds") >= 0
    assert value(samples, "lost_leases_total", how="taken") == 1
    assert value(samples, "lost_leases_total", how="given_up") == 5
    assert value(samples, "outcomes_total", node="Load", outcome="failed") == 8


def test_every_outcome_is_told_from_the_start_as_zero() -> None:
    vitals = Vitals()
    vitals.nodes["A"] = NodeTimes()
    samples = parsed(metrics_text([figures_of(vitals, 60.0)]))
    outcomes = (Succeeded([], False), Failed(""), Pruned({}), Requeued(1), Released(), Lost())
    assert {value(samples, "outcomes_total", node="A", outcome=name_of(one)) for one in outcomes} == {0}
    assert {dict(labels)["outcome"] for name, labels in samples if name.endswith("outcomes_total")} == {
        "succeeded", "failed", "pruned", "requeued", "released", "lost",
    }  # fmt: skip


def test_what_never_happened_has_no_age_and_a_worker_that_reached_nothing_is_not_alive() -> None:
    samples = parsed(metrics_text([figures_of(Vitals(), 60.0)]))
    assert value(samples, "alive") == 0
    assert not [name for name, _ in samples if name.endswith(("last_read_seconds", "last_heartbeat_seconds"))]


def test_every_metric_has_its_meaning_and_kind_before_its_samples() -> None:
    vitals = Vitals(heartbeat_at=1.0, read_at=1.0)
    vitals.nodes["A"] = NodeTimes()
    text = metrics_text([figures_of(vitals, 60.0)] * 2)
    told = {family.name: family.type for family in text_string_to_metric_families(text)}
    assert told == {name.removesuffix("_total"): family.kind for name, family in FAMILIES.items()}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert {sample.labels["process"] for sample in family.samples} == {"1", "2"}


def test_times_are_told_as_a_histogram_of_each_node_on_whose_bounds_a_time_still_counts_as_below() -> None:
    vitals = Vitals()
    times = vitals.nodes["A"].ran
    for seconds in (0.0, 0.001, 0.0011, 1.0, 4000.0):
        times.note(seconds)
    samples = parsed(metrics_text([figures_of(vitals, 60.0)]))
    below = {bound: value(samples, "running_seconds_bucket", node="A", le=bound) for bound in ("0.001", "0.0025", "0.5", "1.0", "1800.0", "+Inf")}  # fmt: skip
    assert below == {"0.001": 2, "0.0025": 3, "0.5": 3, "1.0": 4, "1800.0": 4, "+Inf": 5}
    assert value(samples, "running_seconds_count", node="A") == 5
    assert value(samples, "running_seconds_sum", node="A") == sum((0.0, 0.001, 0.0011, 1.0, 4000.0))
    assert value(samples, "waiting_seconds_count", node="A") == 0


def test_a_pool_tells_the_figures_of_each_process_and_that_one_is_gone(tmp_path: Path) -> None:
    sockets = [tmp_path / f"{number}.sock" for number in (1, 2, 3)]
    with ExitStack() as stack:
        for number, path in enumerate(sockets[:2], 1):
            vitals = Vitals(taken=number * 10)
            vitals.note_read()
            # More than the answer of a small worker: 300 nodes.
            for node in range(300):
                vitals.nodes[f"Node{node}"].waited.note(number)
            stack.enter_context(HealthServer(listen_at(path), answers_to_pool(vitals)))
        listener = listen("127.0.0.1", 0)
        stack.enter_context(HealthServer(listener, answers_of_pool(sockets)))
        port = listener.getsockname()[1]
        samples = parsed(got(port)[2])
        refused = got(port, "/figures")
        health: dict[str, Any] = json.loads(got(port, "/health")[2])
    assert [value(samples, "alive", process) for process in (1, 2, 3)] == [1, 1, 0]
    assert [value(samples, "taken_total", process) for process in (1, 2)] == [10, 20]
    assert value(samples, "waiting_seconds_sum", 2, node="Node299") == 2
    assert {dict(labels)["process"] for name, labels in samples if name == "exosphere_worker_taken_total"} == {"1", "2"}
    assert refused[0] == 404
    assert "only /health and /metrics are answered here" in refused[2]
    assert [process["alive"] for process in health["processes"]] == [True, True, False]


def test_the_slots_of_a_runtime_are_told() -> None:
    vitals = Vitals()
    slots = Slots(5, vitals)
    slots.take()
    samples = parsed(metrics_text([figures_of(vitals, 60.0)]))
    assert (value(samples, "slots"), value(samples, "running")) == (5, 1)
