"""What a campaign is made of, and what it came to."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """What a campaign is made of: the same plan draws the same graphs, triggers and faults.

    Attributes:
        parts: names of the kinds of Redis (see `parts.PARTS`), one after the other.
        round_s: how long faults strike in a round.
        meets: counts that must not be 0 in the end, lest the campaign be vacuous.
        most_pending: how many runs are under way at a time.
        widths: the least and the greatest width of a fan-out.
        gap_s: the longest pause of a hand between two faults; after some, as long as a lost lease takes.
    """

    seed: int
    faults: tuple[str, ...]
    redis_binary: Path
    minutes: float = 30.0
    states: int = 1_000_000
    least_faults: int = 1000
    round_s: float = 30.0
    parts: tuple[str, ...] = ("always", "everysec", "sentinel", "cluster")
    meets: tuple[str, ...] = ("reclaimed", "reconnected", "stale", "executed_again")
    lease_ms: int = 2000
    managers: int = 2
    runtimes: int = 3
    random_graphs: int = 24
    most_pending: int = 64
    widths: tuple[int, int] = (20, 300)
    gap_s: float = 0.6


@dataclass
class Outcome:
    """What a campaign came to.

    Attributes:
        counts: runs, states, faults, unites, large_joins, executed_again, more_attempts, stale, reclaimed, reconnected, mended, failovers,
            keys (compared after all rounds).
        parts: of each part, by its name: runs, states, faults, failovers, seconds.
        violations: one line each, with round and run.
    """

    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
    parts: dict[str, Counter[str]] = field(default_factory=dict)
