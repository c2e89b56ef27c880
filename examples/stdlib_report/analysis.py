"""What one module's source holds: lines, functions, classes, cyclomatic complexity, imports."""

import ast
import threading
from dataclasses import dataclass, field
from typing import Final

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)

#: Each of these adds one way through the code; so do every further operand of `and` and `or`,
#: every loop and condition of a comprehension, and every case of a `match`.
_BRANCHES: Final = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Assert)

#: Python 3.11 fails with a SystemError when several threads build syntax trees at a time. Each holds the interpreter's lock
#: anyway, so that taking turns costs nothing.
_PARSING: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """What was counted in one module.

    Attributes:
        lines: lines of the file, blank ones and comments included.
        complexity: sum over all functions and the code outside of them.
        peak: complexity of the most complex function, 0 when there is none.
        peak_function: its name with the classes and functions around it, "" when there is none.
        imports: names of the modules that it imports, in order, each once.
    """

    lines: int
    functions: int
    classes: int
    complexity: int
    peak: int
    peak_function: str
    imports: tuple[str, ...]


def analyse(source: bytes, module: str, is_package: bool) -> ModuleFacts:
    """Count what a module's source holds.

    Args:
        source: the file's content; its encoding is read from it.
        module: dotted name, to which relative imports are resolved.
        is_package: whether the file is the `__init__.py` of a package.

    Raises:
        SyntaxError: it is no Python source.
        ValueError: it holds null bytes.
    """
    package = module if is_package else module.rpartition(".")[0]
    with _PARSING:
        tree = ast.parse(source)
    count = _count(tree, package)
    peak = max(count.functions, key=lambda function: (function.complexity, -function.line), default=_Function("", 0, 0))
    return ModuleFacts(
        lines=len(source.splitlines()),
        functions=len(count.functions),
        classes=count.classes,
        complexity=count.outside.complexity + sum(function.complexity for function in count.functions),
        peak=peak.complexity,
        peak_function=peak.name,
        imports=tuple(sorted(count.imports - {module, ""})),
    )


@dataclass(slots=True)
class _Function:
    name: str
    line: int
    complexity: int


@dataclass(slots=True)
class _Count:
    functions: list[_Function] = field(default_factory=list)
    outside: _Function = field(default_factory=lambda: _Function("", 0, 0))
    classes: int = 0
    imports: set[str] = field(default_factory=set)


def _count(tree: ast.Module, package: str) -> _Count:
    """Walk the tree once, without recursion: a chain of a thousand `elif` is that deep."""
    count = _Count()
    waiting: list[tuple[ast.AST, tuple[str, ...], _Function]] = [(tree, (), count.outside)]
    while waiting:
        node, around, function = waiting.pop()
        if isinstance(node, _FUNCTIONS):
            around = (*around, node.name)
            function = _Function(".".join(around), node.lineno, 1)
            count.functions.append(function)
        elif isinstance(node, ast.ClassDef):
            around = (*around, node.name)
            count.classes += 1
        elif isinstance(node, ast.Import | ast.ImportFrom):
            count.imports.update(_imported(node, package))
        else:
            function.complexity += _branches(node)
        waiting.extend((child, around, function) for child in ast.iter_child_nodes(node))
    return count


def _branches(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.Match):
        return len(node.cases)
    return int(isinstance(node, _BRANCHES))


def _imported(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    parents = package.split(".")
    base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
    return [".".join(part for part in (base, node.module) if part)]
