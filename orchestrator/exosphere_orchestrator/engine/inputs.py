"""Making the inputs of a state. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from exosphere_core.graph.placeholders import Expression, OutputRef, Ref
from exosphere_core.records import TextMap, encode


class Unresolvable(Exception):  # named for what it says
    """The inputs of a state can't be made; the text names the node, the field and why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one state may bring into being; None lifts a limit."""

    max_fan_out: int | None
    max_value_bytes: int | None
    #: Of one report, bytes of its entry.
    max_report_bytes: int | None = None
    #: How deep what a report carries as JSON may be nested.
    max_json_depth: int | None = None


#: For a fan-out that is half made: it was within the limits when it began.
UNLIMITED = Limits(max_fan_out=None, max_value_bytes=None)


def resolve(
    inputs: Mapping[str, Expression], label: str, outputs: Mapping[str, TextMap], store: TextMap
) -> dict[str, str]:
    """Fill the placeholders of a node's inputs.

    Args:
        label: identifier of the node, for the error.
        outputs: identifier → outputs that it may read.

    Raises:
        Unresolvable: a value does not exist.
    """

    def value_of(ref: Ref) -> str:
        if isinstance(ref, OutputRef):
            values = outputs.get(ref.identifier, {})
            if ref.field in values:
                return values[ref.field]
            has = ", ".join(sorted(values)) or "none"
            raise Unresolvable(
                f"inputs of {label!r}: '{ref}' has no value: the outputs of {ref.identifier!r} are: {has}"
            )
        if ref.key in store:
            return store[ref.key]
        raise Unresolvable(f"inputs of {label!r}: '{ref}' has no value: the store has no key {ref.key!r}")

    return {field: expression.render(value_of) for field, expression in inputs.items()}


def sized(inputs: Mapping[str, str], label: str, limit: int | None) -> bytes:
    """Encode resolved inputs.

    Raises:
        Unresolvable: they are larger than the limit, in bytes of JSON.
    """
    encoded = encode(inputs)
    if limit is not None and len(encoded) > limit:
        raise Unresolvable(
            f"inputs of {label!r} are {len(encoded)} bytes of JSON; the limit is {limit} (EXOSPHERE_MAX_VALUE_BYTES)"
        )
    return encoded
