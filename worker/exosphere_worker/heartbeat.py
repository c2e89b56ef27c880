"""Renews the leases, from a thread of its own: node code that blocks the event loop does not stop it."""

import logging
import threading
from collections.abc import Callable

from exosphere_core.store.connection import connect_sync
from exosphere_core.store.faults import FAULTS, is_refusal
from exosphere_core.store.streams import renew
from exosphere_worker.held import Holdings
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

#: A lease is renewed this many times while it lasts.
_BEATS_PER_LEASE = 3

#: After a fault the next try comes sooner, in s.
_PAUSE_S = 0.5


class Heartbeat:
    """A thread that renews each entry held, and tells which were lost.

    Args:
        vitals: told of each beat that Redis answered.
        on_lost: called in the heartbeat's thread with a stream and an entry id.
        on_refused: called in the heartbeat's thread when Redis does not know this runtime any more.
    """

    def __init__(
        self,
        url: str,
        consumer: str,
        lease_ms: int,
        holdings: Holdings,
        vitals: Vitals,
        on_lost: Callable[[str, str], None],
        on_refused: Callable[[], None],
    ) -> None:
        self._redis = connect_sync(url)
        self._consumer = consumer
        self._every_s = lease_ms / 1000 / _BEATS_PER_LEASE
        self._holdings = holdings
        self._vitals = vitals
        self._on_lost = on_lost
        self._on_refused = on_refused
        self._stopped = threading.Event()
        # The first beat must differ from the count of one delivery, which is 1.
        self._beat = 1
        self._thread = threading.Thread(target=self._run, name="exosphere-heartbeat", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def use(self, url: str) -> None:
        """Renew over another connection from the next beat on."""
        self._redis = connect_sync(url)

    def stop(self) -> None:
        """Stop the thread and wait for it."""
        self._stopped.set()
        self._thread.join(timeout=self._every_s + 5)
        self._redis.close()

    def _run(self) -> None:
        pause = self._every_s
        while not self._stopped.wait(pause):
            pause = self._every_s
            held = self._holdings.by_stream()
            if not held:
                continue
            self._beat += 1
            try:
                lost = renew(self._redis, self._consumer, self._beat, held)
            except FAULTS as fault:
                logger.warning("the heartbeat can't reach Redis, tries again: %s", fault)
                if is_refusal(fault):
                    self._on_refused()
                pause = min(self._every_s, _PAUSE_S)
                continue
            self._vitals.note_heartbeat()
            for stream, ids in held.items():
                for entry in lost.intersection(ids):
                    self._on_lost(stream, entry)
