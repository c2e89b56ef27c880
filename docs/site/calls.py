"""The page that lists every call of the HTTP API, made of its description."""

import json
from pathlib import Path
from typing import Any, Final

#: The parts of the page, in order: the tag of the description, and its heading.
_PARTS: Final = {
    "graphs": "Graphs",
    "runs": "Runs",
    "reads": "Looking around",
    "steering": "Steering",
    "pauses": "Pausing",
    "schedules": "Schedules",
    "access": "Keys and the audit log",
    "nodes": "Nodes",
    "states": "States",
    "reports": "Reports",
    "runtimes over HTTP": "Runtimes over HTTP",
    "operation": "Operation",
    "service": "Service",
}

_HEAD = """# HTTP calls

Every call of a state manager, made of its description: [openapi.json](../openapi.json), which a state manager serves at `/openapi.json`, too. What holds
for all calls (the key, errors, sending again) is told by [the page about the API](../http-api.md), who may make which by [the one about security](../security.md#roles).
"""


def calls_page(description: Path) -> str:
    """The page, as Markdown."""
    api = json.loads(description.read_text(encoding="utf-8"))
    schemas = api["components"]["schemas"]
    calls: dict[str, list[str]] = {}
    for path, methods in api["paths"].items():
        for method, call in methods.items():
            calls.setdefault(call["tags"][0], []).append(_call(method.upper(), path, call, schemas))
    order = [*_PARTS, *sorted(calls.keys() - _PARTS.keys())]
    parts = [f"## {_PARTS.get(tag, tag.capitalize())}\n\n" + "\n".join(calls[tag]) for tag in order if tag in calls]
    bodies = [_schema(name, schema) for name, schema in sorted(schemas.items())]
    return "\n".join([_HEAD, *parts, "## Bodies\n", *bodies])


def _call(method: str, path: str, call: dict[str, Any], schemas: dict[str, Any]) -> str:
    lines = [f"### {call['summary']}\n", f"`{method} {path}`\n"]
    if described := call.get("description"):
        lines.append(f"{described}\n")
    given = [each for each in call.get("parameters", []) if each["in"] != "path"]
    if given:
        lines += ["| parameter | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{each['name']}` ({each['in']}) | {_type(each['schema'])} | {_cell(each.get('description', ''))} |"
            for each in given
        ]
        lines.append("")
    if body := call.get("requestBody"):
        lines.append(f"Body: {_type(_json_of(body))}\n")
    answers = []
    for status, answer in call["responses"].items():
        if status.startswith("2"):
            kind = _type(_json_of(answer)) if _json_of(answer) else ", ".join(answer.get("content", {})) or "no body"
            answers.append(f"{status}: {kind}")
    refusals = [status for status in call["responses"] if not status.startswith("2")]
    lines.append(f"Answer: {'; '.join(answers)}." + (f" Refusals: {', '.join(refusals)}." if refusals else "") + "\n")
    return "\n".join(lines)


def _json_of(message: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = message.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _schema(name: str, schema: dict[str, Any]) -> str:
    lines = [f"### {name}\n"]
    if described := schema.get("description"):
        lines.append(f"{described}\n")
    if "enum" in schema:
        lines.append(", ".join(f"`{value}`" for value in schema["enum"]) + "\n")
    fields = schema.get("properties", {})
    if fields:
        needed = schema.get("required", [])
        lines += ["| field | type | | meaning |", "|---|---|---|---|"]
        for field, kind in fields.items():
            must = "must be given" if field in needed else _default(kind)
            lines.append(f"| `{field}` | {_type(kind)} | {must} | {_cell(kind.get('description', ''))} |")
        lines.append("")
    return "\n".join(lines)


def _default(schema: dict[str, Any]) -> str:
    return f"`{json.dumps(schema['default'], ensure_ascii=False)}`" if "default" in schema else ""


def _type(schema: dict[str, Any]) -> str:
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_type(each) for each in schema[several])
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(kind)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
