"""Which trace a run belongs to."""

import subprocess
import sys
import uuid

import pytest

from exosphere_core.traces import own_trace, read_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (GOOD, GOOD),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"cc-{TRACE}-{SPAN}-01", GOOD),
        (f"cc-{TRACE}-{SPAN}-01-what-is-to-come", GOOD),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(given: str, read: str) -> None:
    assert read_traceparent(given) == read


@pytest.mark.parametrize(
    "given",
    [
        None, "", " ", "x", GOOD + " ", " " + GOOD, GOOD + "\n", GOOD + "-more", GOOD.upper(), GOOD[:-1], GOOD[1:],
        f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{SPAN}",
        f"cc-{TRACE}-{SPAN}-01x", f"00-{TRACE[:-1]}é-{SPAN}-01", GOOD.replace("-", "_"), "-".join(["9" * 1000] * 4),
    ],
)  # fmt: skip
def test_one_that_is_malformed_counts_as_none(given: str | None) -> None:
    assert read_traceparent(given) == ""


def test_a_run_without_a_trace_has_one_of_its_own_that_everybody_tells_alike() -> None:
    runs = [str(uuid.UUID(int=number)) for number in range(2000)]
    traces = [own_trace(run) for run in runs]
    assert traces == [own_trace(run) for run in runs]
    assert len(set(traces)) == len(runs)
    for trace_id, span_id in traces:
        assert read_traceparent(f"00-{trace_id}-{span_id}-01")
    # Samplers go by the lower half of the id: it is spread over the whole range, unlike that of a UUID.
    low = sum(int(trace_id[16:], 16) < 2**63 for trace_id, _ in traces)
    assert 800 < low < 1200


def test_a_worker_that_draws_no_spans_loads_nothing_of_opentelemetry() -> None:
    code = "import sys, exospherehost, exosphere_worker.runtime; print('opentelemetry' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout == "False\n"
