"""Values that can be told from Python code without running it."""

import ast
from collections.abc import Mapping
from typing import Any, Final

#: Stands for what only running the code would tell.
UNKNOWN: Final = object()

#: Classes of graphs whose calls are read as the mapping of their arguments.
_MODELS: Final = frozenset({"CronTrigger", "GraphNodeModel", "RetryPolicyModel", "StoreConfigModel", "UnitesModel"})
_CHOICES: Final = frozenset({"RetryStrategyEnum", "UnitesStrategyEnum"})


class Names:
    """What the names of a module stand for: those of the package, and constants."""

    def __init__(self, tree: ast.Module) -> None:
        self._public: dict[str, str] = {}
        self._modules: set[str] = set()
        self._constants: dict[str, Any] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "exospherehost":
                self._public.update({alias.asname or alias.name: alias.name for alias in node.names})
            elif isinstance(node, ast.Import):
                self._modules |= {
                    alias.asname or alias.name
                    for alias in node.names
                    if alias.name.partition(".")[0] == "exospherehost"
                }
        for statement in tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Constant):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self._constants[target.id] = statement.value.value

    @property
    def used(self) -> bool:
        """Whether the module imports the package."""
        return bool(self._public or self._modules)

    def public(self, node: ast.expr) -> str | None:
        """Return the name within the package that an expression stands for, or None."""
        if isinstance(node, ast.Name):
            return self._public.get(node.id)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in self._modules:
            return node.attr
        return None

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression as it is in JSON, or UNKNOWN; parts of lists and mappings may be UNKNOWN."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._constants.get(node.id, UNKNOWN)
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(item) for item in node.elts]
        if isinstance(node, ast.Dict):
            if any(key is None or not isinstance(self.value(key), str) for key in node.keys):
                return UNKNOWN
            pairs = zip(node.keys, node.values, strict=True)
            return {self.value(key): self.value(value) for key, value in pairs if key is not None}
        if isinstance(node, ast.Attribute) and self.public(node.value) in _CHOICES:
            return node.attr
        if isinstance(node, ast.Call) and self.public(node.func) in _MODELS:
            return self.arguments(node)
        return UNKNOWN

    def arguments(self, call: ast.Call) -> Any:
        """Return the keyword arguments of a call, UNKNOWN where it has others."""
        if call.args or any(word.arg is None for word in call.keywords):
            return UNKNOWN
        return {word.arg: self.value(word.value) for word in call.keywords if word.arg is not None}


def known_node(node: Any) -> dict[str, Any] | None:
    """Return a node of a graph in which what is unknown does not matter, or None where its edges are unknown."""
    if not isinstance(node, Mapping):
        return None
    edges = {key: node[key] for key in ("identifier", "next_nodes", "unites") if key in node}
    if _has_unknown(edges) or not isinstance(edges.get("identifier"), str):
        return None
    inputs = node.get("inputs", {})
    known = inputs if isinstance(inputs, Mapping) else {}
    names = {key: node.get(key, "") for key in ("node_name", "namespace")}
    return {
        **{key: value for key, value in node.items() if not _has_unknown(value)},
        **{key: "unknown" if value is UNKNOWN else value for key, value in names.items()},
        "inputs": {key: text for key, text in known.items() if not _has_unknown(text)},
    }


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    return value is UNKNOWN
