"""Renews the leases, from a thread of its own: node code that blocks the event loop does not stop it."""

import logging
import random
import threading
from collections.abc import Callable
from typing import NamedTuple

from exosphere_core.store.blocking_cluster import drop_connections
from exosphere_core.store.connection import COMMAND_TIMEOUT_S, connect_sync
from exosphere_core.store.faults import FAULTS, is_refusal
from exosphere_core.store.streams import renew
from exosphere_worker.clock import elapsed_s
from exosphere_worker.held import Holdings
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

#: A lease is renewed this many times while it lasts.
_BEATS_PER_LEASE = 3

#: After a fault the next try comes sooner, in s: scattered, as all runtimes lose Redis at once.
_PAUSE_S = 0.25, 0.5


class Notices(NamedTuple):
    """What a heartbeat tells, from its own thread.

    Attributes:
        lost: the stream and id of an entry that is held no longer.
        confirmed: Redis answered: what was not told as lost is held still.
        away: Redis can't be reached; told once an outage.
        refused: Redis does not know this runtime any more.
    """

    lost: Callable[[str, str], None]
    confirmed: Callable[[], None]
    away: Callable[[], None]
    refused: Callable[[], None]


class Heartbeat:
    """A thread that renews each entry held, and tells which were lost.

    Args:
        vitals: told of each beat that Redis answered.
    """

    def __init__(
        self, url: str, consumer: str, lease_ms: int, holdings: Holdings, vitals: Vitals, notices: Notices
    ) -> None:
        self._consumer = consumer
        self._every_s = lease_ms / 1000 / _BEATS_PER_LEASE
        # A connection that fell silent must be given up while there is time left for another try.
        self._timeout_s = min(COMMAND_TIMEOUT_S, self._every_s)
        self._redis = connect_sync(url, timeout_s=self._timeout_s)
        self._stale = False
        self._holdings = holdings
        self._vitals = vitals
        self._tell = notices
        self._stopped = False
        self._now = threading.Event()
        # The first beat must differ from the count of one delivery, which is 1.
        self._beat = 1
        self._faulty = False
        self._thread = threading.Thread(target=self._run, name="exosphere-heartbeat", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def use(self, url: str) -> None:
        """Renew over another connection from the next beat on."""
        self._redis = connect_sync(url, timeout_s=self._timeout_s)

    def reconnect(self) -> None:
        """Another connection to Redis was lost, so this one may be dead, too: renew at once, over a new one."""
        self._stale = True
        self._now.set()

    def renew_now(self) -> None:
        """Do not wait for the time of the next beat."""
        self._now.set()

    def stop(self) -> None:
        """Stop the thread and wait for it."""
        self._stopped = True
        self._now.set()
        self._thread.join(timeout=self._every_s + 5)
        self._redis.close()

    def _run(self) -> None:
        pause = self._every_s
        while True:
            self._now.wait(pause)
            if self._stopped:
                return
            self._now.clear()
            pause = self._every_s
            try:
                self._renew()
                self._faulty = False
            except FAULTS as fault:
                logger.warning("the heartbeat can't reach Redis, tries again: %s", fault)
                if is_refusal(fault):
                    self._tell.refused()
                self._note_fault()
            except Exception:
                # Without this thread every lease runs out.
                logger.exception("the heartbeat failed, tries again")
                self._note_fault()
            if self._faulty:
                pause = min(self._every_s, random.uniform(*_PAUSE_S))

    def _note_fault(self) -> None:
        if not self._faulty:
            self._tell.away()
        self._faulty = True

    def _renew(self) -> None:
        held = self._holdings.by_stream()
        if not held:
            return
        if self._stale:
            self._stale = False
            drop_connections(self._redis)
        self._beat += 1
        # As it is sent, not as it is answered: the reply may have waited while this process stood still.
        sent_at = elapsed_s()
        lost = renew(self._redis, self._consumer, self._beat, held)
        self._vitals.note_heartbeat()
        for stream, ids in held.items():
            self._holdings.renewed(stream, [entry for entry in ids if entry not in lost], sent_at)
            for entry in lost.intersection(ids):
                self._tell.lost(stream, entry)
        self._tell.confirmed()
