"""How many reports are read at once: fewer where they are large, so that a batch of them fits into memory. Pure."""

from collections.abc import Sequence

from exosphere_core.store.streams import Entry

#: What a batch should not be larger than, in bytes: but for one report, and for the first large ones after small ones. Much
#: larger ones are slower: their copies are more than the process keeps of what it frees (`memory`), and the system then
#: empties each page of them anew.
_BATCH_BYTES = 2 * 1024 * 1024

#: The first read takes no more than this, as nothing is known of what waits.
_FIRST = 16


class Portion:
    """Follows the size of what was read last. It grows to four times as many at the most with each read."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = min(_FIRST, most)

    def note(self, entries: Sequence[Entry]) -> None:
        """Take note of what a read gave."""
        if not entries:
            return
        size = sum(sum(map(len, entry.fields.values())) for entry in entries)
        fitting = _BATCH_BYTES * len(entries) // max(1, size)
        self.count = max(1, min(fitting, 4 * self.count, self._most))
