"""The chart as Kubernetes objects. `PYTHONPATH=tests python -m deploy.chart` writes the plain manifests made of it."""

import copy
import json
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from deploy.helm_templates import Chart, merge_overwrite

DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = DEPLOY / "helm" / "exosphere"
PLAIN = DEPLOY / "kubernetes"
DESCRIPTION: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text())
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())

#: As they are shown at the top of the plain manifests.
HEAD = """\
# State managers, background jobs and a worker as plain objects, for a cluster without Helm.
# Made of the chart beside this folder with values.yaml: PYTHONPATH=tests python -m deploy.chart
#
#   kubectl create namespace exosphere
#   kubectl -n exosphere create secret generic exosphere --from-file=redis-url --from-file=root-key --from-file=encryption-key
#   kubectl -n exosphere create secret generic exosphere-greeter --from-file=api-key
#   kubectl -n exosphere apply -f exosphere.yaml
"""


class Refused(Exception):
    """The values are none of this chart's."""


def merged(given: dict[str, Any]) -> dict[str, Any]:
    """The default values with those that are given, as Helm puts them together.

    Raises:
        Refused: they do not fit values.schema.json.
    """
    values = merge_overwrite(copy.deepcopy(DEFAULTS), given)
    faults = [f"{fault.json_path}: {fault.message}" for fault in Draft7Validator(SCHEMA).iter_errors(values)]
    if faults:
        raise Refused("; ".join(faults))
    return values


def rendered(given: dict[str, Any]) -> dict[str, str]:
    """File name → text."""
    chart = Chart(
        {path.name: path.read_text() for path in sorted((CHART / "templates").iterdir())},
        {f"files/{path.name}": path.read_text() for path in (CHART / "files").iterdir()},
    )
    return chart.render(merged(given), DESCRIPTION, {"Name": "exosphere", "Namespace": "exosphere"})


def objects(given: dict[str, Any]) -> list[dict[str, Any]]:
    """All objects that the chart makes of values."""
    texts = [text for name, text in rendered(given).items() if name.endswith(".yaml")]
    return [content for text in texts for content in yaml.safe_load_all(text) if content]


def plain_manifests() -> str:
    """What deploy/kubernetes/exosphere.yaml has to be."""
    given = yaml.safe_load((PLAIN / "values.yaml").read_text())
    made = objects(given)
    for one in made:
        _not_by_helm(one)
    return HEAD + "---\n" + yaml.safe_dump_all(made, sort_keys=False, width=10_000, allow_unicode=True)


def _not_by_helm(content: Any) -> None:
    if isinstance(content, dict):
        content.pop("app.kubernetes.io/managed-by", None)
        for value in content.values():
            _not_by_helm(value)
    elif isinstance(content, list):
        for value in content:
            _not_by_helm(value)


if __name__ == "__main__":
    (PLAIN / "exosphere.yaml").write_text(plain_manifests())
