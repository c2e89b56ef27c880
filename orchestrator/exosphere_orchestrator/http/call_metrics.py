"""Counts the calls that one state manager answers, and how long they take."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

#: What is no call of the API is counted under this name: paths come from outside, and there may be any number of them.
_OTHER: Final = "other"

#: s; a call that waits for the end of a run, and a stream of events, take longer.
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class CallMetrics:
    """What is known of the calls since this process began.

    Attributes:
        registry: what Prometheus is given.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answered = Counter(
            "exosphere_http_requests", "Calls that were answered.", ["call", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "exosphere_http_request_seconds",
            "From the head of a call to the end of its answer.",
            ["call"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def note(self, call: str | None, status: int, seconds: float) -> None:
        """Count a call.

        Args:
            call: name of the row; None for what is none, or was refused before that was known.
        """
        name = call or _OTHER
        self._answered.labels(name, str(status)).inc()
        self._seconds.labels(name).observe(seconds)
