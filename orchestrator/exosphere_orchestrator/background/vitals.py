"""How the background jobs stand, for their health endpoint and for Prometheus."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from time import monotonic
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from exosphere_core.health import PATH, Answers, Reply, health_age_s, json_reply
from exosphere_orchestrator.reconcile.mend import Journal, Kind

METRICS_PATH: Final = "/metrics"

#: In s. Most jobs take ms; one that looks at every record may take an hour.
_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)

_RESULTS: Final = ("succeeded", "failed")


class Vitals:
    """Signs of life of one process of background jobs. Written by its event loop, read by its health endpoint's thread."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        # Their label is `duty`: Prometheus calls something else `job`, and would rename it.
        #: When Redis was last reached, monotonic, in s; None until then.
        self._reached_at: float | None = None
        self._succeeded_at: dict[str, float] = {}
        self._alive = Gauge(
            "exosphere_background_alive", "1 while GET /health calls this process alive.", registry=registry
        )
        self._jobs = Counter("exosphere_background_jobs", "Jobs that ended.", ["duty", "result"], registry=registry)
        self._seconds = Histogram(
            "exosphere_background_job_seconds", "How long jobs took.", ["duty"], buckets=_BUCKETS, registry=registry
        )
        self._done = Counter(
            "exosphere_background_done",
            "What jobs dealt with: schedules, runs, users, entries, whatever the job is about.",
            ["duty"],
            registry=registry,
        )
        self._ages = Gauge(
            "exosphere_background_last_success_seconds",
            "Since a job last succeeded in this process; none before the first time.",
            ["duty"],
            registry=registry,
        )
        self._mended = Counter(
            "exosphere_background_mended", "What the reconciler put right.", ["kind"], registry=registry
        )
        self._left = Gauge(
            "exosphere_background_unmended",
            "What the last sweep over everything found and could not put right.",
            registry=registry,
        )
        # All of them from the start: a rate of what appears with its first occurrence would miss that one.
        for kind in Kind:
            self._mended.labels(kind.name.lower())

    def know(self, job: str) -> None:
        """There is such a job: it is told of before it has run."""
        for result in _RESULTS:
            self._jobs.labels(job, result)
        self._seconds.labels(job)
        self._done.labels(job)

    def note_reached(self) -> None:
        """Redis answered."""
        self._reached_at = monotonic()

    @contextmanager
    def running(self, job: str) -> Iterator[None]:
        """A job runs inside; what it raises is raised again."""
        began = monotonic()
        result = "failed"
        try:
            yield
            result = "succeeded"
            self._succeeded_at[job] = monotonic()
            self.note_reached()
        finally:
            self._jobs.labels(job, result).inc()
            self._seconds.labels(job).observe(monotonic() - began)

    def note_done(self, job: str, count: int) -> None:
        """A job dealt with so much."""
        self._done.labels(job).inc(count)

    def note_mended(self, mended: Mapping[Kind, int]) -> None:
        """A sweep put so much right."""
        for kind, count in mended.items():
            self._mended.labels(kind.name.lower()).inc(count)

    def note_left(self, journal: Journal) -> None:
        """A sweep over everything ended."""
        self._left.set(journal.remaining)

    def answers(self) -> Answers:
        """Return what answers on the health endpoint.

        Raises:
            ValueError: `EXOSPHERE_HEALTH_AGE_MS` is wrong.
        """
        age_s = health_age_s()

        async def health() -> Reply:
            body = self.health(monotonic(), age_s)
            return json_reply(HTTPStatus.OK if body["alive"] else HTTPStatus.SERVICE_UNAVAILABLE, body)

        async def text() -> Reply:
            now = monotonic()
            self._alive.set(bool(self.health(now, age_s)["alive"]))
            for job, at in list(self._succeeded_at.items()):
                self._ages.labels(job).set(now - at)
            return Reply(HTTPStatus.OK, generate_latest(self.registry), CONTENT_TYPE_LATEST)

        return {PATH: health, METRICS_PATH: text}

    def health(self, now: float, age_s: float) -> dict[str, object]:
        """Judge: alive is who reached Redis within that time, which the jobs' loop does twice a second.

        Args:
            now: monotonic, in s.
        """
        age = None if self._reached_at is None else round(now - self._reached_at, 3)
        body: dict[str, object] = {"alive": age is not None and age <= age_s, "last_reached_s": age}
        if not body["alive"]:
            told = "never" if age is None else f"{age:g} s ago"
            body["detail"] = f"Redis was not reached for {age_s:g} s: last {told}"
        return body
