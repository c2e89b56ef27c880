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
    #: Of one output, and of the inputs of a node or a trigger.
    max_fields: int | None = None
    #: Of a new run, and of what one report writes.
    max_store_keys: int | None = None
    max_store_bytes: int | None = None
    #: Of the error text of a state, in UTF-8.
    max_error_bytes: int | None = None

    def store_excess(self, store: Mapping[str, str]) -> str:
        """Tell what of a store is too much; empty when nothing is."""
        if self.max_store_keys is not None and len(store) > self.max_store_keys:
            return f"has {len(store)} keys; the limit is {self.max_store_keys} (EXOSPHERE_MAX_STORE_KEYS)"
        if self.max_store_bytes is not None and store:
            size = sum(len(word.encode()) for pair in store.items() for word in pair)
            if size > self.max_store_bytes:
                return f"has {size} bytes; the limit is {self.max_store_bytes} (EXOSPHERE_MAX_STORE_BYTES)"
        return ""

    def shortened(self, error: str) -> str:
        """Cut the error text of a state to its limit, and say so."""
        raw = error.encode()
        if self.max_error_bytes is None or len(raw) <= self.max_error_bytes:
            return error
        kept = raw[: self.max_error_bytes].decode(errors="ignore")
        return (
            f"{kept}\n… cut: it has {len(raw)} bytes; the limit is {self.max_error_bytes} (EXOSPHERE_MAX_ERROR_BYTES)"
        )


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
