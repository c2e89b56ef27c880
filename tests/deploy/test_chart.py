"""The chart's values, its scaler, and the files that are made of it."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from deploy.cases import WORKER, of_kind
from deploy.chart import DEPLOY, DESCRIPTION, PLAIN, Refused, merged, objects, plain_manifests, rendered
from deploy.helm_templates import Chart, ChartError
from exosphere_core import api
from exosphere_core.version import VERSION
from exosphere_orchestrator.http.queues import MOST_QUEUES

PAGE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text()


def test_the_scaler_asks_for_what_waits_and_runs_of_every_node_with_a_key_by_reference() -> None:
    spec = of_kind("ScaledObject")["exosphere-worker-loader"]["spec"]
    names = [trigger["name"] for trigger in spec["triggers"]]
    assert sorted(spec["advanced"]["scalingModifiers"]["formula"].split(" + ")) == sorted(names)
    assert len(set(names)) == len(names) == 4
    assert spec["scaleTargetRef"]["name"] in of_kind("Deployment")
    # What the state manager answers, as its model spells it.
    numbers = iter(range(1, 100))
    queues = [
        api.QueueBody(
            node_name=node, depth=next(numbers), running=next(numbers), oldest_age_ms=None, paused=False, consumers=0
        )
        for node in ("Load", "Other", "Parse")
    ]
    answer = api.QueuesResponse(namespace="etl", count=3, queues=queues, next_cursor=None).model_dump(mode="json")
    asked = []
    for trigger in spec["triggers"]:
        url = urlsplit(trigger["metadata"]["url"])
        assert url.path == api.LIST_QUEUES.path.replace("{namespace}", "etl")
        assert 1 <= int(parse_qs(url.query)["limit"][0]) <= MOST_QUEUES
        assert trigger["metadata"]["keyParamName"] == api.API_KEY_HEADER
        assert trigger["metadata"]["targetValue"] == spec["advanced"]["scalingModifiers"]["target"] == "16"
        path = re.fullmatch(r'queues\.#\(node_name=="(\w+)"\)\.(\w+)', trigger["metadata"]["valueLocation"])
        assert path is not None
        (found,) = [queue for queue in answer["queues"] if queue["node_name"] == path[1]]
        asked.append(found[path[2]])
        authentication = of_kind("TriggerAuthentication")[trigger["authenticationRef"]["name"]]
        assert authentication["spec"]["secretTargetRef"] == [
            {"parameter": "apiKey", "name": "exosphere-scaler", "key": "api-key"}
        ]
    assert sorted(asked) == [1, 2, 5, 6]
    (service,) = of_kind("Service").values()
    assert {urlsplit(trigger["metadata"]["url"]).netloc for trigger in spec["triggers"]} == {
        f"{service['metadata']['name']}.exosphere:{service['spec']['ports'][0]['port']}"
    }


def test_rules_and_dashboard_in_the_cluster_are_those_of_the_folder() -> None:
    (rule,) = of_kind("PrometheusRule").values()
    assert rule["spec"] == yaml.safe_load((DEPLOY / "monitoring" / "alerts.yaml").read_text())
    (board,) = of_kind("ConfigMap").values()
    assert json.loads(board["data"]["exosphere.json"]) == json.loads(
        (DEPLOY / "monitoring" / "dashboard.json").read_text()
    )
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_the_plain_manifests_are_what_the_chart_makes() -> None:
    text = (PLAIN / "exosphere.yaml").read_text()
    assert text == plain_manifests(), "run: PYTHONPATH=tests python -m deploy.chart"


def test_the_chart_is_of_this_version() -> None:
    assert DESCRIPTION["appVersion"] == VERSION


def test_what_is_said_after_an_installation_names_the_service() -> None:
    assert "port-forward service/exosphere-state-manager 8000:8000" in rendered({})["NOTES.txt"]


@pytest.mark.parametrize(
    "values, place",
    [
        ({"stateManager": {"replica": 3}}, "$.stateManager"),
        ({"workers": {"a": {"image": "i:1", "runtime": "a:b"}}}, "'apiKey' is a required property"),
        ({"workers": {"a": {**WORKER, "runtime": "no_runtime"}}}, "$.workers.a.runtime"),
        ({"workers": {"Big": WORKER}}, "'Big' does not match"),
        ({"workers": {"a": {**WORKER, "autoscaling": {"enabled": True}}}}, "'nodes' is a required property"),
        ({"settings": {"EXOSPHERE_REDIS_URL": "redis://:password@redis"}}, "EXOSPHERE_REDIS_URL"),
        ({"settings": {"EXOSPHERE_MAX_QUEUED": 1_000_000}}, "$.settings.EXOSPHERE_MAX_QUEUED"),
        ({"settings": {"STATE_MANAGER_SECRET": "x"}}, "'STATE_MANAGER_SECRET' does not match"),
    ],
)
def test_values_that_make_no_sense_are_refused_with_their_place(values: dict[str, Any], place: str) -> None:
    with pytest.raises(Refused, match=re.escape(place)):
        merged(values)


def shown_values() -> list[dict[str, Any]]:
    """The values that docs/deployment.md shows, with what they leave out."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)]
    found = [block for block in blocks if "workers" in block]
    for values in found:
        values["workers"] = {name: {**WORKER, **given} for name, given in values["workers"].items()}
    return found


def test_the_values_that_the_page_shows_are_taken() -> None:
    ordinary, scaled = map(objects, shown_values())
    assert "ScaledObject" not in {one["kind"] for one in ordinary}
    assert "ScaledObject" in {one["kind"] for one in scaled}


@pytest.mark.parametrize(
    "template, fault",
    [
        ("{{ .Values.misspelt }}", "there is no misspelt"),
        ("{{ lower .Values.name }}", "the function lower is not known here"),
        ("{{ .Values.many | quote }}", "1000000 would be written as 1e+06"),
        ("{{ .Values }}", "can't be written"),
    ],
)
def test_what_the_renderer_does_not_know_is_an_error(template: str, fault: str) -> None:
    with pytest.raises(ChartError, match=re.escape(fault)):
        Chart({"a.yaml": template}, {}).render({"name": "n", "many": 1_000_000}, {}, {})


def test_the_renderer_takes_spaces_away_as_helm_does() -> None:
    template = "a:\n  {{- range $n, $x := .Values.list }}\n  - {{ $x | quote }}{{ if $n }} # {{ $n }}{{ end }}\n  {{- end }}\nb"
    made = Chart({"a.yaml": template}, {}).render({"list": ["x", "y"]}, {}, {})
    assert made["a.yaml"] == 'a:\n  - "x"\n  - "y" # 1\nb'
