"""JSON and YAML with the line of each part."""

from typing import Any, NamedTuple

import yaml

#: A document that is larger when its aliases are written out is not looked at.
_MOST_PARTS = 200_000

Path = tuple[str | int, ...]


class Located(NamedTuple):
    """A document.

    Attributes:
        data: mappings, lists and scalars.
        lines: keys and places in lists that lead to a part → its line, from 1.
    """

    data: Any
    lines: dict[Path, int]

    def line(self, *path: str | int) -> int:
        """Return the line of a part, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_located(text: str) -> Located:
    """Read JSON or YAML.

    Raises:
        ValueError: it is malformed, nested too deeply, or too large; the text tells where.
    """
    loader = yaml.SafeLoader(text.expandtabs())
    try:
        root = loader.get_single_node()
        lines: dict[Path, int] = {}
        if root is not None:
            _walk(root, (), lines)
        data = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        raise ValueError(f"line {mark.line + 1 if mark else 1}: {wrong.problem}") from None
    except yaml.YAMLError:
        raise ValueError("it has a character that is not allowed") from None
    except RecursionError:
        raise ValueError("it is nested too deeply, or within itself") from None
    finally:
        loader.dispose()
    return Located(data, lines)


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int]) -> None:
    if len(lines) > _MOST_PARTS:
        raise ValueError(f"it has more than {_MOST_PARTS} parts")
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            lines[inner] = key.start_mark.line + 1
            _walk(value, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines)
