"""Renders the chart as Helm does, as far as the chart goes: any action or function that is not known here is an error.

Helm itself is no part of the tests: it is a program of its own. `compare_with_helm.py` compares this with it.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

_ACTION = re.compile(
    r"\{\{(?P<left>-)?\s*(?P<body>(?:\"(?:[^\"\\]|\\.)*\"|/\*.*?\*/|[^\"])*?)\s*(?P<right>-)?\}\}", re.DOTALL
)
_TOKEN = re.compile(r"\s*(\"(?:[^\"\\]|\\.)*\"|:=|[()|,]|\$?[\w.]*[\w.]|\$)")

#: Go writes larger numbers of a YAML file as 1e+06; the chart passes them through `int`.
_LARGEST = 999_999


class ChartError(Exception):
    """The chart uses something that is not known here, or Helm would refuse it."""


@dataclass
class Block:
    """A list of texts, outputs and further blocks; `words` is what it begins with, such as `range $x := .list`."""

    words: list[str] = field(default_factory=list)
    parts: "list[str | list[str] | Block]" = field(default_factory=list)


@dataclass
class Scope:
    """What names mean at a place."""

    dot: Any
    variables: dict[str, Any]


def _pieces(text: str) -> Iterator[tuple[str, list[str] | None]]:
    """Texts and actions in turn, with the spaces taken away that the actions take."""
    at, trim = 0, False
    for match in _ACTION.finditer(text):
        before = text[at : match.start()]
        before = before.lstrip() if trim else before
        yield before.rstrip() if match["left"] else before, None
        at, trim = match.end(), bool(match["right"])
        if not match["body"].startswith("/*"):
            words = _TOKEN.findall(match["body"])
            if "".join(words) != re.sub(r"\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", "", match["body"]):
                raise ChartError(f"can't read {match['body']!r}")
            yield "", words
    yield text[at:].lstrip() if trim else text[at:], None


class Chart:
    """A chart's templates.

    Args:
        templates: file name → text.
        files: what `.Files.Get` finds.
    """

    def __init__(self, templates: Mapping[str, str], files: Mapping[str, str]) -> None:
        self._files = files
        self._named: dict[str, Block] = {}
        self._bodies = {name: self._parse(text) for name, text in templates.items()}

    def render(self, values: Mapping[str, Any], chart: Mapping[str, Any], release: Mapping[str, Any]) -> dict[str, str]:
        """File name → what becomes of it."""
        root = {
            "Values": copy.deepcopy(values), "Chart": {key[0].upper() + key[1:]: value for key, value in chart.items()},
            "Release": {"Service": "Helm", **release}, "Files": self._files,
        }  # fmt: skip
        return {name: self._run(body, Scope(root, {"$": root})) for name, body in self._bodies.items()}

    def _parse(self, text: str) -> Block:
        open_blocks = [Block()]
        for plain, words in _pieces(text):
            if words is None:
                open_blocks[-1].parts.append(plain)
            elif words[0] in ("if", "range", "define"):
                open_blocks.append(Block(words))
            elif words[0] == "end":
                done = open_blocks.pop()
                if done.words[0] == "define":
                    self._named[json.loads(done.words[1])] = done
                else:
                    open_blocks[-1].parts.append(done)
            else:
                open_blocks[-1].parts.append(words)
        (body,) = open_blocks
        return body

    def _run(self, block: Block, scope: Scope) -> str:
        return "".join(self._part(part, scope) for part in block.parts)

    def _part(self, part: "str | list[str] | Block", scope: Scope) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Block):
            inner = Scope(scope.dot, dict(scope.variables))
            if part.words[0] == "if":
                return self._run(part, inner) if self._value(part.words[1:], scope) else ""
            return self._range(part, inner)
        if part[1:2] == [":="]:
            scope.variables[part[0]] = self._value(part[2:], scope)
            return ""
        return _shown(self._value(part, scope))

    def _range(self, block: Block, scope: Scope) -> str:
        at = block.words.index(":=")
        names = [word for word in block.words[1:at] if word != ","]
        over = self._value(block.words[at + 1 :], scope)
        pairs = sorted(over.items()) if isinstance(over, Mapping) else list(enumerate(over or ()))
        text = ""
        for key, value in pairs:
            each = Scope(value, {**scope.variables, names[-1]: value})
            if len(names) == 2:
                each.variables[names[0]] = key
            text += self._run(block, each)
        return text

    def _value(self, words: Sequence[str], scope: Scope) -> Any:
        """A pipeline: what a command gives is the last argument of the next."""
        value, rest = self._command(list(words), scope, ())
        while rest:
            value, rest = self._command(rest[1:], scope, (value,))
        return value

    def _command(self, words: list[str], scope: Scope, last: tuple[Any, ...]) -> tuple[Any, list[str]]:
        """The value of a command up to the next `|`, and the words from there on."""
        name = words[0]
        arguments: list[Any] = []
        function = None if name[0] in '.$"(' or name.isdecimal() else name
        method = name == ".Files.Get"
        at = 1 if function or method else 0
        while at < len(words) and words[at] != "|":
            if words[at] == "(":
                depth, start = 1, at + 1
                while depth:
                    at += 1
                    depth += {"(": 1, ")": -1}.get(words[at], 0)
                arguments.append(self._value(words[start:at], scope))
            else:
                arguments.append(self._operand(words[at], scope))
            at += 1
        arguments += last
        rest = words[at:]
        if method:
            return self._files[arguments[0]], rest
        if function is None:
            (value,) = arguments
            return value, rest
        if function == "include":
            return self._run(self._named[arguments[0]], Scope(arguments[1], {"$": arguments[1]})), rest
        if function not in _FUNCTIONS:
            raise ChartError(f"the function {function} is not known here")
        return _FUNCTIONS[function](*arguments), rest

    def _operand(self, word: str, scope: Scope) -> Any:
        if word[0] == '"':
            return json.loads(word)
        if word.isdecimal():
            return int(word)
        start, *path = word.split(".")
        value = scope.variables[start] if start else scope.dot
        for name in filter(None, path):
            # Helm gives nil for what is missing; here a misspelt value is an error.
            if not isinstance(value, Mapping) or name not in value:
                raise ChartError(f"{word}: there is no {name}")
            value = value[name]
        return value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise ChartError(f"{value!r} can't be written")
    return value


def _quote(value: Any) -> str:
    if isinstance(value, int) and abs(value) > _LARGEST and not isinstance(value, _Whole):
        raise ChartError(f"{value} would be written as 1e+06 or the like; pass it through int")
    return json.dumps(_shown(value), ensure_ascii=False)


class _Whole(int):
    """A number that went through `int`, `add` or `div`."""


def _to_yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=False, allow_unicode=True, width=10_000)
    return text.removesuffix("\n")


def _nindent(width: int, text: str) -> str:
    return "\n" + "\n".join(" " * width + line for line in text.split("\n"))


def merge_overwrite(into: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Put what is given into a tree of values, and return that."""
    for key, value in given.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), Mapping):
            merge_overwrite(into[key], value)
        else:
            into[key] = copy.deepcopy(value)
    return into


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda one, other: _Whole(one + other),
    "deepCopy": copy.deepcopy,
    "default": lambda fallback, value: value or fallback,
    "dict": lambda *words: dict(zip(words[::2], words[1::2], strict=True)),
    "div": lambda one, other: _Whole(one // other),
    "gt": lambda one, other: one > other,
    "int": _Whole,
    "mergeOverwrite": merge_overwrite,
    "nindent": _nindent,
    "not": lambda value: not value,
    "printf": lambda form, *values: form % values,
    "quote": _quote,
    "toYaml": _to_yaml,
}
