"""Whatever a runtime writes to its report stream: nothing crashes, nothing is lost, and honest runs end as they should."""

from collections.abc import Iterator
from itertools import count

import pytest
from redis import Redis

from api.service import Service
from fuzz.reports import ReportFuzz

_numbers = count(1)


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url) as service:
        yield service


@pytest.mark.parametrize("seed", range(3))
def test_forged_and_broken_reports_stop_nothing_and_are_applied_or_put_aside(service: Service, seed: int) -> None:
    told = ReportFuzz(service, f"fuzz-{next(_numbers)}", seed).play(300)
    assert told.entries == 300
    assert told.put_aside > 100, "what was drawn is tame"
