"""The kinds of KEDA and of the Prometheus Operator that the chart makes, as strict JSON schemas of what it uses of them."""

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_LABELS = {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}
_KEY = {"name": _TEXT, "key": _TEXT}


def _strict(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {**required, **optional},
    }


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": 1}


_WHOLE = {"type": "integer", "minimum": 0}
_SELECTOR = _strict(
    {"matchLabels": _LABELS},
    matchExpressions=_list(_strict({"key": _TEXT, "operator": {"enum": ["Exists", "DoesNotExist"]}})),
)
_ENDPOINT = {
    "port": _TEXT,
    "path": {"type": "string", "pattern": "^/"},
    "interval": {"type": "string", "pattern": r"^\d+(ms|s|m|h)$"},
}
_AUTHORIZATION = _strict({"type": {"const": "Bearer"}, "credentials": _strict(_KEY)})
_RULE = _strict(
    {"alert": _TEXT, "expr": _TEXT, "labels": _LABELS, "annotations": _LABELS},
    **{"for": {"type": "string", "pattern": r"^\d+(s|m|h)$"}},
)

_SPECS = {
    "keda.sh/v1alpha1": {
        "TriggerAuthentication": _strict({"secretTargetRef": _list(_strict({"parameter": _TEXT, **_KEY}))}),
        "ScaledObject": _strict(
            {
                "scaleTargetRef": _strict({"name": _TEXT}),
                "triggers": _list(
                    _strict(
                        {
                            "type": {"const": "metrics-api"},
                            "metadata": _strict(
                                {
                                    "url": {"type": "string", "format": "uri"},
                                    "valueLocation": _TEXT,
                                    "targetValue": {"type": "string", "pattern": r"^\d+(\.\d+)?$"},
                                    "authMode": {"const": "apiKey"},
                                    "method": {"const": "header"},
                                    "keyParamName": _TEXT,
                                }
                            ),
                        },
                        name={"type": "string", "pattern": r"^[A-Za-z_]\w*$"},
                        authenticationRef=_strict({"name": _TEXT}),
                    )
                ),
            },
            minReplicaCount=_WHOLE,
            maxReplicaCount=_WHOLE,
            pollingInterval=_WHOLE,
            cooldownPeriod=_WHOLE,
            advanced=_strict(
                {},
                horizontalPodAutoscalerConfig=_strict(
                    {
                        "behavior": _strict(
                            {"scaleDown": _strict({"stabilizationWindowSeconds": {**_WHOLE, "maximum": 3600}})}
                        )
                    }
                ),
                scalingModifiers=_strict(
                    {"formula": _TEXT, "target": {"type": "string", "pattern": r"^\d+(\.\d+)?$"}},
                    metricType={"enum": ["AverageValue", "Value"]},
                ),
            ),
        ),
    },
    "monitoring.coreos.com/v1": {
        "ServiceMonitor": _strict(
            {
                "selector": _SELECTOR,
                "endpoints": _list(_strict(_ENDPOINT, honorLabels={"type": "boolean"}, authorization=_AUTHORIZATION)),
            }
        ),
        "PodMonitor": _strict({"selector": _SELECTOR, "podMetricsEndpoints": _list(_strict(_ENDPOINT))}),
        "PrometheusRule": _strict({"groups": _list(_strict({"name": _TEXT, "rules": _list(_RULE)}))}),
    },
}

#: (apiVersion, kind) → schema of the whole object.
CUSTOM_KINDS = {
    (version, kind): _strict(
        {
            "apiVersion": {"const": version},
            "kind": {"const": kind},
            "metadata": _strict({"name": _TEXT, "labels": _LABELS}),
            "spec": spec,
        }
    )
    for version, kinds in _SPECS.items()
    for kind, spec in kinds.items()
}
