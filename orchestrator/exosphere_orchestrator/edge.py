"""What the API answered with success in the last seconds, to be applied again when Redis turns out to have lost it.

A server that keeps its append-only file by the second, or a replica that takes over, may have forgotten writes that it
acknowledged. Its own records, queues and pending lists roll back together and stay consistent; only those outside are
ahead of it. Runtimes send their reports again, and this does the same for callers of the API. Every script that a call
of the API applies changes nothing when it is applied a second time.
"""

import logging
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec

from exosphere_core.store.calls import Call, apply_all
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import ResponseError, is_out_of_memory

logger = logging.getLogger("exosphere.edge")

#: How long a call is kept before the last look that found Redis unchanged, in s. Redis writes its file every second, and
#: says that it waits for a slow disk for two.
KEPT_S = 5.0

#: The most that is kept; beyond it the oldest calls are dropped. In bytes.
MOST_BYTES = 64 * 1024 * 1024

#: How long a call that does not fit the records yet is tried again, in s: runtimes are sending their reports again, too.
_PATIENCE_S = 10.0

#: Answers by which a script says that it can't be applied to the records as they are.
_NOT_YET = {
    "trigger": (b"queue", b"runs"),
    "trigger_many": (b"queue", b"runs"),
    "retry_by_hand": (b"unknown", b"refused"),
    "cancel_run": (b"unknown",),
    "record_once": (b"ended",),
}

#: Answers by which a script says that it made what was lost.
_MENDED = {"trigger": b"made", "trigger_many": b"made", "retry_by_hand": b"made", "record_once": b"recorded"}

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(tuple[str, list[str], list[Any]]).decode


class _Kept(NamedTuple):
    #: The call, packed: a bulk trigger is made of a great many small words, each of which would take several times its length.
    packed: bytes
    #: When it was answered, on the monotonic clock, in s.
    at: float


class Edge:
    """The calls that are kept, in the order in which they were answered."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._kept: deque[_Kept] = deque()
        #: How much is kept, in bytes.
        self.size = 0
        #: How often all that was kept has been applied again.
        self.rounds = 0
        self._full = False
        #: What is still to be applied again, and until when it is tried.
        self._left: list[Call] = []
        self._until = 0.0

    def keep(self, calls: Sequence[Call]) -> None:
        """Keep calls whose effect was just answered."""
        now = monotonic()
        for call in calls:
            packed = _pack(call)
            self._kept.append(_Kept(packed, now))
            self.size += len(packed)
        while self.size > MOST_BYTES:
            self._drop()
            if not self._full:
                logger.warning(
                    "more than %d bytes of calls in %g s: the oldest could not be applied again if Redis lost them now",
                    MOST_BYTES, KEPT_S,
                )  # fmt: skip
            self._full = True

    def forget(self, before: float) -> None:
        """Drop what was answered earlier than `KEPT_S` before a moment at which Redis was unchanged."""
        while self._kept and self._kept[0].at < before - KEPT_S:
            self._drop()
            self._full = False

    def _drop(self) -> None:
        self.size -= len(self._kept.popleft().packed)

    def begin(self) -> None:
        """Redis may have lost what is kept: apply all of it again. It stays kept, as Redis may lose it once more."""
        now = monotonic()
        self._kept = deque(kept._replace(at=now) for kept in self._kept)
        self._left = [Call(*_unpack(kept.packed)) for kept in self._kept]
        self._until = now + _PATIENCE_S

    async def go_on(self) -> None:
        """Apply again what is left of it, in order. What does not fit the records yet is left for the next time.

        Raises:
            exosphere_core.store.faults.LOST: Redis was lost again; begin again.
        """
        if not self._left:
            return
        calls = self._left
        replies = await apply_all(self._redis, calls)
        answers = list(zip(calls, replies, strict=True))
        mended = sum(1 for call, reply in answers if _word(reply) == _MENDED.get(call.name, b""))
        self._left = [call for call, reply in answers if _not_yet(call, reply)]
        logger.info(
            "%d calls that the API answered in the last seconds were applied again; %d of the things they made had been lost",
            len(calls) - len(self._left), mended,
        )  # fmt: skip
        self.rounds += 1
        if self._left and monotonic() > self._until:
            names = ", ".join(sorted({call.name for call in self._left}))
            logger.warning(
                "%d of these calls do not fit what Redis has now, and are given up: %s", len(self._left), names
            )
            self._left = []


def _word(reply: Any) -> Any:
    return reply[0] if isinstance(reply, list) and reply else None


def _not_yet(call: Call, reply: Any) -> bool:
    if isinstance(reply, ResponseError):
        return is_out_of_memory(reply)
    word = _word(reply)
    # A result is refused as well when its run is there and has ended: then that is why it is not needed.
    return word in _NOT_YET.get(call.name, ()) and not (call.name == "record_once" and bool(reply[1]))
