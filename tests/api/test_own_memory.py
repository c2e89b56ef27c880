"""How a state manager treats its own memory, seen in a process of its own."""

import ctypes
import subprocess
import sys

import pytest

_PLAY = """
import gc, sys, types
{before}
from exosphere_orchestrator.memory import settle_in
settle_in()
print(gc.get_threshold()[0] > 700, gc.get_freeze_count() > 0)
"""

_FAULTS = """
import resource
{before}
def faults():
    for _ in range(50):
        x = [bytes(300_000) for _ in range(4)]
        del x
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
faults()
began = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(faults() - began)
"""

_SETTLE = "from exosphere_orchestrator.memory import settle_in; settle_in()"


def said(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


@pytest.mark.parametrize("before", ["", "import ctypes; ctypes.CDLL = lambda name: types.SimpleNamespace()"])
def test_it_settles_in_whatever_the_c_library_offers(before: str) -> None:
    assert said(_PLAY.format(before=before)) == "True True"


def test_memory_that_was_freed_is_used_again_and_not_asked_for_anew() -> None:
    kept, given_back = int(said(_FAULTS.format(before=_SETTLE))), int(said(_FAULTS.format(before="")))
    # 4 values of 300 kB have some 300 pages; glibc by itself maps and unmaps values of that size, or trims behind them.
    assert kept < 300 or not hasattr(ctypes.CDLL(None), "mallopt")
    assert kept <= given_back
