"""Plays the schedules of a graph over a span of virtual time, in which the machine may be off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from exosphere_core.errors import BadRequest
from exosphere_core.store import schedules
from exosphere_core.store.connection import Redis
from exosphere_core.store.schedules import Firing
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.background.cron import fire_due_schedules
from exosphere_orchestrator.catalog import graphs
from exosphere_worker.executor import NodeRunner
from exospherehost.testing.clock import Clock
from exospherehost.testing.faults import Plan
from exospherehost.testing.lines import Threads
from exospherehost.testing.play import Play, Scene
from exospherehost.testing.result import GraphResult
from exospherehost.testing.server import fake_redis

#: From one moment to another, both with a time zone.
Pause = tuple[datetime, datetime]


class Span(NamedTuple):
    """The time that is played, in unix ms.

    Attributes:
        off: when nothing is there that could fire: from the first to the second moment of each.
    """

    begins: int
    ends: int
    off: Sequence[tuple[int, int]]

    def on_again(self, moment: int) -> int:
        """Return the first moment from this one on at which the machine is on."""
        for since, until in self.off:
            if since <= moment < until:
                moment = until
        return moment


@dataclass(frozen=True, slots=True)
class FiringResult:
    """What came of a due time, or of several that were skipped together. All times are in UTC.

    Attributes:
        index: which of the graph's triggers.
        due_at: when it was due; of several, the latest.
        since: of several, the earliest; else None.
        fired_at: when it was dealt with.
        run: what came of the run that was started; None when there is none.
        skipped: why it was not tried, or None.
        error: why the graph could not be triggered, or None.
    """

    index: int
    due_at: datetime
    since: datetime | None
    fired_at: datetime
    run: GraphResult | None
    skipped: str | None
    error: str | None

    @property
    def late(self) -> bool:
        """Whether it was dealt with later than it was due."""
        return self.fired_at > self.due_at


def span_of(begins: datetime, ends: datetime, off: Sequence[Pause]) -> Span:
    """Read a span of time. Raises BadRequest where a moment has no time zone, or an end is not after its beginning."""
    named = [("begins", begins), ("ends", ends)]
    named += [(f"off[{index}]", moment) for index, pause in enumerate(off) for moment in pause]
    for name, moment in named:
        if moment.tzinfo is None:
            raise BadRequest(f"{name}: {moment} has no time zone; give one, such as tzinfo=UTC")
    for name, (since, until) in [("ends", (begins, ends)), *((f"off[{i}]", pause) for i, pause in enumerate(off))]:
        if until <= since:
            raise BadRequest(f"{name}: {until} is not after {since}")
    return Span(_ms(begins), _ms(ends), sorted((_ms(since), _ms(until)) for since, until in off))


async def play_schedules(scene: Scene, plan: Plan, span: Span) -> list[FiringResult]:
    """Store the graph when the span begins, and fire its schedules until it ends.

    Returns:
        What came of the due times, in the order in which they were dealt with.

    Raises:
        InvalidGraph: the graph is not well-formed.
        BadRequest: the graph has no triggers.
        AssertionError: the runs have not ended after the most executions.
    """
    clock = Clock(span.begins)
    async with fake_redis() as redis:
        with clock.rules(), Threads() as threads:
            runners = {node.__name__: NodeRunner(node, threads) for node in scene.nodes}
            play = Play(redis, clock, scene, plan, runners, threads)
            try:
                firings = await _play(play, redis, clock, scene, span)
                return [await _result_of(play, firing) for firing in firings]
            finally:
                await play.manager.close()


async def _play(play: Play, redis: Redis, clock: Clock, scene: Scene, span: Span) -> list[Firing]:
    namespace, graph = scene.graph.namespace, scene.graph.name
    await play.stage.set_up()
    triggers = (await graphs.get(redis, namespace, graph)).template.triggers
    if not triggers:
        raise BadRequest("the graph has no `triggers`: it has no schedule that could fire")
    firings: dict[Firing, None] = {}
    while True:
        await play.work_off()
        records = await schedules.read_schedules(redis, namespace, {graph: len(triggers)})
        moments = [record.next_due for record in records.values()]
        coming = [moment for moment in (*moments, await play.manager.next_due()) if moment is not None]
        # The moment of the end is played, too.
        if not coming or (moment := span.on_again(min(coming))) > span.ends:
            return list(firings)
        assert moment > clock.now_ms or min(filter(None, moments), default=moment + 1) > moment, (
            "a schedule whose time has come can't be dealt with; the log of `exosphere.cron` tells why"
        )
        clock.now_ms = max(clock.now_ms, moment)
        await play.manager.promote()
        await fire_due_schedules(Jobs(play.stage.settings, redis, play.starter()))
        # Newest first; those of earlier moments are known.
        firings |= dict.fromkeys(reversed(await schedules.read_firings(redis, namespace, graph)))


async def _result_of(play: Play, firing: Firing) -> FiringResult:
    return FiringResult(
        index=firing.index,
        due_at=_moment(firing.fired_at if firing.due_at is None else firing.due_at),
        since=None if firing.since is None else _moment(firing.since),
        fired_at=_moment(firing.fired_at),
        run=None if firing.run_id is None else await play.result(firing.run_id),
        skipped=firing.skipped,
        error=firing.error,
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
