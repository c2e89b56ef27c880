"""The heartbeat on a real server: it renews what is held, tells what was lost, and outlives its connection."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from redis import Redis

from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_worker.heartbeat import Heartbeat, Notices
from exosphere_worker.held import Held, Holdings
from exosphere_worker.vitals import Vitals
from worker import redis_lanes
from worker.redis_lanes import HOME

#: So that a beat comes every 30 ms.
LEASE_MS = 90


def taken(url: str, count: int) -> list[Held]:
    found: list[Held] = []

    async def scene(redis: redis_lanes.Redis) -> None:
        found.extend(await redis_lanes.taken(redis, "A", count))

    redis_lanes.run_on(url, scene)
    return found


def nobody_refuses() -> None:
    raise AssertionError("refused")


def unheard() -> None:
    """What a test does not look at."""


@contextmanager
def beating(
    url: str,
    held: list[Held],
    on_refused: Callable[[], None] = nobody_refuses,
    confirmed: Callable[[], None] = unheard,
    away: Callable[[], None] = unheard,
    lease_ms: int = LEASE_MS,
) -> Iterator[tuple[Heartbeat, Holdings, "queue.Queue[tuple[str, str]]"]]:
    holdings = Holdings()
    for each in held:
        holdings.add(each)
    lost: queue.Queue[tuple[str, str]] = queue.Queue()
    heartbeat = Heartbeat(
        url,
        "me",
        lease_ms,
        holdings,
        Vitals(),
        Notices(lambda stream, entry: lost.put((stream, entry)), confirmed, away, on_refused),
    )
    heartbeat.start()
    try:
        yield heartbeat, holdings, lost
    finally:
        heartbeat.stop()


def beats(redis: "Redis", held: Held) -> int:
    (found,) = redis.xpending_range(HOME.ready("A"), RUNTIMES_GROUP, held.entry, held.entry, 1)
    return int(found["times_delivered"])


def beats_after(redis: "Redis", held: Held, number: int) -> bool:
    return beats(redis, held) > number


def wait(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.005)


def test_it_renews_what_is_held_and_nothing_else(redis_url: str) -> None:
    held, unknown = taken(redis_url, 2)
    with Redis.from_url(redis_url) as redis, beating(redis_url, [held]):
        wait("three beats", lambda: beats(redis, held) >= 4)
        assert beats(redis, unknown) == 1


def test_what_is_reported_is_renewed_no_longer(redis_url: str) -> None:
    first, second = taken(redis_url, 2)
    with Redis.from_url(redis_url) as redis, beating(redis_url, [first, second]) as (_, holdings, lost):
        wait("a beat", lambda: beats(redis, first) > 1)
        holdings.remove(first)
        settled = beats(redis, second) + 1  # a beat that was under way may still come
        wait("the next beat", lambda: beats(redis, second) > settled)
        stopped = beats(redis, first)
        wait("two more beats", lambda: beats(redis, second) > settled + 2)
        assert beats(redis, first) == stopped
        assert lost.empty()


def test_an_entry_that_was_given_back_is_told_and_the_others_are_renewed(redis_url: str) -> None:
    gone, kept = taken(redis_url, 2)
    with Redis.from_url(redis_url) as redis, beating(redis_url, [gone, kept]) as (_, _, lost):
        redis.xack(gone.stream, RUNTIMES_GROUP, gone.entry)
        redis.xdel(gone.stream, gone.entry)
        assert lost.get(timeout=20) == (gone.stream, gone.entry)
        now = beats(redis, kept)
        wait("it goes on", lambda: beats(redis, kept) > now + 1)


def test_a_queue_that_vanished_means_that_all_of_it_was_lost(redis_url: str) -> None:
    some = taken(redis_url, 2)
    with Redis.from_url(redis_url) as redis, beating(redis_url, some) as (_, _, lost):
        redis.delete(some[0].stream)
        assert {lost.get(timeout=20)[1], lost.get(timeout=20)[1]} == {held.entry for held in some}


def cut_all(redis: Redis) -> bool:
    """Cut the connections of all others. False when there was none."""
    return bool(redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))


def test_it_survives_the_loss_of_its_connection(redis_url: str) -> None:
    (held,) = taken(redis_url, 1)
    with Redis.from_url(redis_url) as redis, beating(redis_url, [held]) as (_, _, lost):
        for _ in range(3):
            now = beats(redis, held)
            wait("it beats", partial(beats_after, redis, held, now + 1))
            # On a busy machine it may be without one just then, as a reply came too late.
            wait("its connection is cut", partial(cut_all, redis))
        now = beats(redis, held)
        wait("it goes on", lambda: beats(redis, held) > now + 1)
        assert lost.empty()


def test_it_goes_on_at_a_new_address(redis_url: str) -> None:
    (held,) = taken(redis_url, 1)
    with Redis.from_url(redis_url) as redis, beating("unix:///nowhere/redis.sock", [held]) as (heartbeat, _, lost):
        heartbeat.use(redis_url)
        wait("it beats", lambda: beats(redis, held) > 1)
        assert lost.empty()


def test_a_runtime_that_redis_does_not_know_is_told_and_its_heart_beats_on_with_other_credentials(
    redis_url: str,
) -> None:
    (held,) = taken(redis_url, 1)
    refused = threading.Event()
    stranger = redis_url.replace("unix://", "unix://nobody:secret@")
    with Redis.from_url(redis_url) as redis, beating(stranger, [held], refused.set) as (heartbeat, _, lost):
        assert refused.wait(timeout=20)
        heartbeat.use(redis_url)
        wait("it beats", lambda: beats(redis, held) > 1)
        assert lost.empty()


def test_it_stops_when_it_is_told_to(redis_url: str) -> None:
    (held,) = taken(redis_url, 1)
    with Redis.from_url(redis_url) as redis:
        with beating(redis_url, [held]):
            wait("it beats", lambda: beats(redis, held) > 1)
        assert not [thread for thread in threading.enumerate() if thread.name == "exosphere-heartbeat"]
        wait("its connection is closed", lambda: redis.info("clients")["connected_clients"] == 1)


def test_what_is_renewed_knows_when_and_what_was_lost_does_not(redis_url: str) -> None:
    gone, kept = taken(redis_url, 2)
    confirmed = threading.Event()
    with Redis.from_url(redis_url) as redis:
        redis.xack(gone.stream, RUNTIMES_GROUP, gone.entry)
        gone.renewed_at = kept.renewed_at = 0.0
        with beating(redis_url, [gone, kept], confirmed=confirmed.set) as (_, _, lost):
            assert confirmed.wait(timeout=20)
            assert lost.get(timeout=20)[1] == gone.entry
            assert gone.renewed_at == 0.0
            assert kept.renewed_at > 0.0


def test_a_beat_that_is_asked_for_comes_at_once(redis_url: str) -> None:
    (held,) = taken(redis_url, 1)
    with (
        Redis.from_url(redis_url) as redis,
        beating(redis_url, [held], lease_ms=3_600_000) as (heartbeat, _, _),
    ):
        heartbeat.renew_now()
        wait("it beats", lambda: beats(redis, held) > 1)


def test_an_outage_is_told_once(redis_url: str) -> None:
    (held,) = taken(redis_url, 1)
    told: queue.Queue[str] = queue.Queue()
    with (
        Redis.from_url(redis_url) as redis,
        beating("unix:///nowhere/redis.sock", [held], away=lambda: told.put("away")) as (heartbeat, _, _),
    ):
        assert told.get(timeout=20) == "away"
        for _ in range(3):
            heartbeat.renew_now()
        heartbeat.use(redis_url)
        wait("it beats", lambda: beats(redis, held) > 1)
        assert told.empty()


def test_leases_that_were_given_up_are_not_renewed(redis_url: str) -> None:
    given_up, later = taken(redis_url, 2)
    with Redis.from_url(redis_url) as redis, beating(redis_url, [given_up]) as (_, holdings, lost):
        wait("a beat", lambda: beats(redis, given_up) > 1)
        assert holdings.give_up() == [given_up]
        assert holdings.add(later)
        wait("a beat", lambda: beats(redis, later) > 1)
        settled = beats(redis, given_up)
        now = beats(redis, later)
        wait("two more beats", lambda: beats(redis, later) > now + 1)
        assert beats(redis, given_up) == settled
        assert lost.empty()
