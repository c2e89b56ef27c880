"""Figures of what nodes came to: counted as attempts end, by namespace, node and minute, and added up again. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from math import log2
from typing import Final, NamedTuple

#: How many buckets of run times lie between a time and its double.
_PER_DOUBLING: Final = 4

_MINUTE_MS: Final = 60_000


#: In place of a bucket: it is not known how long the node ran.
_UNKNOWN: Final = -1


class Ended(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    ERRORED = "errored"  #: in an error for good
    RETRIED = "retried"  #: failed, and another attempt follows
    PRUNED = "pruned"


#: Which of them the script of a move says.
ENDED_BY: Final = {
    "step": Ended.SUCCEEDED,
    "leaf": Ended.SUCCEEDED,
    "finish": Ended.SUCCEEDED,
    "advance": Ended.SUCCEEDED,
    "fail": Ended.ERRORED,
    "retry": Ended.RETRIED,
    "prune": Ended.PRUNED,
}


#: A minute of a namespace: its name, and the number of the minute since 1970 by the clock of Redis.
Minute = tuple[str, int]

#: Field → how many. `node/succeeded` and so on are ends of attempts, `node/t12` attempts whose run time fell into bucket 12;
#: with an empty node the field is about all nodes.
Fields = Mapping[str, int]


def minute_of(moment: int) -> int:
    """Return the number of the minute that a time falls into, unix ms."""
    return moment // _MINUTE_MS


def began_at(minute: int) -> int:
    """Return when a minute began, unix ms."""
    return minute * _MINUTE_MS


def bucket_of(ran_ms: int) -> int:
    """Return the number of the bucket of a run time: 0 for none at all, then four for each doubling."""
    return 0 if ran_ms < 1 else 1 + int(log2(ran_ms) * _PER_DOUBLING)


def time_of(bucket: int) -> int:
    """Return a time in the middle of a bucket, ms; it is off by less than a tenth."""
    return 0 if bucket < 1 else round(2 ** ((bucket - 0.5) / _PER_DOUBLING))


def percentile(buckets: Mapping[int, int], part: float) -> int | None:
    """Return the time that a part of all run times does not exceed, ms; None when there are none.

    Args:
        buckets: bucket → how many run times.
        part: 0.5 for the median.
    """
    left = part * sum(buckets.values())
    for bucket, count in sorted(buckets.items()):
        left -= count
        if left <= 0:
            return time_of(bucket)
    return None


class Tally:
    """What one state manager has counted and not written yet.

    Args:
        most: how many different things are counted at a time: what is new beyond that is left out.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        #: (namespace, minute, node, end, bucket of the run time or `_UNKNOWN`) → how many attempts: one step for each of them.
        self._noted: dict[tuple[str, int, str, str, int], int] = {}
        #: What could not be written.
        self._kept: dict[Minute, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self._noted) + sum(map(len, self._kept.values()))

    def note(self, namespace: str, node: str, moment: int, ended: Ended, ran_ms: int | None) -> None:
        """An attempt ended.

        Args:
            namespace: that of the run.
            moment: when it was reported, unix ms.
            ran_ms: how long the node ran; None when that is not known.
        """
        bucket = _UNKNOWN if ran_ms is None else bucket_of(ran_ms)
        what = (namespace, minute_of(moment), node, ended.value, bucket)
        count = self._noted.get(what, 0)
        if count or len(self) < self._most:
            self._noted[what] = count + 1

    def take(self) -> dict[Minute, dict[str, int]]:
        """Take out all that was counted, as it is to be written."""
        noted, self._noted = self._noted, {}
        taken, self._kept = self._kept, {}
        for (namespace, minute, node, ended, bucket), count in noted.items():
            fields = taken.setdefault((namespace, minute), {})
            words = [f"{node}/{ended}", f"/{ended}"]
            if bucket != _UNKNOWN:
                words.append(f"{node}/t{bucket}")
            for word in words:
                fields[word] = fields.get(word, 0) + count
        return taken

    def put_back(self, taken: Mapping[Minute, Fields]) -> None:
        """What was taken out could not be written."""
        for minute, fields in taken.items():
            kept = self._kept.setdefault(minute, {})
            for field, count in fields.items():
                kept[field] = kept.get(field, 0) + count


class NodeFigures(NamedTuple):
    """What a node came to."""

    node: str
    #: Ends of attempts.
    ended: Mapping[str, int]
    #: Of the run times that are known, ms; None when none is.
    p50_ms: int | None
    p95_ms: int | None


def totals(fields: Fields) -> dict[Ended, int]:
    """Return how many attempts of all nodes ended how, of what was written of a minute."""
    return {ended: fields.get(f"/{ended}", 0) for ended in Ended}


def total_fields() -> list[str]:
    """Return the fields that `totals` reads."""
    return [f"/{ended}" for ended in Ended]


def by_node(minutes: Iterable[Fields]) -> list[NodeFigures]:
    """Add up what was written of some minutes, in order of the node's name. What can't be read of it is left out."""
    ended: dict[str, Counter[str]] = {}
    buckets: dict[str, Counter[int]] = {}
    for fields in minutes:
        for field, count in fields.items():
            node, _, word = field.rpartition("/")
            if not node:
                continue
            if word in _ENDS:
                ended.setdefault(node, Counter())[word] += count
            elif word[:1] == "t" and word[1:].isdecimal():
                buckets.setdefault(node, Counter())[int(word[1:])] += count
    return [
        NodeFigures(
            node,
            ended.get(node, Counter()),
            percentile(times := buckets.get(node, Counter()), 0.5),
            percentile(times, 0.95),
        )
        for node in sorted(ended.keys() | buckets.keys())
    ]


_ENDS: Final = frozenset(ended.value for ended in Ended)
