"""Plays entries that no honest runtime writes against a state manager, while honest runs go on beside them."""

import json
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from redis.asyncio import Redis

from api.service import Service, Space, eventually, node_class, one
from exosphere_core import api
from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys
from fuzz.report_entries import Aim, Fields, random_entry

#: How many entries are written at once: fewer than a shard keeps of those that are put aside.
_BATCH = 250

#: How many states are there to be hit.
_VICTIMS = 12


class Told(NamedTuple):
    """What a campaign came to."""

    entries: int
    put_aside: int


class ReportFuzz:
    """One campaign, in two namespaces of its own.

    Args:
        name: of its namespaces, or the beginning of it.
    """

    def __init__(self, service: Service, name: str, seed: int) -> None:
        self._draw = random.Random(f"reports {seed}")
        self._service = service
        self._space, self._foreign = Space(service, name), Space(service, f"{name}-foreign")
        self._put_aside: dict[str, str] = {}

    def play(self, count: int) -> Told:
        """Play so many entries. Raises AssertionError when anything goes wrong."""
        with _failures() as failures:
            run, foreign_run, aim = self._begin()
            written: dict[str, Fields] = {}
            batches = [min(_BATCH, count - start) for start in range(0, count, _BATCH)]
            for number, size in enumerate(batches):
                if number == len(batches) // 2:
                    # In the middle of it the honest runs take their next step.
                    self._step()
                written.update(self._write([random_entry(self._draw, aim) for _ in range(size)]))
                self._settle()
            self._end(run, foreign_run)
        assert failures == [], failures[0]
        unheard = {entry: fields for entry, fields in written.items() if entry not in self._put_aside}
        for entry, fields in unheard.items():
            assert _may_be_silent(fields, aim), f"entry {entry} was neither applied nor put aside: {fields}"
        self._read_all(aim)
        return Told(len(written), len(written) - len(unheard))

    def _begin(self) -> tuple[str, str, Aim]:
        """The honest runs stand in the middle: their first states are in the hands of runtimes."""
        for space in (self._space, self._foreign):
            space.chain()
        self._space.register(node_class("A"))
        # Its states wait long for their retries, so that they are there to be hit in every status.
        self._space.graph(self._space.node("a"), name="victim", retry_policy={"backoff_factor": 3_600_000})
        run, foreign_run = self._space.trigger(), self._foreign.trigger()
        self._held = [space.take("First") for space in (self._space, self._foreign)]
        victims = []
        for _ in range(_VICTIMS):
            self._space.trigger("victim")
            held = self._space.take("A")
            victims.append((held.state, held.attempt))
        others = [run, foreign_run, *(held.state for held in self._held)]
        return run, foreign_run, Aim(self._space.name, self._foreign.name, victims, others)

    def _step(self) -> None:
        for space, held in zip((self._space, self._foreign), self._held, strict=True):
            space.report(held, one(v=f"honest {space.name}"))

    def _end(self, run: str, foreign_run: str) -> None:
        for space, its_run in ((self._space, run), (self._foreign, foreign_run)):
            second = space.do("Second", one(v="done"))
            assert json.loads(second.inputs) == {"y": f"got honest {space.name}"}
            ended = space.wait(its_run)
            counts = (ended["status"], ended["success_count"], ended["total_count"])
            assert counts == ("SUCCESS", 2, 2), ended
            assert ended["store"] == {}

    def _write(self, entries: list[Fields]) -> dict[str, Fields]:
        async def write(redis: "Redis") -> list[bytes]:
            pipeline = redis.pipeline(transaction=False)
            for fields in entries:
                pipeline.xadd(ShardKeys(self._space.name).reports, dict(fields))
            replies: list[bytes] = await pipeline.execute()
            return replies

        ids = self._service.with_redis(write)
        return {entry.decode(): fields for entry, fields in zip(ids, entries, strict=True)}

    def _settle(self) -> None:
        """Wait until nothing is left to apply, and note what was put aside."""
        homes = [ShardKeys(self._space.name), ShardKeys(self._foreign.name)]
        streams = [stream for home in homes for stream in (home.reports, home.inbox)]

        async def unsettled(redis: "Redis") -> list[Any]:
            """The first entries that are pending, or a note that some were not even taken."""
            found: list[Any] = []
            for stream in streams:
                info: Any = await redis.xinfo_stream(stream)
                groups: Any = await redis.xinfo_groups(stream)
                for group in groups:
                    if group["name"] == STATE_MANAGERS_GROUP.encode():
                        if group["last-delivered-id"] != info["last-generated-id"]:
                            found.append(f"{stream} is read up to {group['last-delivered-id']}")
                        found += await redis.xpending_range(stream, STATE_MANAGERS_GROUP, "-", "+", 3)
            return found

        left: list[Any] = []

        def is_settled() -> bool:
            left[:] = self._service.with_redis(unsettled)
            return not left

        try:
            eventually("all entries are applied or put aside", is_settled)
        except AssertionError as vain:
            raise AssertionError(f"{vain}: {left}") from None

        async def read(redis: "Redis") -> Any:
            return await redis.xrange(homes[0].rejected)

        for _, fields in self._service.with_redis(read):
            self._put_aside[fields[b"report"].decode()] = fields[b"reason"].decode(errors="replace")

    def _read_all(self, aim: Aim) -> None:
        """What was hit can be read, whatever became of it; and so can what was put aside."""
        for run in self._space.ok(api.LIST_RUNS, page=1, size=1000)["runs"]:
            path = {"graph_name": run["graph_name"], "run_id": run["run_id"]}
            for node in self._space.ok(api.GET_STRUCTURE, **path)["nodes"]:
                self._space.ok(api.GET_STATE, **path, state_id=node["id"])
        for space in (self._space, self._foreign):
            space.ok(api.LIST_REJECTED)


def _may_be_silent(fields: Fields, aim: Aim) -> bool:
    """Whether an entry may have changed nothing without being put aside: it is about something that there is."""
    known = {*aim.others, *(state for state, _ in aim.victims)}
    state = fields.get(b"state", b"").decode(errors="replace")
    return state in known or fields.get(b"kind") in (b"settled", b"cancelled")


@contextmanager
def _failures() -> Iterator[list[str]]:
    """Collect what the state manager logs with a stack trace: nothing that an entry holds may cause it."""
    found: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                found.append(logging.Formatter().format(record))

    ear = Ear()
    logging.getLogger("exosphere").addHandler(ear)
    try:
        yield found
    finally:
        logging.getLogger("exosphere").removeHandler(ear)
