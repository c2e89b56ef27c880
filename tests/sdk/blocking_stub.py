"""Prints the types of `exospherehost.blocking`: `python tests/sdk/blocking_stub.py > sdk/exospherehost/blocking.pyi`."""

import inspect
import re
import sys
import typing
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

from exospherehost.blocking_calls import calls
from exospherehost.producer import Producer
from exospherehost.statemanager import StateManager

HEAD = '''\
"""The calls of `exospherehost.StateManager` and `exospherehost.Producer`, each of which returns when it is done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from exospherehost.models import CronTrigger, GraphNodeModel, RetryPolicyModel, StoreConfigModel
'''

OWN = """\
    def __enter__(self) -> Self: ...
    def __exit__(self, *fault: object) -> None: ...
    def close(self) -> None: ...
"""


def stub() -> str:
    """Return the text of the stub: one parameter a line."""
    return HEAD + "".join(f"\nclass {of.__name__}:\n{methods(of)}" for of in (StateManager, Producer))


def methods(of: type[Any]) -> str:
    return method("__init__", of.__init__) + OWN + "".join(method(*found) for found in calls(of))


def method(name: str, call: Callable[..., Any]) -> str:
    signature = inspect.signature(call)
    returned = signature.return_annotation
    if typing.get_origin(returned) is AsyncGenerator:
        returned = Iterator[typing.get_args(returned)[0]]
    words = [str(parameter) for parameter in signature.parameters.values()]
    end = inspect.formatannotation(returned)
    # Names of modules are left out: the head imports what is named.
    text = re.sub(r"\b(?:\w+\.)+(?=[A-Z]|datetime\b)", "", f"({', '.join(words)}) -> {end}")
    if len(text) + len(name) > 100:
        lines = "".join(f"        {word},\n" for word in words)
        text = re.sub(r"\b(?:\w+\.)+(?=[A-Z]|datetime\b)", "", f"(\n{lines}    ) -> {end}")
    return f"    def {name}{text}: ...\n".replace("'", '"')


if __name__ == "__main__":
    sys.stdout.write(stub())
