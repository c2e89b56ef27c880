"""Executes the nodes of the demo's graph in a process that knows of Exosphere nothing but its HTTP calls.

Arguments: URI of the state manager, API key, namespace, name of the runtime, and a file that it notes each state in.
"""

import ast
import json
import signal
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Any

from examples.http_runtime.runtime import HttpRuntime, Inputs, Outputs, Prune

#: What the report gets as arrays, one entry a module.
COLUMNS = ("modules", "lines", "functions", "classes", "complexity", "peak", "peak_function", "imports")


def list_modules(inputs: Inputs) -> list[Outputs]:
    folder = Path(sysconfig.get_path("stdlib"))
    files = sorted(folder.glob("*.py"))[: int(inputs["limit"])]
    return [{"module": file.stem, "path": str(file)} for file in files]


def analyse_module(inputs: Inputs) -> Outputs:
    text = Path(inputs["path"]).read_text(encoding="utf-8")
    if inputs["module"].startswith("__"):
        raise Prune({"module": inputs["module"], "reason": "it is no module of its own"})
    found = [type(part).__name__ for part in ast.walk(ast.parse(text))]
    return {
        "module": inputs["module"], "lines": str(text.count("\n")), "functions": str(found.count("FunctionDef")),
        "classes": str(found.count("ClassDef")), "complexity": str(found.count("If")), "peak": "0",
        "peak_function": "", "imports": json.dumps([]),
    }  # fmt: skip


def write_report(inputs: Inputs) -> Outputs:
    columns = {name: json.loads(inputs[name]) for name in COLUMNS}
    data = Path(inputs["folder"]) / "report.json"
    data.write_text(json.dumps({"listed": json.loads(inputs["listed"]), **columns}), encoding="utf-8")
    return {"page": "", "data": str(data)}


def schema(*fields: str) -> dict[str, Any]:
    return {"type": "object", "properties": {field: {"type": "string"} for field in fields}, "required": list(fields)}


ANALYSED = ("module", *COLUMNS[1:])
NODES = {"ListModules": list_modules, "AnalyseModule": analyse_module, "WriteReport": write_report}
SCHEMAS = {
    "ListModules": (schema("limit"), schema("module", "path")),
    "AnalyseModule": (schema("module", "path"), schema(*ANALYSED)),
    "WriteReport": (schema("folder", "listed", *COLUMNS), schema("page", "data")),
}


def main() -> None:
    uri, key, namespace, name, ledger = sys.argv[1:]

    def noted(node: str) -> Any:
        def execute(inputs: Inputs) -> Any:
            outputs = NODES[node](inputs)
            with open(ledger, "a", encoding="utf-8") as file:
                file.write(f"{name} {node} {inputs.get('module', '')}\n")
            return outputs

        return execute

    runtime = HttpRuntime(uri, key, namespace, {node: noted(node) for node in NODES})
    runtime.register(
        name,
        [
            {"name": node, "inputs_schema": takes, "outputs_schema": gives, "secrets": []}
            for node, (takes, gives) in SCHEMAS.items()
        ],
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    runtime.run(stop)
    ours = sorted(module for module in sys.modules if module.startswith("exosphere"))
    sys.exit(f"this runtime is to need none of {ours}" if ours else 0)


if __name__ == "__main__":
    main()
