"""The alert rules and the dashboard of deploy/: every metric and label that they name is one that our processes tell."""

import asyncio
import inspect
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.service import Service, Space, eventually, node_class, one
from exosphere_core import api
from exosphere_orchestrator.background import worker as background_process
from exosphere_orchestrator.background.vitals import Vitals as Background
from exosphere_worker.metrics import figures_of, metrics_text
from exosphere_worker.times import NodeTimes
from exosphere_worker.vitals import Vitals

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
ALERTS = [
    rule for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

#: What Prometheus adds to everything that it reads.
OF_TARGET = {"instance", "job"}

#: The background jobs.
DUTIES = re.findall(r"_cron\(jobs, (?:\w+\.)?(\w+),", inspect.getsource(background_process))

#: Name of a metric → label → its values.
Told = dict[str, dict[str, set[str]]]


def expressions() -> list[str]:
    shown = [target["expr"] for panel in PANELS for target in panel["targets"]]
    # What docs/deployment.md shows for KEDA.
    scaler = re.findall(r"^ +query: (.+)$", (MONITORING.parents[1] / "docs/deployment.md").read_text(), re.MULTILINE)
    return (
        scaler
        + [rule["expr"] for rule in ALERTS]
        + [expr.replace("$__rate_interval", "5m").replace('"$namespace"', '".+"') for expr in shown]
    )


def parts(node: Any) -> Iterator[Any]:
    """An expression and all that it is made of."""
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if (part := getattr(node, name, None)) is not None:
            yield from parts(part)
    for part in getattr(node, "args", ()):
        yield from parts(part)


def selectors(expression: str) -> list[Any]:
    return [part for part in parts(promql.parse(expression)) if isinstance(part, promql.VectorSelector)]


@pytest.fixture(scope="module")
def told_texts(service: Service) -> dict[str, str]:
    """What a state manager, a worker and the background jobs tell, after one call that was answered and one that was not."""
    space = Space(service, "watched")
    space.register(node_class("Only"))
    space.graph(space.node("only"))
    space.trigger()
    space.do("Only", one(v="1"))
    attempts = f'exosphere_attempts_total{{ended="succeeded",namespace="{space.name}"'
    eventually("its end is counted", lambda: attempts in service.http.get("/metrics").text)
    space.refused(404, api.GET_GRAPH, graph_name="nothing")
    vitals = Vitals()
    vitals.note_read()
    vitals.note_heartbeat()
    vitals.nodes["Only"] = NodeTimes()
    background = Background()
    assert "reconcile_all" in DUTIES
    for duty in DUTIES:
        background.know(duty)
        with background.running(duty):
            pass
    return {
        "state manager": service.http.get("/metrics").text,
        "worker": metrics_text([figures_of(vitals, 60.0)]),
        "background": asyncio.run(background.answers()["/metrics"]()).content.decode(),
    }


@pytest.fixture(scope="module")
def told(told_texts: dict[str, str]) -> Told:
    found: Told = defaultdict(lambda: defaultdict(set))
    for text in told_texts.values():
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                for label, value in sample.labels.items():
                    found[sample.name][label].add(value)
                found.setdefault(sample.name, {})
    return found


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_metrics_and_labels_that_are_told(expression: str, told: Told) -> None:
    found = selectors(expression)
    assert found
    for selector in found:
        assert selector.name in told, f"nobody tells {selector.name}"
        for matcher in selector.matchers.matchers:
            assert matcher.name in told[selector.name], f"{selector.name} has no label {matcher.name}"
    known = {label for selector in found for label in told[selector.name]} | OF_TARGET
    for part in parts(promql.parse(expression)):
        modifier = getattr(part, "modifier", None)
        if isinstance(part, promql.AggregateExpr) and modifier is not None:
            assert set(modifier.labels) <= known, f"{modifier} of {expression}"


def test_events_and_outcomes_that_are_asked_for_are_among_those_that_are_told(told: Told) -> None:
    asked = [
        (selector.name, matcher)
        for expression in expressions()
        for selector in selectors(expression)
        for matcher in selector.matchers.matchers
        if matcher.name in ("event", "outcome", "how", "call", "command", "duty", "ended", "kind", "result")
    ]
    assert asked
    calls = {row.name for row in vars(api).values() if isinstance(row, api.Row)}
    for name, matcher in asked:
        known = calls if matcher.name == "call" else told[name][matcher.name]
        assert set(matcher.value.split("|")) <= known, f"{name}{{{matcher.name}}}: {matcher.value}"


def test_a_metric_that_nobody_tells_would_be_found(told: Told) -> None:
    (selector,) = selectors('sum by (node) (rate(exosphere_queue_dept{node="a"}[5m]))')
    assert selector.name == "exosphere_queue_dept"
    assert selector.name not in told


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_severity_and_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Exosphere[A-Z]\w+", rule["alert"])
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert set(rule["annotations"]) == {"summary", "description"}


def test_labels_in_the_text_of_an_alert_are_left_by_its_expression() -> None:
    for rule in ALERTS:
        used = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
        top = promql.parse(rule["expr"])
        while isinstance(top, promql.BinaryExpr | promql.Call):
            top = top.lhs if isinstance(top, promql.BinaryExpr) else top.args[-1]
        if isinstance(top, promql.AggregateExpr):
            assert used <= set(top.modifier.labels if top.modifier else ()), rule["alert"]


def test_prometheus_is_told_of_the_rules_and_of_all_kinds_of_processes() -> None:
    configuration = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())
    assert all((MONITORING / name).is_file() for name in configuration["rule_files"])
    state_manager, worker, background = configuration["scrape_configs"]
    assert "authorization" in state_manager
    assert not {"authorization"} & (worker.keys() | background.keys())
    named = state_manager.keys() | worker.keys() | background.keys()
    assert "metrics_path" not in named, "all answer at the usual path"


def test_names_of_alerts_are_given_once() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names))


def test_every_panel_asks_the_chosen_data_source_and_has_a_place_of_its_own() -> None:
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource", "namespace"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    for panel in PANELS:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_the_panels_show_every_metric_but_sums_and_counts_of_histograms(told: Told) -> None:
    shown = {selector.name for expression in expressions() for selector in selectors(expression)}
    untold = {name for name in told if not name.endswith(("_sum", "_count", "_created"))} - shown
    assert untold == {"exosphere_worker_unread_shards", "exosphere_worker_loop_blocked_seconds"}
