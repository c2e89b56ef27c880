"""What the health endpoint of a worker answers."""

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from exosphere_core.health import PATH, Answers, Reply, health_age_s, json_reply
from exosphere_worker import metrics
from exosphere_worker.vitals import Health, Vitals, health_of

#: What a process of several tells the one that keeps it running, on its Unix socket.
FIGURES_PATH: Final = "/figures"


def health_reply(health: Health) -> Reply:
    """Spell a health."""
    return json_reply(HTTPStatus.OK if health.alive else HTTPStatus.SERVICE_UNAVAILABLE, health.body)


def metrics_reply(processes: Sequence[metrics.Figures]) -> Reply:
    """Spell the figures of all processes for Prometheus."""
    return Reply(HTTPStatus.OK, metrics.metrics_text(processes).encode(), metrics.CONTENT_TYPE)


def answers_of(vitals: Vitals) -> Answers:
    """Return what answers for one runtime.

    Raises:
        ValueError: `EXOSPHERE_HEALTH_AGE_MS` is wrong.
    """
    age_s = health_age_s()

    async def health() -> Reply:
        return health_reply(health_of(vitals, time.monotonic(), age_s))

    async def text() -> Reply:
        return metrics_reply([metrics.figures_of(vitals, age_s)])

    return {PATH: health, metrics.PATH: text}


def answers_to_pool(vitals: Vitals) -> Answers:
    """Return what answers for one process of several, whose figures another one spells.

    Raises:
        ValueError: `EXOSPHERE_HEALTH_AGE_MS` is wrong.
    """
    age_s = health_age_s()

    async def figures() -> Reply:
        return json_reply(HTTPStatus.OK, metrics.figures_of(vitals, age_s))

    return {PATH: answers_of(vitals)[PATH], FIGURES_PATH: figures}
