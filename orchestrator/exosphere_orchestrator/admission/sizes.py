"""How many fields, and how large ones, may come with a graph, a trigger or a report. Pure; the errors name limit, size and setting."""

from collections.abc import Iterator, Mapping, Sequence

from exosphere_core.api import NodeBody
from exosphere_core.errors import TooLarge
from exosphere_core.graph.model import GraphTemplate
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.run_settings import RunSettings


def limits_of(settings: RunSettings) -> Limits:
    """Return what the settings let one state or run have."""
    return Limits(
        max_fan_out=settings.max_fan_out,
        max_value_bytes=settings.max_value_bytes,
        max_report_bytes=settings.max_report_bytes,
        max_json_depth=settings.max_json_depth,
        max_fields=settings.max_fields,
        max_store_keys=settings.max_store_keys,
        max_store_bytes=settings.max_store_bytes,
        max_error_bytes=settings.max_error_bytes,
    )


def check_given(inputs: Mapping[str, str], store: Mapping[str, str], limits: Limits) -> None:
    """Check what a new run is given.

    Args:
        store: with the defaults, or what an earlier run had.

    Raises:
        TooLarge: there are too many inputs or store keys, or the store is too large.
    """
    most = limits.max_fields
    if most is not None and len(inputs) > most:
        raise TooLarge(f"inputs has {len(inputs)} fields; the limit is {most} (EXOSPHERE_MAX_FIELDS)")
    if excess := limits.store_excess(store):
        raise TooLarge(f"store {excess}")


def graph_errors(template: GraphTemplate, secrets: Mapping[str, str], limits: Limits) -> Iterator[str]:
    """Yield what of a graph is too much."""
    most = limits.max_fields
    if most is not None:
        for node in template.nodes:
            if len(node.inputs) > most:
                yield f"node {node.identifier!r} has {len(node.inputs)} inputs; the limit is {most} (EXOSPHERE_MAX_FIELDS)"
        if len(secrets) > most:
            yield f"secrets: the graph has {len(secrets)} secrets; the limit is {most} (EXOSPHERE_MAX_FIELDS)"
    if excess := limits.store_excess(template.store_config.default_values):
        yield f"store_config.default_values {excess}"
    required = len(template.store_config.required_keys)
    if limits.max_store_keys is not None and required > limits.max_store_keys:
        yield (
            f"store_config.required_keys has {required} keys; "
            f"the limit is {limits.max_store_keys} (EXOSPHERE_MAX_STORE_KEYS)"
        )


def registration_errors(nodes: Sequence[NodeBody], max_nodes: int, max_fields: int) -> Iterator[str]:
    """Yield what of a registration is too much."""
    if len(nodes) > max_nodes:
        yield f"nodes has {len(nodes)} entries; the limit is {max_nodes} (EXOSPHERE_MAX_NODES)"
    for node in nodes:
        for name, schema in (("inputs_schema", node.inputs_schema), ("outputs_schema", node.outputs_schema)):
            fields = schema.get("properties")
            if isinstance(fields, dict) and len(fields) > max_fields:
                yield (
                    f"node {node.name!r}: {name} has {len(fields)} fields; "
                    f"the limit is {max_fields} (EXOSPHERE_MAX_FIELDS)"
                )
        if len(node.secrets) > max_fields:
            yield f"node {node.name!r} has {len(node.secrets)} secrets; the limit is {max_fields} (EXOSPHERE_MAX_FIELDS)"
