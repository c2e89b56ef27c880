"""How the process treats its own memory: what it needs again at once is kept, not given back to the system."""

import ctypes
import gc
from typing import Final

#: Of glibc's `mallopt`.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3

#: So much freed memory is kept, and what is smaller is never mapped for itself, in bytes. Else each report of 256 KB has the
#: system take some of its pages back and hand them out again, emptied, which is a quarter of what the report costs.
_KEPT: Final = 64 * 1024 * 1024
_MAPPED: Final = 16 * 1024 * 1024


def settle_in() -> None:
    """Call once, when all that lives as long as the process is there."""
    # Most objects live as long as a state does: looking through all of them every 700 allocations finds nothing.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    # Other C libraries than glibc have no such function.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _MAPPED)
