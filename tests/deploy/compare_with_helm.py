"""Compares what the tests' renderer makes of the chart with what Helm makes of it. No part of the tests, as Helm is none.

In an environment of its own: pip install helm-python-sdk jsonschema pyyaml
    PYTHONPATH=tests python -m deploy.compare_with_helm
"""

import sys
from typing import Any

import helm_python
import yaml

from deploy.cases import CASES
from deploy.chart import CHART, objects, rendered


def by_name(made: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """(kind, name) → object."""
    return {(one["kind"], one["metadata"]["name"]): one for one in made}


def main() -> int:
    """Print the result of each set of values. Returns 1 when one differs."""
    print(f"Helm {helm_python.helm_sdk_version()}")
    chart = helm_python.Chart.load(str(CHART))
    different = 0
    for name, values in CASES.items():
        texts = chart.render(values, name="exosphere", namespace="exosphere")
        manifests = [text for path, text in texts.items() if path.endswith(".yaml")]
        theirs = by_name([one for text in manifests for one in yaml.safe_load_all(text) if one])
        ours = by_name(objects(values))
        notes = [text for path, text in texts.items() if path.endswith("NOTES.txt")] == [rendered(values)["NOTES.txt"]]
        unlike = [key for key in theirs | ours if theirs.get(key) != ours.get(key)]
        print(f"{name}: {len(ours)} objects, {unlike or 'all equal'}, notes {'equal' if notes else 'differ'}")
        different += bool(unlike) or not notes
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
