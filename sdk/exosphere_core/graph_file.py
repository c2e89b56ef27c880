"""Reads a graph from a JSON or YAML file. What the graph says is judged by the state manager."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from exosphere_core.errors import ConfigurationError

_CONTENT_KEYS: Final = ("nodes", "secrets", "retry_policy", "store_config", "triggers")
_KEYS: Final = ("name", "graph_name", "namespace", *_CONTENT_KEYS)


@dataclass(frozen=True, slots=True)
class GraphFile:
    """What a file says.

    Attributes:
        name: name of the graph, if the file gives one.
        namespace: where it goes, if the file gives it.
        content: the body of an upsert.
    """

    name: str | None
    namespace: str | None
    content: dict[str, Any]


def read_graph_file(path: Path) -> GraphFile:
    """Read a file; `.json` is JSON, anything else YAML (of which JSON is a part).

    Raises:
        ConfigurationError: it can't be read or is malformed; line and column are named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise ConfigurationError(f"{path} is not UTF-8 text (byte {wrong.start})") from None
    except OSError as denied:
        raise ConfigurationError(f"{path} can't be read: {denied.strerror}") from None
    return parse_graph(text, str(path), is_json=path.suffix.lower() == ".json")


def parse_graph(text: str, source: str, *, is_json: bool) -> GraphFile:
    """Read a graph from text. `source` names the text in messages.

    Raises:
        ConfigurationError: it is malformed; line and column are named.
    """
    try:
        parsed = _parse_json(text, source) if is_json else _parse_yaml(text, source)
        if not isinstance(parsed, dict):
            kind = "empty" if parsed is None else f"a {_kind(parsed)}"
            raise ConfigurationError(f"{source} is {kind}; a graph is a mapping with 'name' and 'nodes'")
        _check_values(parsed, source, "")
    except RecursionError:
        raise ConfigurationError(f"{source} is nested too deeply, or within itself") from None
    for key in parsed:
        if key not in _KEYS:
            raise ConfigurationError(f"{source}: unknown key {key!r}; a graph has {', '.join(_KEYS)}")
    if "nodes" not in parsed:
        raise ConfigurationError(f"{source}: 'nodes' is missing: the list of the graph's nodes")
    name = _text_or_none(parsed, "name", source)
    graph_name = _text_or_none(parsed, "graph_name", source)
    if name is not None and graph_name is not None and name != graph_name:
        raise ConfigurationError(f"{source}: 'name' is {name!r} but 'graph_name' is {graph_name!r}; give one of them")
    return GraphFile(
        name=name if name is not None else graph_name,
        namespace=_text_or_none(parsed, "namespace", source),
        # An empty section (`secrets:`) is one that was left out.
        content={key: parsed[key] for key in _CONTENT_KEYS if parsed.get(key) is not None or key == "nodes"},
    )


def _parse_json(text: str, source: str) -> Any:
    def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key, value in pairs:
            if key in members:
                raise ConfigurationError(f"{source}: key {key!r} is given twice in one object")
            members[key] = value
        return members

    try:
        return json.loads(text, object_pairs_hook=once_each)
    except json.JSONDecodeError as wrong:
        raise ConfigurationError(
            f"{source} is malformed JSON: line {wrong.lineno}, column {wrong.colno}: {wrong.msg}"
        ) from None
    except ValueError as wrong:
        # A number with more digits than Python reads.
        raise ConfigurationError(f"{source} is malformed JSON: {wrong}") from None


class _GraphLoader(yaml.SafeLoader):
    """Safe YAML whose mappings have text keys, each once, and in which a date stays the text that it is."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Here and not where the mapping is built: there, merged keys (`<<`) are among the own ones.
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value!r} is not text; put it in quotes", problem_mark=key.start_mark
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return node


_GraphLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _parse_yaml(text: str, source: str) -> Any:
    loader = None
    try:
        loader = _GraphLoader(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigurationError(f"{source} is malformed YAML: {place}{wrong.problem}") from None
    except yaml.reader.ReaderError as wrong:
        line = text.count("\n", 0, wrong.position) + 1
        column = wrong.position - (text.rfind("\n", 0, wrong.position) + 1) + 1
        raise ConfigurationError(
            f"{source} is malformed YAML: line {line}, column {column}: a character that is not allowed"
        ) from None
    except ValueError as wrong:
        # A value whose tag promises what its text does not keep, such as `!!int x`.
        raise ConfigurationError(f"{source} is malformed YAML: {wrong}") from None
    finally:
        if loader is not None:
            loader.dispose()


def _check_values(value: Any, source: str, place: str) -> None:
    """Refuse what JSON has no word for."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check_values(item, source, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_values(item, source, f"{place}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ConfigurationError(f"{source}: {place} is {value}, which JSON does not have; put it in quotes")
    elif value is not None and not isinstance(value, str | int | float | bool):
        raise ConfigurationError(f"{source}: {place} is a {_kind(value)}, which JSON does not have; put it in quotes")


def _text_or_none(parsed: dict[str, Any], key: str, source: str) -> str | None:
    value = parsed.get(key)
    if value is None or isinstance(value, str):
        return value
    raise ConfigurationError(f"{source}: {key!r} must be text, not {value!r}; put it in quotes")


def _kind(value: Any) -> str:
    kinds = {list: "list", str: "text", bool: "boolean", int: "number", float: "number"}
    return kinds.get(type(value), type(value).__name__)
