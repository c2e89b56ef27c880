"""Starting many runs of one graph: every one is looked at before the first is made, and a script makes many at a time."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Final, NamedTuple, TypeVar

import msgspec

from exosphere_core.api import LONGEST_START_DELAY
from exosphere_core.errors import BadRequest, Conflict, ExosphereError, NotYetSafe, Overloaded, TooLarge
from exosphere_core.graph.plan import GraphPlan, NodePlan
from exosphere_core.ids import derived_id, shard_of_ours
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import LOST
from exosphere_core.store.many_runs import MOST_BYTES_IN_ONE, MOST_IN_ONE, NewRun, read_digests, trigger_many
from exosphere_orchestrator.admission.intake import Intake
from exosphere_orchestrator.admission.sizes import check_given
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits, Unresolvable, resolve, sized
from exosphere_orchestrator.engine.places import ready_key
from exosphere_orchestrator.idempotency import digest_of, runs_of
from exosphere_orchestrator.runnable import no_graph, plan_to_run, store_of
from exosphere_orchestrator.runs import KeepRoots, NoteDue

_TRIES: Final = 3
_PAUSE_S: Final = 0.1

#: How many scripts of one call are under way at once: while Redis runs one, the next is put together.
_UNDER_WAY: Final = 3

#: After so many runs whoever else waits for the event loop has a turn: some 2 ms.
_TURN: Final = 200

#: How many run records are asked for at a time.
_PAGE: Final = 500

_Item = TypeVar("_Item")


class AskedRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run is given: see `api.TriggerRequest`."""

    inputs: dict[str, str] = {}
    store: dict[str, str] = {}
    start_delay: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_START_DELAY)] = 0


class StartedMany(NamedTuple):
    """Runs that were accepted, in the order in which they were asked for."""

    run_ids: list[str]
    ignored_inputs: list[str]


class _Part(NamedTuple):
    """What one script makes."""

    home: ShardKeys
    runs: list[NewRun]
    #: How many of the call are still to be made in this shard, these included.
    wanted: int


class ManyRunsStarter:
    """Triggers a graph many times.

    Args:
        note_due: told of each root that waits for its time.
        intake: lets runs in, or not; without it all are.
        keep_roots: given the tasks of what was made; without it nobody is.
    """

    def __init__(
        self,
        redis: Redis,
        plans: GraphPlans,
        limits: Limits,
        shards: int,
        note_due: NoteDue,
        intake: Intake | None = None,
        keep_roots: KeepRoots | None = None,
    ) -> None:
        self._redis = redis
        self._plans = plans
        self._limits = limits
        self._shards = shards
        self._note_due = note_due
        self._intake = intake or Intake()
        self._keep_roots = keep_roots

    async def trigger(self, namespace: str, graph: str, asked: Sequence[AskedRun], key: str) -> StartedMany:
        """Start runs of a graph's newest version.

        Args:
            key: names this call within the graph. A repeat is given the same runs, and makes those that are not there.

        Raises:
            NotFound: there is no such graph.
            InvalidGraph: its newest version can't run.
            BadRequest: a store lacks a required key, or inputs can't be made: the text begins with `runs.` and a number.
            TooLarge: one has too many inputs or store keys, or too large a store.
            Conflict: the graph is paused, or the key was used with other runs.
            Overloaded: there is too much to do already; the text says whether some were made.
            NotYetSafe: some were made, and are not yet as safe as the settings want it.
        """
        digest = digest_of(asked)
        runs = [run async for run in _in_turns(runs_of(namespace, graph, key, len(asked), self._shards))]
        try:
            plan = await plan_to_run(self._redis, self._plans, namespace, graph)
            new = await self._looked_at(plan, asked, runs)
            await self._make_all(plan, new, digest, key)
        except (NotYetSafe, _OfAnother):
            raise
        except ExosphereError:
            # The graph may have changed since the runs were made.
            if not await self._are_there(namespace, graph, runs, digest, key):
                raise
            return StartedMany(runs, [])
        declared = plan.nodes[plan.root].inputs.keys()
        return StartedMany(runs, sorted({name for run in asked for name in run.inputs.keys() - declared}))

    async def _are_there(self, namespace: str, graph: str, runs: Sequence[str], digest: str, key: str) -> bool:
        """Whether an earlier call made all runs. Raises Conflict when that was for other ones."""
        for first in range(0, len(runs), _PAGE):
            some = runs[first : first + _PAGE]
            homes = [ShardKeys(namespace, shard_of_ours(run)) for run in some]
            found = await read_digests(self._redis, homes, some)
            if any(each not in (None, digest) for each in found):
                raise _OfAnother(graph, key)
            if None in found:
                return False
        return True

    async def _looked_at(self, plan: GraphPlan, asked: Sequence[AskedRun], runs: Sequence[str]) -> list[NewRun]:
        """Prepare all runs. Raises what is wrong with the first one that can't be made."""
        root = plan.nodes[plan.root]
        makes = _Maker(plan, root, self._limits)
        # A run that was removed is made anew: none of the states of old may be taken for one of that.
        this_call = secrets.token_hex(8)
        new = []
        async for number, (each, run) in _in_turns(enumerate(zip(asked, runs, strict=True))):
            try:
                inputs, store = makes.of(each)
            except (BadRequest, TooLarge) as why:
                raise type(why)(f"runs.{number}: {why.detail}") from None
            except Unresolvable as why:
                raise BadRequest(f"runs.{number}: {why}") from None
            new.append(NewRun(run, derived_id("root", run, this_call), inputs, store, each.start_delay))
        return new

    async def _make_all(self, plan: GraphPlan, new: Sequence[NewRun], digest: str, key: str) -> None:
        parts = list(_parts(plan.namespace, new, self._shards))
        made = 0

        async def make(left: Iterator[_Part]) -> None:
            nonlocal made
            for part in left:
                try:
                    await self._make(plan, part, digest, key)
                except BaseException:
                    # The others stop as well.
                    deque(left, maxlen=0)
                    raise
                made += len(part.runs)

        try:
            # The first one alone: of two calls that use one key for different runs, it lets one go on.
            await make(iter(parts[:1]))
            rest = iter(parts[1:])
            ends = await asyncio.gather(*(make(rest) for _ in range(_UNDER_WAY)), return_exceptions=True)
            for fault in filter(None, ends):
                raise fault
        except Overloaded as why:
            if not made:
                raise
            raise Overloaded(
                f"{why.detail}; {made} of {len(new)} runs were made: send the call again with the same Idempotency-Key "
                "for the others",
                why.retry_after_s,
            ) from None

    async def _make(self, plan: GraphPlan, part: _Part, digest: str, key: str) -> None:
        root = plan.nodes[plan.root]
        task = Task(
            run=part.runs[0].run,
            home=plan.namespace,
            graph=plan.graph,
            version=plan.version,
            identifier=plan.root,
            node=root.node,
            namespace=root.namespace,
            timeout_ms=root.timeout_ms,
        )
        most = self._intake.max_queued
        call = trigger_many(part.home, part.runs, task, ready_key(task), digest, most, part.wanted)
        for left in reversed(range(_TRIES)):
            try:
                # Safe to repeat after a lost reply: the same run ids are made once.
                answer, count = await self._intake.make(self._redis, call, task, part.wanted)
                break
            except LOST:
                if not left:
                    raise
                await asyncio.sleep(_PAUSE_S)
        if answer == b"deleted":
            raise no_graph(plan.namespace, plan.graph)
        if answer == b"other":
            raise _OfAnother(plan.graph, key)
        if answer == b"made" and int(count) == len(part.runs) and self._keep_roots is not None:
            self._keep_roots({run.state: msgspec.structs.replace(task, run=run.run) for run in part.runs})
        for run in part.runs:
            if run.delay_ms:
                self._note_due(part.home, run.state, run.delay_ms)


class _OfAnother(Conflict):
    """A key was used for other runs."""

    def __init__(self, graph: str, key: str) -> None:
        super().__init__(
            f"idempotency key {key!r} was used for another bulk trigger of graph {graph!r}, with other runs; "
            "send that one again, or use another key"
        )


class _Maker:
    """Makes inputs and store of runs. What all of them share is made once."""

    def __init__(self, plan: GraphPlan, root: NodePlan, limits: Limits) -> None:
        self._plan = plan
        self._root = root
        self._limits = limits
        self._plain: tuple[dict[str, str], dict[str, str]] | None = None
        self._encoded: bytes | None = None

    def of(self, asked: AskedRun) -> tuple[bytes, Mapping[str, str]]:
        """Return the root's inputs as JSON, and the store.

        Raises:
            BadRequest, TooLarge, Unresolvable: as for a single trigger.
        """
        store, resolved = self._with_store(_trimmed(asked.store)) if asked.store else self._without_store()
        check_given(asked.inputs, store, self._limits)
        given = {field: text for field, text in asked.inputs.items() if field in self._root.inputs}
        if given or asked.store:
            return self._sized({**resolved, **given}), store
        if self._encoded is None:
            self._encoded = self._sized(resolved)
        return self._encoded, store

    def _with_store(self, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return a store, and the root's inputs that follow from it."""
        store = store_of(self._plan, given)
        return store, resolve(self._root.inputs, self._plan.root, {}, store)

    def _without_store(self) -> tuple[dict[str, str], dict[str, str]]:
        if self._plain is None:
            self._plain = self._with_store({})
        return self._plain

    def _sized(self, inputs: Mapping[str, str]) -> bytes:
        return sized(inputs, self._plan.root, self._limits.max_value_bytes)


def _trimmed(given: Mapping[str, str]) -> dict[str, str]:
    trimmed: dict[str, str] = {}
    for key, value in given.items():
        if (name := key.strip()) in trimmed:
            raise BadRequest(f"store: {name!r} is given more than once")
        trimmed[name] = value
    return trimmed


def _parts(namespace: str, new: Sequence[NewRun], shards: int) -> Iterator[_Part]:
    """Cut runs into what one script makes at a time, shard by shard; the first run is in the first part."""
    for turn in range(min(shards, len(new))):
        # As they take turns, so do their shards.
        here = new[turn::shards]
        home = ShardKeys(namespace, shard_of_ours(here[0].run))
        begin = size = 0
        for number, run in enumerate(here):
            bytes_of_run = len(run.inputs) + sum(map(len, run.store)) + sum(map(len, run.store.values()))
            if number > begin and (number - begin == MOST_IN_ONE or size + bytes_of_run > MOST_BYTES_IN_ONE):
                yield _Part(home, list(here[begin:number]), len(here) - begin)
                begin, size = number, 0
            size += bytes_of_run
        yield _Part(home, list(here[begin:]), len(here) - begin)


async def _in_turns(items: Iterator[_Item]) -> AsyncIterator[_Item]:
    """Give items one by one, and others a turn of the event loop now and then."""
    while some := list(islice(items, _TURN)):
        for item in some:
            yield item
        await asyncio.sleep(0)
