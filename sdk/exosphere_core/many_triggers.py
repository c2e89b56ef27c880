"""Triggering a graph any number of times: in calls of bounded size, several under way at once, each of which may be repeated."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec

from exosphere_core.api import LONGEST_START_DELAY
from exosphere_core.errors import BadRequest, ExosphereError, Unavailable
from exosphere_core.names import name_error

#: The most that one call is given: runs, and bytes of JSON.
MOST_IN_CALL: Final = 1_000
MOST_BYTES_IN_CALL: Final = 1_000_000

#: How many calls are under way at once.
_UNDER_WAY: Final = 4

#: The number of a call is put behind its key, which may be no longer than a name.
_LONGEST_KEY: Final = 100

_FIELDS: Final = ("inputs", "store", "start_delay")

#: Where a detail of the state manager names a run: by its place in the call.
_PLACE: Final = re.compile(r"^runs\.(\d+)")

#: Makes one call: its body and its idempotency key → its answer.
Ask = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]


class TriggeredMany(NamedTuple):
    """Runs that were started, in the order in which they were given."""

    run_ids: list[str]
    #: Inputs that the root does not declare, of any of them.
    ignored_inputs: list[str]


class _Call(NamedTuple):
    number: int
    #: Place of the first run among all.
    first: int
    runs: list[dict[str, Any]]


async def trigger_many(
    ask: Ask, runs: Iterable[Mapping[str, Any]], key: str, show: Callable[[int], None] = lambda _: None
) -> TriggeredMany:
    """Start runs of one graph.

    Args:
        runs: each with `inputs`, `store` and `start_delay` (ms), as far as it has them. Taken as they are needed.
        key: names all of it. A repeat with the same runs starts those that were not started, and none twice.
        show: told how many runs are started, whenever there are more.

    Raises:
        BadRequest: a run can't be made; the detail names it by `runs.` and its place, counted from 0.
        ExosphereError: another subclass tells what went wrong. The detail says how many runs are started by then.
    """
    if (error := name_error("idempotency key", key)) or len(key) > _LONGEST_KEY:
        raise BadRequest(error or f"idempotency key {key!r} has {len(key)} characters; at most {_LONGEST_KEY} do here")
    calls = _calls(runs)
    ids: dict[int, list[str]] = {}
    ignored: set[str] = set()
    started = 0
    stopped = False

    async def work() -> None:
        nonlocal started, stopped
        try:
            while not stopped and (call := next(calls, None)):
                answer = await _asked(ask, call, key)
                ids[call.number] = answer["run_ids"]
                ignored.update(answer["ignored_inputs"])
                started += len(call.runs)
                show(started)
        finally:
            # After a fault the others end with the calls that they have begun.
            stopped = True

    ends = await asyncio.gather(*(work() for _ in range(_UNDER_WAY)), return_exceptions=True)
    for fault in filter(None, ends):
        if isinstance(fault, ExosphereError) and (started or isinstance(fault, Unavailable)):
            _say(
                fault,
                f"{fault.detail}; {started} runs are known to be started: asked for again with the same runs and the "
                f"idempotency key {key!r}, the others are started and none is started twice",
            )
        raise fault
    return TriggeredMany([run for number in sorted(ids) for run in ids[number]], sorted(ignored))


def fault_of(run: object) -> str:
    """Say what is wrong with the form of a run, beginning with the field; empty when nothing is."""
    if not isinstance(run, Mapping):
        return f": must be an object with {_listed(_FIELDS)}, as far as it has them"
    for field in ("inputs", "store"):
        values = run.get(field, {})
        if not isinstance(values, Mapping):
            return f".{field}: must be an object of text"
        for name, value in values.items():
            if not isinstance(name, str) or not isinstance(value, str):
                return f".{field}.{str(name)[:60]}: must be text, and is {str(value)[:60]}"
    delay = run.get("start_delay", 0)
    if not isinstance(delay, int) or isinstance(delay, bool) or not 0 <= delay <= LONGEST_START_DELAY:
        return f".start_delay: must be a whole number of ms from 0 to {LONGEST_START_DELAY}, and is {str(delay)[:60]}"
    if more := [str(name)[:60] for name in run if name not in _FIELDS]:
        return f".{more[0]}: a run has no such field; there are {_listed(_FIELDS)}"
    return ""


async def _asked(ask: Ask, call: _Call, key: str) -> dict[str, Any]:
    try:
        return await ask({"runs": call.runs}, f"{key}.{call.number}")
    except ExosphereError as fault:
        _say(fault, _PLACE.sub(lambda place: f"runs.{call.first + int(place[1])}", fault.detail))
        raise


def _calls(runs: Iterable[Mapping[str, Any]]) -> Iterator[_Call]:
    """Cut runs into calls, the same runs always at the same places: what a call's key names must stay the same.

    Raises:
        BadRequest: a run is not well formed. The calls before it were given.
    """
    numbers = count()
    begun: list[dict[str, Any]] = []
    first = size = 0
    for place, run in enumerate(runs):
        if fault := fault_of(run):
            raise BadRequest(f"runs.{place}{fault}")
        given = {field: run[field] for field in _FIELDS if field in run}
        bytes_of_run = len(msgspec.json.encode(given))
        if begun and (len(begun) == MOST_IN_CALL or size + bytes_of_run > MOST_BYTES_IN_CALL):
            yield _Call(next(numbers), first, begun)
            begun, first, size = [], place, 0
        begun.append(given)
        size += bytes_of_run
    if begun:
        yield _Call(next(numbers), first, begun)


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}"


def _say(fault: ExosphereError, detail: str) -> None:
    fault.detail = detail
    fault.args = (detail, *fault.args[1:])
