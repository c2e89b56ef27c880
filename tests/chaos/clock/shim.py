"""A wall clock that jumps: compiles the shim and sets by how much the processes that it is preloaded into are off."""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

_SOURCE = Path(__file__).resolve().parent / "shim.c"


def compiler() -> str | None:
    """The C compiler of this machine, if there is one that can make the shim."""
    return (shutil.which("gcc") or shutil.which("cc")) if sys.platform == "linux" else None


class Clock:
    """The wall clock of some processes.

    Args:
        folder: for the library and the file that tells the shift.
    """

    def __init__(self, folder: Path) -> None:
        found = compiler()
        assert found, "there is no C compiler"
        self._library = folder / "clock.so"
        self._file = folder / "clock"
        self.shift(0)
        subprocess.run([found, "-shared", "-fPIC", "-O1", "-o", self._library, _SOURCE], check=True)

    @property
    def environ(self) -> dict[str, str]:
        """For the processes whose clock this is to be."""
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file)}

    def shift(self, seconds: int) -> None:
        """From now on their clock is off by this."""
        if not self._file.exists():
            self._file.write_bytes(bytes(8))
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", seconds))
