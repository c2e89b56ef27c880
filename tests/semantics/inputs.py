"""How the model fills the placeholders of a node's inputs."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from semantics.records import State

#: `${{ a.outputs.v }}` or `${{ store.k }}`, white space inside the braces being free.
_PLACEHOLDER = re.compile(r"\$\{\{\s*(?:(\w[\w-]*)\s*\.\s*outputs|store)\s*\.\s*(\w[\w-]*)\s*\}\}")


class Missing(Exception):
    """Placeholders have no value: the arguments name them."""


#: What a placeholder stands for: called with the identifier, or None for the store, and the field or key.
Lookup = Callable[[str | None, str], str]


def resolve(inputs: Mapping[str, str], lookup: Lookup) -> dict[str, str]:
    """Put values in place of placeholders. A value is never read for placeholders again.

    Raises:
        Missing: some have none.
    """
    missing: list[str] = []

    def value_of(found: re.Match[str]) -> str:
        try:
            return lookup(found[1], found[2])
        except Missing as one:
            missing.extend(one.args)
            return ""

    resolved = {name: _PLACEHOLDER.sub(value_of, text) for name, text in inputs.items()}
    if missing:
        raise Missing(*missing)
    return resolved


def value(outputs: dict[str, str] | None, source: str, name: str) -> str:
    """The value of one state. Raises Missing."""
    if outputs is None or name not in outputs:
        raise Missing(f"{source}.outputs.{name}")
    return outputs[name]


def values(states: Sequence[State], source: str, name: str) -> str:
    """The values of successful states in branch order, as JSON. One that returned an empty list has none."""
    found = [
        value(state.outputs, source, name)
        for state in sorted(states, key=lambda state: state.place)
        if state.status == "SUCCESS" and state.outputs is not None
    ]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))
