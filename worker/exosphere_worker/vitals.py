"""When a runtime last reached Redis, and what it counted. Written by its parts, read by its health endpoint."""

import time
from dataclasses import dataclass, field

from exosphere_worker.times import ByNode


@dataclass(slots=True)
class Vitals:
    """Signs of life of one runtime. Times are monotonic, in s; None until the first.

    The writers are several threads. Each writes fields of its own, but for the heartbeats of several shards, of which the
    last one counts, and a write is atomic: no lock is needed.
    """

    heartbeat_at: float | None = None
    read_at: float | None = None
    #: How many states run now.
    running: int = 0
    #: What is read for itself: everything at once (""), or on a cluster the shards.
    read: tuple[str, ...] = ("",)
    #: For which of it no read of the ready states succeeds although it is tried, and since when.
    unread: dict[str, float] = field(default_factory=dict)
    #: For how long the event loop stands still, in s, and what blocks it; (0, "") while it runs.
    blocked: tuple[float, str] = (0.0, "")
    #: How many states may run at a time.
    slots: int = 0
    #: How many deliveries were taken over.
    taken: int = 0
    #: What came of them, and how long it took.
    nodes: ByNode = field(default_factory=ByNode)
    #: How often Redis answered again after a fault.
    reconnects: int = 0
    #: How many leases another runtime was given, and how many were given up as the event loop was blocked for too long.
    lost_leases: int = 0
    given_up_leases: int = 0
    #: How often the event loop stood still for so long that it was told.
    stalls: int = 0

    def note_heartbeat(self) -> None:
        """The leases of what is held were renewed."""
        self.heartbeat_at = time.monotonic()

    def note_read(self, shard: str = "") -> None:
        """Redis answered a read of the ready states, with or without some."""
        self.read_at = time.monotonic()
        self.unread.pop(shard, None)

    def note_unread(self, shard: str = "") -> None:
        """A read of the ready states failed."""
        self.unread.setdefault(shard, time.monotonic())

    def note_loop(self, blocked_s: float, by: str) -> None:
        """The event loop stands still for so long, or runs (0)."""
        self.blocked = (blocked_s, by)


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
    """Judge a runtime: one success of either kind within `age_s` is enough, while it reads and its event loop runs.

    A runtime that has no free slot reads nothing, and one that holds nothing has no lease to renew. But one whose
    reads fail takes no work although its heart beats, and nor does one whose event loop is blocked. On a cluster one that
    can read some of its shards is alive, and names those that it can't read.

    Args:
        now: monotonic, in s.
        age_s: how old the last success may be, and how long a read may fail or the loop be blocked.
    """
    ages = {
        name: None if at is None else round(now - at, 3)
        for name, at in (("heartbeat", vitals.heartbeat_at), ("read", vitals.read_at))
    }
    blocked_s, by = vitals.blocked
    unread_s = {shard: now - since for shard, since in list(vitals.unread.items())}
    away = sorted(shard for shard, age in unread_s.items() if age > age_s)
    faults = []
    if not any(age is not None and age <= age_s for age in ages.values()):
        told = ", ".join(f"last {name} {'never' if age is None else f'{age:g} s ago'}" for name, age in ages.items())
        faults.append(f"Redis was not reached for {age_s:g} s: {told}")
    elif len(away) == len(vitals.read):
        faults.append(f"ready states could not be read for {min(unread_s.values()):.0f} s")
    if blocked_s > age_s:
        faults.append(f"the event loop is blocked for {blocked_s:g} s by {by}")
    body: dict[str, object] = {
        "alive": not faults,
        "last_heartbeat_s": ages["heartbeat"],
        "last_read_s": ages["read"],
        "running": vitals.running,
    }
    if away and away != [""]:
        body["unread_shards"] = away
    if blocked_s:
        body |= {"loop_blocked_s": blocked_s, "loop_blocked_by": by}
    if faults:
        body["detail"] = "; ".join(faults)
    return Health(not faults, body)
