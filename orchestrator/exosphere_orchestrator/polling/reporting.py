"""Reports for clients that poll: each ends the delivery that the client holds, as a runtime's own report does, and is answered when it was applied."""

import json
from time import monotonic
from typing import Any

from exosphere_core.backoff import Backoff
from exosphere_core.errors import BadRequest, NotFound, TooLarge, Unavailable
from exosphere_core.ids import shard_of
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Executed, Failed, Kind, Requeued, encode
from exosphere_core.states import Status
from exosphere_core.store import polled
from exosphere_core.store.calls import note, recorded
from exosphere_core.store.catalog import read_namespaces
from exosphere_core.store.polled import Standing
from exosphere_orchestrator.engine.context import EngineContext

#: How long an answer waits until its report was applied, in s; a state manager that works does it in some ms.
_APPLIED_S = 10.0

#: How long a state that is still on its way to the namespace of its node is waited for, in s: a client may have it some ms
#: before its record says so.
_PLACED_S = 3.0

#: Pauses between looks at a record, in s.
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.002, 0.1


class Reporting:
    """What clients of one namespace tell of the states that they have."""

    def __init__(self, context: EngineContext, namespace: str) -> None:
        self._context = context
        self._namespace = namespace

    async def executed(self, state: str, attempt: int | None, outputs: list[dict[str, str]]) -> None:
        """The node returned: several outputs are a fan-out, none at all is one empty output.

        Raises:
            NotFound: no node of this namespace executes such a state.
            BadRequest: it is not QUEUED, or another delivery of it is.
            TooLarge: more outputs, or larger ones, than one state may give; nothing was changed.
        """
        most = self._context.limits.max_fan_out
        if most is not None and len(outputs) > most:
            raise TooLarge(
                f"outputs has {len(outputs)} entries; the limit is {most} branches of one state (EXOSPHERE_MAX_FAN_OUT)"
            )
        fields, widest = self._context.limits.max_fields, max(map(len, outputs), default=0)
        if fields is not None and widest > fields:
            raise TooLarge(f"outputs has an entry of {widest} fields; the limit is {fields} (EXOSPHERE_MAX_FIELDS)")
        body = encode(Executed(outputs or [{}], fanned_out=len(outputs) > 1))
        await self._reported(state, attempt, Kind.EXECUTED, body, "outputs")

    async def errored(self, state: str, attempt: int | None, error: str) -> bool:
        """The node failed. Returns whether another attempt was made.

        Raises:
            NotFound, BadRequest, TooLarge: as `executed`.
            Unavailable: it is recorded, and not known yet what comes of it.
        """
        most, size = self._context.limits.max_error_bytes, len(error.encode())
        if most is not None and size > most:
            raise TooLarge(f"error has {size} bytes; the limit is {most} (EXOSPHERE_MAX_ERROR_BYTES)")
        after = await self._reported(state, attempt, Kind.FAILED, encode(Failed(error)), "error")
        return _applied(state, after, Status.RETRY_CREATED, Status.ERRORED).status is Status.RETRY_CREATED

    async def pruned(self, state: str, attempt: int | None, data: dict[str, Any]) -> int:
        """The branch ends. Returns since when the state was ready, in unix ms.

        Raises:
            NotFound, BadRequest, TooLarge, Unavailable: as `errored`.
        """
        after = await self._reported(state, attempt, Kind.PRUNED, _pruned(data), "data")
        return _moment(_applied(state, after, Status.PRUNED).entry)

    async def requeued(self, state: str, attempt: int | None, delay_ms: int) -> int:
        """The state is to run again later. Returns when it is ready, in unix ms.

        Raises:
            NotFound, BadRequest, Unavailable: as `errored`.
        """
        after = _applied(
            state, await self._reported(state, attempt, Kind.REQUEUED, encode(Requeued(delay_ms)), "delay")
        )
        # A short time may have passed already: then it was made ready at that moment.
        return after.due_at or _moment(after.entry)

    async def _reported(self, state: str, attempt: int | None, kind: Kind, body: bytes, field: str) -> Standing | None:
        """Report; return where the state stands then, or None while the report is not applied, or the state is gone."""
        most = self._context.limits.max_report_bytes
        if most is not None and len(body) > most:
            raise TooLarge(f"{field} has {len(body)} bytes of JSON; the limit is {most} (EXOSPHERE_MAX_REPORT_BYTES)")
        standing = await self._placed(state, attempt)
        if attempt is not None and standing.attempt != str(attempt):
            raise BadRequest(
                f"state {state} is not QUEUED under attempt {attempt}: that delivery was lost or has ended; "
                f"the state is at attempt {standing.attempt}"
            )
        if standing.status is not Status.CREATED or not standing.is_queued:
            raise _not_queued(standing)
        # Should Redis lose it, the report is handed over whatever became of the delivery: its attempt number decides.
        with recorded():
            word, report = await polled.hand_in(self._context.redis, standing, kind, body)
        if word == "other":
            raise BadRequest(
                f"state {state} is not QUEUED for a client of this call: a runtime that reads the queue has it"
            )
        if word == "gone":
            raise _not_queued(await self._find(state))
        note([report.call()])
        return await self._after(standing)

    async def _placed(self, state: str, attempt: int | None) -> Standing:
        """Where a state stands; one on its way to the namespace of its node is waited for, if it may be this delivery."""
        backoff = Backoff(_FIRST_LOOK_S, _LONGEST_LOOK_S)
        until = monotonic() + _PLACED_S
        standing = await self._find(state)
        while standing.is_on_outbox and attempt in (None, int(standing.attempt)) and monotonic() < until:
            await backoff.wait()
            standing = await self._find(state)
        return standing

    async def _find(self, state: str) -> Standing:
        """The record of a state that this namespace executes: mostly its own, else that of another one's run."""
        shard = shard_of(state)
        if shard is not None:
            redis = self._context.redis
            found = await polled.read_standings(redis, [(ShardKeys(self._namespace, shard), state)])
            if found == [None]:
                others = [name for name in await read_namespaces(redis) if name != self._namespace]
                found = await polled.read_standings(redis, [(ShardKeys(name, shard), state) for name in others])
            for standing in found:
                if standing is not None and standing.task.namespace == self._namespace:
                    return standing
        raise NotFound(f"namespace {self._namespace!r} has no state {state[:60]!r}")

    async def _after(self, before: Standing) -> Standing | None:
        """Wait until the report of a delivery was applied."""
        backoff = Backoff(_FIRST_LOOK_S, _LONGEST_LOOK_S)
        until = monotonic() + _APPLIED_S
        while monotonic() < until:
            await backoff.wait()
            (now,) = await polled.read_standings(self._context.redis, [(before.home, before.id)])
            if now is None:
                return None
            if (now.status, now.attempt) != (before.status, before.attempt):
                if now.status is Status.CANCELLED:
                    raise _not_queued(now)
                return now if now.entry else now._replace(entry=before.entry)
        return None


def _applied(state: str, after: Standing | None, *expected: Status) -> Standing:
    if after is None:
        raise Unavailable(
            f"the report of state {state} is recorded and not applied yet; ask for the state to see what came of it"
        )
    if expected and after.status not in expected:
        raise _not_queued(after)
    return after


def _pruned(data: dict[str, Any]) -> bytes:
    return json.dumps({"data": data}, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _not_queued(standing: Standing) -> BadRequest:
    return BadRequest(f"state {standing.id} is not QUEUED: it is {standing.status}")


def _moment(entry: str) -> int:
    """When an entry came to its stream, in unix ms: its id says so."""
    return int(entry.partition("-")[0])
