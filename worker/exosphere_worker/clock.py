"""The clock by which a runtime judges how old its own leases are."""

import time
from typing import Final

#: Goes on while the machine sleeps, which the ordinary monotonic clock does not do.
_BOOT_CLOCK: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def elapsed_s() -> float:
    """Return seconds on a clock that nobody sets, and that goes on while the machine sleeps where the system has such a one."""
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)
