"""The memory budget: from when on new runs are refused, and until when. Pure; the figures are passed in."""

from collections.abc import Iterable

from exosphere_core.store.servers import ServerLook

#: New runs are let in again below this part of the limit, so that the door does not flap.
REOPENS_AT = 0.95


class MemoryBudget:
    """Judges how full Redis is. With no figure noted, or no limit, it refuses nothing.

    Args:
        percent: of a server's `maxmemory`, from which on new runs are refused.
        max_bytes: the same in bytes; the smaller of both counts. None for none.
    """

    def __init__(self, percent: int = 100, max_bytes: int | None = None) -> None:
        self._percent = percent
        self._max_bytes = max_bytes
        self._refusal = ""

    @property
    def refusal(self) -> str:
        """Why no new run is let in: limit, figure and setting; empty when they are."""
        return self._refusal

    def note(self, looks: Iterable[ServerLook]) -> None:
        """Take note of how full the servers are; the fullest one decides."""
        refusals = (self._judge(look) for look in looks)
        self._refusal = next(filter(None, refusals), "")

    def _judge(self, look: ServerLook) -> str:
        limits = []
        if look.max_bytes:
            share = look.max_bytes * self._percent // 100
            limits.append((share, f"{self._percent} % of its maxmemory {look.max_bytes}, EXOSPHERE_MAX_MEMORY_PERCENT"))
        if self._max_bytes is not None:
            limits.append((self._max_bytes, "EXOSPHERE_MAX_MEMORY_BYTES"))
        if not limits:
            return ""
        limit, setting = min(limits)
        reopens = int(limit * REOPENS_AT)
        if look.used_bytes < (reopens if self._refusal else limit):
            return ""
        return (
            f"Redis uses {look.used_bytes} bytes of memory and the budget is {limit} ({setting}); "
            f"new runs are let in again below {reopens}"
        )
