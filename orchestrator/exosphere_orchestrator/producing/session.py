"""Triggering graphs of one Redis from one event loop: the same rules, script and records as those of a state manager."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, Final, NamedTuple, TypeVar

from exosphere_core.backoff import Backoff
from exosphere_core.errors import ExosphereError, Overloaded, TooLarge, Unavailable
from exosphere_core.keys import AGREED
from exosphere_core.store.address import place_of
from exosphere_core.store.calls import recorded
from exosphere_core.store.connection import connect
from exosphere_core.store.faults import FAULTS
from exosphere_orchestrator.admission.intake import new_intake
from exosphere_orchestrator.admission.sizes import limits_of
from exosphere_orchestrator.asked import read_run, read_runs
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.many_runs import ManyRunsStarter
from exosphere_orchestrator.producing.faults import error_of
from exosphere_orchestrator.producing.watching import Watching
from exosphere_orchestrator.run_settings import RunSettings, read_settings
from exosphere_orchestrator.runs import RunStarter

#: The first pause before a call is tried again, in s; as that of the client of the HTTP API.
_FIRST_PAUSE_S: Final = 0.1

#: `json.dumps` would make an encoder for each call.
_spell: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

Answer = TypeVar("Answer")


class _Starters(NamedTuple):
    """What makes runs, for a number of shards."""

    shards: int
    one: RunStarter
    many: ManyRunsStarter


def read_run_settings(redis_url: str | None = None) -> RunSettings:
    """Read the settings from the environment, and look whether the URL can be used.

    Args:
        redis_url: comes before `EXOSPHERE_REDIS_URL`.

    Raises:
        ConfigurationError: names what is missing or wrong, never its value.
    """
    settings = read_settings(RunSettings, redis_url=redis_url)
    connect(settings.redis_url.get_secret_value())
    return settings


class Session:
    """Holds connections, and what is known of Redis. Used from one event loop; end it with `aclose`.

    Args:
        timeout_s: how long one call may take, its repeats included.

    Raises:
        ConfigurationError: the URL of Redis can't be used.
    """

    def __init__(self, settings: RunSettings, timeout_s: float) -> None:
        url = settings.redis_url.get_secret_value()
        self._settings = settings
        self._timeout_s = timeout_s
        self._place = place_of(url)
        self._redis = connect(url)
        self._plans = GraphPlans(self._redis)
        self._intake = new_intake(settings)
        self._limits = limits_of(settings)
        self._watching = Watching(self._redis, self._intake.budget, self._plans.clear)
        self._starters: _Starters | None = None

    async def trigger(
        self, namespace: str, graph: str, body: Mapping[str, Any], key: str, trace: str
    ) -> dict[str, Any]:
        """Start a run. Arguments and answer are those of the HTTP API's call.

        Raises:
            ExosphereError: the subclass tells what went wrong; the same as from a state manager.
        """
        asked = read_run(self._spelled(body), self._settings.max_json_depth)

        async def start(starters: _Starters) -> dict[str, Any]:
            started = await starters.one.trigger(
                namespace, graph, asked.inputs, asked.store, asked.start_delay, key=key, trace=trace
            )
            return {"status": "CREATED", "run_id": started.run_id, "ignored_inputs": started.ignored_inputs}

        return await self._repeated(start)

    async def trigger_many(self, namespace: str, graph: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Start many runs of a graph; as `trigger`."""
        asked = read_runs(self._spelled(body), self._settings.max_json_depth)

        async def start(starters: _Starters) -> dict[str, Any]:
            started = await starters.many.trigger(namespace, graph, asked, key)
            return {"status": "CREATED", "run_ids": started.run_ids, "ignored_inputs": started.ignored_inputs}

        return await self._repeated(start)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._watching.aclose()
        await self._redis.aclose()

    def _spelled(self, body: Mapping[str, Any]) -> bytes:
        """Spell a body as it goes over HTTP: what is refused there, and how it is read, is so here.

        Raises:
            TooLarge: it is longer than a state manager takes.
        """
        spelled = _spell(body).encode()
        most = self._settings.max_body_bytes
        if len(spelled) > most:
            raise TooLarge(f"the body has {len(spelled)} bytes or more; the limit is {most} (EXOSPHERE_MAX_BODY_BYTES)")
        return spelled

    async def _repeated(self, start: Callable[[_Starters], Awaitable[Answer]]) -> Answer:
        """Try as often as the time allows, while there is too much to do or Redis is away: each try carries the same key."""
        deadline = monotonic() + self._timeout_s
        backoff = Backoff(_FIRST_PAUSE_S)
        last: ExosphereError | None = None
        while True:
            try:
                async with asyncio.timeout(max(0.0, deadline - monotonic())):
                    return await self._once(start)
            except TimeoutError:
                # What an earlier try was told says more: a run may have been made.
                raise last or Unavailable(
                    f"Redis at {self._place} did not answer within {self._timeout_s:g} s; is it well, and is "
                    "EXOSPHERE_REDIS_URL right?"
                ) from None
            except (Overloaded, Unavailable) as refused:
                asked_s = (refused.retry_after_s or 0.0) if isinstance(refused, Overloaded) else 0.0
                if monotonic() + asked_s + backoff.next_s >= deadline:
                    raise
                last = refused
            # The pause on top scatters those who were all told the same time.
            await asyncio.sleep(asked_s)
            await backoff.wait()

    async def _once(self, start: Callable[[_Starters], Awaitable[Answer]]) -> Answer:
        try:
            await self._watching.begin()
            with recorded() as calls:
                answer = await start(self._ready())
        except ExosphereError:
            raise
        except FAULTS as fault:
            raise error_of(fault, self._place) from None
        self._watching.keep(calls)
        return answer

    def _ready(self) -> _Starters:
        shards = self._watching.shards
        if shards is None:
            raise Unavailable(
                f"no state manager has told Redis at {self._place} yet how many shards there are ({AGREED}): start one of "
                "this version once; is EXOSPHERE_REDIS_URL that of the state managers?"
            )
        if self._starters is None or self._starters.shards != shards:
            # Due times are found by the state managers within a second.
            starting = (self._redis, self._plans, self._limits, shards, lambda *_: None, self._intake)
            self._starters = _Starters(shards, RunStarter(*starting), ManyRunsStarter(*starting))
        return self._starters
