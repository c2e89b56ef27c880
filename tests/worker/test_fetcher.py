"""The fetcher: never more than fits, nobody starves, nothing that was delivered is forgotten."""

import asyncio

import pytest
from redis.asyncio import Redis

from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import streams
from exosphere_core.store.streams import Entry
from exosphere_worker.clock import elapsed_s
from exosphere_worker.fetcher import Fetcher
from worker.redis_lanes import HOME, deliverable, queue, run_on


class Begun:
    """What a fetcher handed on, and when the reads were sent that brought it."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.read_at: list[float] = []

    def __call__(self, entry: Entry, read_at: float) -> None:
        self.entries.append(entry)
        self.read_at.append(read_at)

    def taken(self) -> list[Entry]:
        """What came since the last call."""
        taken, self.entries = self.entries, []
        return taken


NODES = ["A", "B", "C", "D", "E"]


@pytest.mark.parametrize("free", [5, 7, 13, 64])
def test_it_never_takes_more_than_there_are_free_slots(lane_url: str | None, free: int) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, *NODES)
        for node in NODES:
            await deliverable(redis, node, 10)
        begun = Begun()
        fetcher = Fetcher("me", ready, 16, begun)
        left = 50
        while left:
            await fetcher.fetch(redis, free)
            taken = begun.taken()
            assert 0 < len(taken) <= min(free, 16)
            left -= len(taken)

    run_on(lane_url, scene)


@pytest.mark.parametrize("free", [1, 2, 3, 4])
def test_with_fewer_slots_than_queues_none_starves_behind_a_full_one(lane_url: str | None, free: int) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, *NODES)
        for node in NODES[:-1]:
            await deliverable(redis, node, 100)
        await deliverable(redis, NODES[-1])
        begun = Begun()
        fetcher = Fetcher("me", ready, 16, begun)
        seen: list[str] = []
        for _ in range(len(NODES)):
            await fetcher.fetch(redis, free)
            taken = begun.taken()
            assert 0 < len(taken) <= free
            seen += [entry.stream for entry in taken]
        assert set(seen) == set(ready)

    run_on(lane_url, scene)


def test_with_one_slot_a_lonely_state_in_the_last_queue_is_found(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, *NODES)
        await deliverable(redis, NODES[-1])
        begun = Begun()
        await Fetcher("me", ready, 16, begun).fetch(redis, 1)
        (entry,) = begun.taken()
        assert entry.stream == ready[-1]

    run_on(lane_url, scene)


@pytest.mark.parametrize("free", [1, 16])
def test_an_idle_fetch_wakes_with_the_first_state_that_comes(redis_url: str, free: int) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, *NODES)
        begun = Begun()
        before = elapsed_s()
        fetching = asyncio.create_task(Fetcher("me", ready, 16, begun).fetch(redis, free))
        async with asyncio.timeout(20):
            while (await redis.info("clients"))["blocked_clients"] == 0:
                await asyncio.sleep(0)
            blocked = elapsed_s()
            await deliverable(redis, "C")
            await fetching
        # Its lease may have begun as soon as the read was sent: this process may stand still before it sees the answer.
        assert before <= begun.read_at[-1] <= blocked
        (entry,) = begun.taken()
        assert entry.stream == HOME.ready("C")

    run_on(redis_url, scene)


def test_recover_gives_what_was_delivered_and_not_acknowledged(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, "A", "B")
        await deliverable(redis, "A", 250)
        await deliverable(redis, "B", 3)
        mine = await streams.read_new(redis, RUNTIMES_GROUP, "me", ready, 240, None)
        await streams.read_new(redis, RUNTIMES_GROUP, "another", ready, 100, None)
        done = mine[5]
        await streams.acknowledge(redis, done.stream, RUNTIMES_GROUP, [done.id])
        found = await Fetcher("me", ready, 16, Begun()).recover(redis)
        assert [entry for entry in mine if entry.id != done.id] == found

    run_on(lane_url, scene)


def test_beside_others_it_takes_its_share_of_the_free_slots_and_one_at_least(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, "A", "B")
        for node in ("A", "B"):
            await deliverable(redis, node, 20)
        begun = Begun()
        # Two of eight streams.
        fetcher = Fetcher("me", ready, 16, begun, share=8)
        for free, most in ((16, 4), (9, 2), (4, 2), (1, 1)):
            await fetcher.fetch(redis, free)
            assert len(begun.taken()) == most

    run_on(lane_url, scene)


def test_queues_that_stay_empty_are_told_that_the_runtime_is_there(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, "A", "B")
        fetcher = Fetcher("me", ready, 16, Begun(), block_ms=20)
        await fetcher.fetch(redis, 2)
        for stream in ready:
            (consumer,) = await redis.xinfo_consumers(stream, RUNTIMES_GROUP)
            assert consumer["name"] == b"me"
        idle = 0

        async def heard_again() -> bool:
            nonlocal idle
            before = idle
            await fetcher.fetch(redis, 2)
            (consumer,) = await redis.xinfo_consumers(ready[0], RUNTIMES_GROUP)
            idle = consumer["idle"]
            return idle < before

        for _ in range(1000):
            if await heard_again():
                break
        else:
            raise AssertionError("it was silent for 1000 reads")

    run_on(lane_url, scene)


def test_a_node_that_takes_no_time_is_reported_before_more_is_asked_for(lane_url: str | None) -> None:
    """Who goes on from there is another process, which would wait for what Redis is asked meanwhile."""

    async def scene(redis: Redis) -> None:
        ready = await queue(redis, "A")
        await deliverable(redis, "A")
        ended = asyncio.Event()
        nodes: list[asyncio.Task[None]] = []

        async def execute() -> None:
            ended.set()

        reporter = asyncio.create_task(ended.wait())
        fetcher = Fetcher("me", ready, 16, lambda entry, read_at: nodes.append(asyncio.create_task(execute())))
        await fetcher.fetch(redis, 16)
        assert reporter.done()

    run_on(lane_url, scene)
