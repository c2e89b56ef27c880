"""Python files: read as syntax trees, never imported."""

import ast
import warnings
from collections.abc import Iterator
from typing import Any, Final

from exosphere_cli.migration import facts
from exosphere_cli.migration.finding import Finding, Verdict
from exosphere_cli.migration.graph_rules import SCHEDULE, SCHEDULE_FIX, judge_graph, store_keys
from exosphere_cli.migration.python_values import UNKNOWN, Names, known_node
from exosphere_core.names import name_error

#: What a path of the HTTP API has in it → rule, what differs, what to do.
_CALLS: Final = (
    (
        "/trigger", "http-busy", "a trigger is answered 429 with Retry-After where there is too much to do",
        "wait for that time and send it again, with the same Idempotency-Key",
    ),
    (
        "/states/enqueue", "http-lease",
        "what a client takes and does not report within EXOSPHERE_HTTP_LEASE_MS (10 minutes) is given to another one",
        "send the field attempt of the answer along with each report",
    ),
)  # fmt: skip
_HTTP: Final = "/v0/namespace"

#: What a node declares its fields in, and types that are no `str`, whatever stands in their brackets.
_MODELS: Final = frozenset({"Inputs", "Outputs", "Secrets"})
_OTHER_TYPES: Final = frozenset(
    {
        "Any",
        "Dict",
        "List",
        "Optional",
        "Set",
        "Tuple",
        "Union",
        "bool",
        "bytes",
        "dict",
        "float",
        "int",
        "list",
        "set",
        "tuple",
    }
)

#: Where a list has so many statuses and not the new one, it is taken for a list of statuses.
_STATUSES: Final = 3


def check_python(file: str, text: str) -> Iterator[Finding]:
    """Check one file."""
    try:
        with warnings.catch_warnings():
            # What the code's own author is to be told is none of our findings.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        yield from _Code(file, tree).findings()
    except (SyntaxError, ValueError, RecursionError, MemoryError) as wrong:
        line = wrong.lineno if isinstance(wrong, SyntaxError) and wrong.lineno else 0
        newest = ".".join(map(str, facts.NEWEST_PYTHON))
        yield Finding(
            verdict=Verdict.CHANGE, file=file, line=line, rule="syntax", detail="this is no Python that can be read",
            fix=f"mend it for Python {newest}, and check again: nothing else was looked at in this file",
        )  # fmt: skip


class _Code:
    def __init__(self, file: str, tree: ast.Module) -> None:
        self._file = file
        self._tree = tree
        self._names = Names(tree)
        #: Whether it has to do with the system at all: other programs have statuses and triggers, too.
        self._concerned = self._names.used or any(
            isinstance(node, ast.Constant) and isinstance(node.value, str) and _HTTP in node.value
            for node in ast.walk(tree)
        )
        #: Names, with `self.`, to which a `StateManager` was assigned.
        self._managers = {
            ast.unparse(target)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            and self._names.public(node.value.func) == "StateManager"
            for target in node.targets
        }  # fmt: skip

    def findings(self) -> Iterator[Finding]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from self._imports(node)
            elif isinstance(node, ast.ClassDef):
                if any(self._names.public(base) == "BaseNode" for base in node.bases):
                    yield from self._node(node)
            elif isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.List | ast.Tuple | ast.Set):
                yield from self._collection(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from self._text(node, node.value)

    def _found(self, verdict: Verdict, node: ast.AST, rule: str, detail: str, fix: str = "") -> Finding:
        line = getattr(node, "lineno", 0)
        return Finding(verdict=verdict, file=self._file, line=line, rule=rule, detail=detail, fix=fix)

    def _imports(self, node: ast.Import | ast.ImportFrom) -> Iterator[Finding]:
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for module in modules:
            package = module.partition(".")[0]
            if package in facts.MONGO_PACKAGES:
                detail = f"{module} is imported; {facts.MONGO_DETAIL}"
                yield self._found(Verdict.DIFFERS, node, "mongodb", detail, facts.MONGO_FIX)
            elif package == "exospherehost":
                yield from self._sdk_import(node, module)

    def _sdk_import(self, node: ast.Import | ast.ImportFrom, module: str) -> Iterator[Finding]:
        if module.startswith(facts.NEW_MODULES):
            return
        if module not in facts.MODULES and not _is_package(module):
            fix = "import what you need from exospherehost itself"
            yield self._found(Verdict.CHANGE, node, "import", f"there is no module {module} to import from", fix)
            return
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        inside = facts.MODULES.get(module, frozenset())
        for name in names:
            inner = f"{module}.{name}"
            if name == "*" or name in inside or inner in facts.MODULES or _is_package(inner):
                yield self._found(Verdict.SAME, node, "import", f"{module} has {name}")
            elif inner not in facts.NEW_MODULES:
                there = ", ".join(sorted(inside))
                yield self._found(Verdict.CHANGE, node, "import", f"{module} has no {name}", f"it has {there}")

    def _node(self, node: ast.ClassDef) -> Iterator[Finding]:
        models = [one for one in node.body if isinstance(one, ast.ClassDef) and one.name in _MODELS]
        wrong = [
            (model, field)
            for model in models
            for field in model.body
            if isinstance(field, ast.AnnAssign) and _no_text(field.annotation)
        ]
        for model, field in wrong:
            name = f"{node.name}.{model.name}.{ast.unparse(field.target)}"
            detail = f"{name} is {ast.unparse(field.annotation)}: the runtime refuses fields that are no str"
            yield self._found(Verdict.CHANGE, field, "field", detail, "make it a str, such as of JSON")
        if not wrong:
            yield self._found(Verdict.SAME, node, "node", f"node class {node.name}")

    def _call(self, call: ast.Call) -> Iterator[Finding]:
        name = self._names.public(call.func)
        words = {word.arg: word.value for word in call.keywords if word.arg}
        if name == "Runtime":
            yield from self._runtime(call, words)
        elif name == "StateManager":
            yield from self._arguments(call, "StateManager", words, facts.STATE_MANAGER_ARGUMENTS)
        elif name == "ReQueueAfterSignal":
            yield self._found(
                Verdict.DIFFERS, call, "requeue", "ReQueueAfterSignal: the same state runs again, and no retry is used up"
            )  # fmt: skip
        elif name == "CronTrigger":
            yield self._found(Verdict.DIFFERS, call, "schedule", SCHEDULE, SCHEDULE_FIX)
        elif isinstance(call.func, ast.Attribute):
            yield from self._method(call, call.func)

    def _runtime(self, call: ast.Call, words: dict[str, ast.expr]) -> Iterator[Finding]:
        yield from self._arguments(call, "Runtime", words, facts.RUNTIME_ARGUMENTS)
        yield from self._name(call, words, "name", "runtime name")
        if "poll_interval" in words:
            yield self._found(
                Verdict.DIFFERS, words["poll_interval"], "poll-interval",
                "poll_interval has no effect: a runtime waits at its queue", "it may go",
            )  # fmt: skip
        for name, meaning in (("batch_size", "are fetched"), ("workers", "run")):
            if name in words:
                yield self._found(
                    Verdict.DIFFERS, words[name], "concurrency", f"{name} is how many states {meaning} at a time"
                )  # fmt: skip

    def _arguments(
        self, call: ast.Call, name: str, words: dict[str, ast.expr], known: tuple[str, ...]
    ) -> Iterator[Finding]:
        yield from self._name(call, words, "namespace", "namespace")
        unknown = [word for word in words if word not in known]
        for word in unknown:
            yield self._found(
                Verdict.CHANGE, words[word], "argument", f"{name} has no argument {word!r}", f"it has {', '.join(known)}"
            )  # fmt: skip
        for word in ("state_manage_version", "state_manager_version"):
            version = self._names.value(words[word]) if word in words else UNKNOWN
            if version is not UNKNOWN and version != "v0":
                yield self._found(
                    Verdict.CHANGE, words[word], "argument", f"{name}: {word} is not 'v0'", "leave it out"
                )  # fmt: skip
        if not unknown:
            yield self._found(Verdict.SAME, call, "call", f"{name}(…) has the same arguments")

    def _name(self, call: ast.Call, words: dict[str, ast.expr], word: str, kind: str) -> Iterator[Finding]:
        # The namespace comes first, and may be given without its name.
        given = words.get(word, call.args[0] if word == "namespace" and call.args else None)
        value = UNKNOWN if given is None else self._names.value(given)
        if isinstance(value, str) and (error := name_error(kind, value)):
            yield self._found(Verdict.CHANGE, call, "name", error, "rename it, here and in the graphs")

    def _method(self, call: ast.Call, method: ast.Attribute) -> Iterator[Finding]:
        owner = ast.unparse(method.value)
        if owner in self._managers or (
            isinstance(method.value, ast.Call) and self._names.public(method.value.func) == "StateManager"
        ):
            if method.attr in facts.OLD_METHODS:
                yield self._found(Verdict.SAME, call, "call", f"StateManager.{method.attr} has the same arguments")
            elif method.attr not in facts.NEW_METHODS:
                known = ", ".join(sorted(facts.OLD_METHODS | facts.NEW_METHODS))
                detail = f"StateManager has no method {method.attr}"
                yield self._found(Verdict.CHANGE, call, "call", detail, f"it has {known}")
        elif owner == "self.store" and method.attr == "set" and self._names.used:
            yield self._found(
                Verdict.DIFFERS, call, "store", "store writes of a node land together when it succeeds, else they are dropped"
            )  # fmt: skip

    def _collection(self, node: ast.List | ast.Tuple | ast.Set) -> Iterator[Finding]:
        words = {item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)}
        if self._concerned and len(words & facts.OLD_STATUSES) >= _STATUSES and "CANCELLED" not in words:
            yield self._found(
                Verdict.DIFFERS, node, "statuses", "a list of statuses without CANCELLED, which a state may have",
                "count it where it belongs",
            )  # fmt: skip
        if not isinstance(node, ast.List):
            return
        calls = [
            item for item in node.elts if isinstance(item, ast.Call) and self._names.public(item.func) == "GraphNodeModel"
        ]  # fmt: skip
        if calls and len(calls) == len(node.elts):
            yield from self._graph(node, calls)

    def _graph(self, node: ast.List, calls: list[ast.Call]) -> Iterator[Finding]:
        known = [known_node(self._names.value(call)) for call in calls]
        nodes = [one for one in known if one is not None]
        if len(nodes) < len(calls):
            yield self._found(
                Verdict.DIFFERS, node, "graph", "a graph whose edges are known at run time only: it was not checked",
                "check it when it runs: exosphere graph export, then exosphere graph validate",
            )  # fmt: skip
            return
        content: dict[str, Any] = {"nodes": nodes}
        # Which store a graph is declared with may be told elsewhere.
        content["store_config"] = {"required_keys": sorted(store_keys(content))}
        lines = {one["identifier"].strip(): call for one, call in zip(nodes, calls, strict=True)}
        said = list(judge_graph(content))
        for one in said:
            yield self._found(one.verdict, lines.get(one.node or "", node), one.rule, one.detail, one.fix)
        if not any(one.verdict is Verdict.CHANGE for one in said):
            yield self._found(Verdict.SAME, node, "graph", f"a graph of {len(nodes)} nodes is well-formed")

    def _text(self, node: ast.Constant, text: str) -> Iterator[Finding]:
        if text.startswith(facts.MONGO_VARIABLE) and text.replace("_", "").isalnum() and text.isupper():
            yield self._found(Verdict.DIFFERS, node, "mongodb", f"{text}: {facts.MONGO_DETAIL}", facts.MONGO_FIX)
        if _HTTP in text and "\n" not in text:
            yield self._found(Verdict.SAME, node, "http", "paths, fields and status codes of /v0 are the same")
        for part, rule, detail, fix in _CALLS:
            if self._concerned and text.endswith(part):
                yield self._found(Verdict.DIFFERS, node, rule, detail, fix)


def _no_text(annotation: ast.expr) -> bool:
    """Whether a field is surely no `str`; a name from elsewhere may be one."""
    if isinstance(annotation, ast.BinOp):
        return True
    root = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return isinstance(root, ast.Name) and root.id in _OTHER_TYPES


def _is_package(module: str) -> bool:
    """Whether a known module lies in it."""
    return any(known.startswith(f"{module}.") for known in facts.MODULES)
