"""The same three nodes for machines without curl or jq, over the same calls: Python's standard library alone."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from examples.http_runtime.runtime import HttpRuntime, Inputs, Outputs


def list_files(inputs: Inputs) -> list[Outputs]:
    """Fan out: one branch a file."""
    return [{"file": str(file)} for file in sorted(Path(inputs["directory"]).rglob("*.md"))]


def count_words(inputs: Inputs) -> Outputs:
    """Count what white space separates."""
    return {"words": str(len(Path(inputs["file"]).read_bytes().split()))}


def total(inputs: Inputs) -> Outputs:
    """Unite: the input is a JSON array with one entry a branch."""
    words = [int(count) for count in json.loads(inputs["words"])]
    return {"files": str(len(words)), "words": str(sum(words))}


def _schema(*fields: str) -> dict[str, Any]:
    return {"type": "object", "properties": {field: {"type": "string"} for field in fields}, "required": list(fields)}


@contextmanager
def python_runtime(uri: str, key: str, namespace: str) -> Iterator[None]:
    """Run it in a thread."""
    runtime = HttpRuntime(uri, key, namespace, {"ListFiles": list_files, "CountWords": count_words, "Total": total})
    fields = {
        "ListFiles": (["directory"], ["file"]),
        "CountWords": (["file"], ["words"]),
        "Total": (["words"], ["files", "words"]),
    }
    runtime.register(
        "python",
        [
            {"name": name, "inputs_schema": _schema(*takes), "outputs_schema": _schema(*gives), "secrets": []}
            for name, (takes, gives) in fields.items()
        ],
    )
    stop = threading.Event()
    thread = threading.Thread(target=runtime.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
