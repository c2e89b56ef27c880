"""When a runtime last reached Redis. Written by its fetcher and its heartbeat, read by its health endpoint."""

import os
import time
from dataclasses import dataclass
from typing import Final

from exosphere_core.store.connection import BLOCK_MS

_DEFAULT_AGE_MS: Final = 60_000


@dataclass(slots=True)
class Vitals:
    """Signs of life of one runtime. Times are monotonic, in s; None until the first.

    The writers are two threads. Each writes fields of its own, and a write is atomic: no lock is needed.
    """

    heartbeat_at: float | None = None
    read_at: float | None = None
    #: How many states run now.
    running: int = 0

    def note_heartbeat(self) -> None:
        """The leases of what is held were renewed."""
        self.heartbeat_at = time.monotonic()

    def note_read(self) -> None:
        """Redis answered a read of the ready states, with or without some."""
        self.read_at = time.monotonic()


@dataclass(frozen=True, slots=True)
class Health:
    """What a health endpoint answers.

    Attributes:
        alive: whether the status is 200, else 503.
        body: a JSON object.
    """

    alive: bool
    body: dict[str, object]


def health_of(vitals: Vitals, now: float, age_s: float) -> Health:
    """Judge a runtime: one success of either kind within `age_s` is enough.

    A runtime that has no free slot reads nothing, and one that holds nothing has no lease to renew.

    Args:
        now: monotonic, in s.
        age_s: how old the last success may be.
    """
    ages = {
        name: None if at is None else round(now - at, 3)
        for name, at in (("heartbeat", vitals.heartbeat_at), ("read", vitals.read_at))
    }
    alive = any(age is not None and age <= age_s for age in ages.values())
    body: dict[str, object] = {
        "alive": alive,
        "last_heartbeat_s": ages["heartbeat"],
        "last_read_s": ages["read"],
        "running": vitals.running,
    }
    if not alive:
        told = ", ".join(f"last {name} {'never' if age is None else f'{age:g} s ago'}" for name, age in ages.items())
        body["detail"] = f"Redis was not reached for {age_s:g} s: {told}"
    return Health(alive, body)


def health_age_s() -> float:
    """Return how old the last success may be, in s: `EXOSPHERE_HEALTH_AGE_MS`.

    Raises:
        ValueError: it is no number, or an idle runtime would be called dead between two reads.
    """
    text = os.environ.get("EXOSPHERE_HEALTH_AGE_MS") or str(_DEFAULT_AGE_MS)
    if not text.isdecimal() or int(text) <= BLOCK_MS:
        raise ValueError(
            f"EXOSPHERE_HEALTH_AGE_MS must be a whole number of ms above {BLOCK_MS}, "
            f"as long as an idle worker waits in one read, not {text!r}"
        )
    return int(text) / 1000
