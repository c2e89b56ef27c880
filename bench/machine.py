"""What a figure was measured on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from exosphere_orchestrator.embedded.binary import find_server


def machine() -> dict[str, str]:
    """Machine, system, versions and day, by name."""
    return {
        "machine": f"{_cpu()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "server": str(find_server()),
        "day": datetime.now(UTC).date().isoformat(),
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
