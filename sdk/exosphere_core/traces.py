"""Which trace a run belongs to, as W3C spells it; and who draws spans, if anybody does.

OpenTelemetry is not imported here, nor by anything that works without it: `exosphere_otel` puts itself in `installed`.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from hashlib import blake2b
from typing import Final, Protocol

from exosphere_core.records import Task

#: Of a later version the first four fields are read, as its rules for compatibility want it.
_TRACEPARENT: Final = re.compile(
    r"(?:00|(?!ff)[0-9a-f]{2}(?=-.{52}(?:-|$)))-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?"
)


def read_traceparent(text: str | None) -> str:
    """Return a traceparent of version 00; "" for none, or for one that is malformed, which counts as none."""
    found = _TRACEPARENT.fullmatch(text) if text else None
    if found is None or (text is not None and text.startswith("00") and found[2]):
        return ""
    return f"00-{found[1]}"


def own_trace(run: str) -> tuple[str, str]:
    """Return the ids of trace and root span, in hex, of a run that nobody gave a trace: whoever asks is told the same.

    Not the run's own UUID: some of its bits are always the same, and samplers go by a part of the id.
    """
    digest = blake2b(run.encode(), digest_size=24, person=b"exosphere-trace").hexdigest()
    return digest[:32], digest[32:]


class Tracing(Protocol):
    """Draws spans."""

    def current(self) -> str:
        """Return the current span as a traceparent, "" outside of one."""

    def run(self, namespace: str, graph: str, run: str, given: str) -> AbstractContextManager[str]:
        """Draw the span in which a run is made, and give the traceparent that the run carries.

        Args:
            given: a traceparent that came with the call, or "".
        """

    def attempt(
        self, task: Task, state: str, attempt: str, ready_ms: int
    ) -> AbstractContextManager[Callable[[str, str], None]]:
        """Draw the span of an attempt, and give what is to be told its outcome and the text of its error, or "".

        Args:
            ready_ms: when the state became ready, unix ms.
        """


#: None while nobody draws spans. Read through the module: it changes.
installed: Tracing | None = None


def making(namespace: str, graph: str, run: str, given: str = "") -> AbstractContextManager[str]:
    """As `Tracing.run`, whether spans are drawn or not."""
    return nullcontext(given) if installed is None else installed.run(namespace, graph, run, given)


def install(tracing: Tracing | None) -> None:
    """Have spans drawn from now on, or by nobody any more."""
    global installed
    installed = tracing
