"""The interface of a contender, and the process that offers it.

A contender's file has:

- `PACKAGES`: the distributions whose versions are told.
- `BEST`: its settings, as `python -m bench.tune` found them best; `CHOICES`: what else is tried.
- `GUARANTEE`: what these settings promise when a worker dies. `WRITTEN`: how chains and joins are written.
- `worker(settings)`: the command of one worker process.
- `Client`, with calls that may be coroutines: `tasks(count, size)` enqueues independent tasks with an input of so many
  bytes, `chains(count, length, size)` chains of them, `fan(width)` one task that fans out and is joined, `ended(tasks, runs)` tells whether Redis
  holds the results of so many tasks, of so many runs.

`python -m bench.contenders client NAME` reads calls as lines of JSON from its standard input and answers each with a line; `work NAME` becomes the worker.
"""

import inspect
import json
import os
import sys
from asyncio import Runner
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import Any

#: Settings found by `python -m bench.tune`, by contender.
FOUND = Path(__file__).with_name("best.json")
#: Settings for this process alone, as JSON.
SETTINGS_VARIABLE = "BENCH_SETTINGS"
REDIS_VARIABLE = "BENCH_REDIS_URL"
#: Setting of this project's client: single triggers go by way of a state manager.
OVER_HTTP = "over_http"


def settings_of(module: ModuleType) -> dict[str, Any]:
    """The settings that a contender runs with."""
    name = module.__name__.rpartition(".")[2]
    found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    return {**module.BEST, **found.get(name, {}), **given_settings()}


def given_settings() -> dict[str, Any]:
    """What the one who started this process wants to be different."""
    given: dict[str, Any] = json.loads(os.environ.get(SETTINGS_VARIABLE, "{}"))
    return given


def redis_url() -> str:
    """The Redis that is measured."""
    return os.environ.get(REDIS_VARIABLE, "redis://127.0.0.1:6379/0")


def payload(size: int) -> str:
    """A value of so many bytes."""
    return "x" * max(1, size)


def main() -> None:
    what, name = sys.argv[1:3]
    module = import_module(f"bench.contenders.{name}")
    if what == "work":
        command = module.worker(settings_of(module))
        os.execv(command[0], command)
    with ExitStack() as stack, Runner(loop_factory=_loop()) as runner:
        client: list[Any] = []

        def answer(call: dict[str, Any]) -> dict[str, Any]:
            what = call.pop("do")
            if what == "describe":
                return {"found": _description(module)}
            if not client:
                client.append(module.Client())
            do = getattr(client[0], what)
            if inspect.iscoroutinefunction(do):
                return runner.run(_timed(do, call))
            began = monotonic()
            found = do(**call)
            return {"found": found, "began": began, "took": monotonic() - began}

        # What libraries print must not end up between the answers.
        answers = stack.enter_context(os.fdopen(os.dup(1), "w"))
        os.dup2(2, 1)
        for line in sys.stdin:
            print(json.dumps(_told(answer, json.loads(line))), file=answers, flush=True)


def _told(answer: Callable[[dict[str, Any]], dict[str, Any]], call: dict[str, Any]) -> dict[str, Any]:
    try:
        return answer(call)
    except Exception as failed:
        return {"error": f"{type(failed).__name__}: {failed}"}


async def _timed(do: Callable[..., Awaitable[Any]], call: dict[str, Any]) -> dict[str, Any]:
    # The time begins in the event loop: a program that awaits its calls is in it already, and Node.js is, too.
    began = monotonic()
    found = await do(**call)
    return {"found": found, "began": began, "took": monotonic() - began}


def _loop() -> Callable[[], Any] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], Any] = uvloop.new_event_loop
    return factory


def _description(module: ModuleType) -> dict[str, Any]:
    return {
        "versions": {package: version(package) for package in module.PACKAGES},
        "settings": settings_of(module),
        "choices": module.CHOICES,
        "guarantee": module.GUARANTEE,
        "written": module.WRITTEN,
    }
