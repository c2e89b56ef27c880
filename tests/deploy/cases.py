"""Sets of values that the chart is tried with, and the objects that it makes of them."""

from collections.abc import Iterator
from typing import Any

import yaml

from deploy.chart import PLAIN, objects

WORKER = {
    "image": "registry.example.com/my-nodes:1.4.0",
    "runtime": "my_nodes:runtime",
    "apiKey": {"secretName": "exosphere-loader", "key": "api-key"},
}
#: Everything that can be switched on.
FULL: dict[str, Any] = {
    "image": {"repository": "registry.example.com/exosphere-redis", "tag": "1.2.3", "pullSecrets": ["registry"]},
    "secret": {"workerRedisUrl": "worker-redis-url"},
    "redisTls": {"secretName": "redis-tls"},
    "settings": {"EXOSPHERE_SHARDS": "6", "EXOSPHERE_MAX_QUEUED": "2000000"},
    "stateManager": {"replicas": 3, "nodeSelector": {"disk": "fast"}},
    "background": {"tolerations": [{"key": "dedicated", "operator": "Exists"}]},
    "workers": {
        "loader": {
            **WORKER,
            "processes": 4,
            "shutdownGraceMs": 1_500_001,
            "settings": {"EXOSPHERE_LOG_LEVEL": "DEBUG"},
            "autoscaling": {
                "enabled": True,
                "namespace": "etl",
                "nodes": ["Load", "Parse"],
                "slots": 16,
                "apiKey": {"secretName": "exosphere-scaler"},
            },
        },
        "plain": WORKER,
    },
    "monitoring": {"enabled": True, "labels": {"release": "prometheus"}},
}
CASES = {"default": {}, "plain": yaml.safe_load((PLAIN / "values.yaml").read_text()), "full": FULL}
MADE = {name: objects(values) for name, values in CASES.items()}
EVERY = [(f"{case} {one['kind']} {one['metadata']['name']}", one) for case, made in MADE.items() for one in made]


def of_kind(kind: str, case: str = "full") -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in MADE[case] if one["kind"] == kind}


def pods() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, pod and container of every Deployment."""
    for name, one in EVERY:
        if one["kind"] == "Deployment":
            pod = one["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            yield name, pod, container


def environment(container: dict[str, Any]) -> dict[str, str]:
    """Variables, with `<secret/key>` for what comes from a Secret."""
    found = {}
    for variable in container["env"]:
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        found[variable["name"]] = f"<{reference['name']}/{reference['key']}>" if reference else variable["value"]
    assert len(found) == len(container["env"])
    return found
