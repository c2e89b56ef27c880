"""Every atomic move as a value: which script, which keys, which arguments. The one place that knows their order."""

from collections.abc import Mapping, Sequence

from exosphere_core.handoff import queue_of
from exosphere_core.keys import CatalogKeys, ShardKeys
from exosphere_core.records import Rerun, Task, encode
from exosphere_core.store.calls import Arg, Call
from exosphere_core.store.delivery import Delivery as Delivery
from exosphere_core.store.offspring import Offspring

#: How many rejected reports a shard keeps for the operator.
KEPT_REJECTED = 1000

#: How much of a rejected report's field is kept, bytes.
KEPT_FIELD_BYTES = 2000

#: From this size on inputs go to their record in a script of their own: each copy of 1 MB takes Redis 1 to 2 ms.
LARGE_BYTES = 65_536

#: Keys of `trigger`, but for the graph that it looks at.
_KEYS_OF_TRIGGER = 11


def trigger(
    home: ShardKeys,
    run: str,
    task: Task,
    state: str,
    inputs: bytes,
    store: Mapping[str, str],
    delay_ms: int,
    ready: str,
    rerun: Rerun | None = None,
    request: str = "",
    max_queued: int = 0,
    look: bool = False,
) -> Call:
    """Make a run, its store and its root state.

    Args:
        request: digest of the request that carried an idempotency key.
        max_queued: how many states may be on the ready stream, and how many runs pending on the shard; 0 for any number.
        look: have the script look whether the version is the newest and may be run, and answer "changed" when not. The
            graph is of another slot: for a single server.
    """
    pairs = [word for pair in store.items() for word in pair]
    return Call(
        "trigger",
        [
            home.run(run), home.store(run), home.states(run), home.runs, home.state(state), ready, home.due,
            home.active(task.graph), home.reruns(rerun.of if rerun else run), home.deleted, home.ended,
            *([CatalogKeys(home.namespace).graph(task.graph)] if look else []),
        ],
        [
            run,
            task.graph,
            task.version,
            state,
            task.identifier,
            encode(task),
            inputs,
            delay_ms,
            encode(rerun) if rerun else b"",
            request,
            max_queued,
            len(store),
            *pairs,
        ],
    )  # fmt: skip


def without_look(call: Call) -> Call:
    """Return a call of `trigger` as one that makes its run whatever became of the graph."""
    return call._replace(keys=call.keys[:_KEYS_OF_TRIGGER])


def promote(home: ShardKeys, state: str, ready: str) -> Call:
    """Make a waiting state ready when its time has come."""
    return Call("promote", [home.due, home.state(state), ready], [state])


def expand(of: Delivery, outputs: bytes, width: int, part: Offspring, chunk: int = 1) -> Call:
    """Apply one chunk of a wide fan-out.

    Args:
        chunk: which one, from 1. One that does not follow on those that are there is answered "gap".
    """
    run = of.task.run
    home = of.home
    keys = [home.state(of.state), home.run(run), home.states(run), of.queue, home.unites(run), home.events(run)]
    args: list[Arg] = [of.attempt, of.report, of.task.identifier, outputs, width, chunk]
    return Call("expand", keys + part.keys(home), [*args, *_counts(part), *of.execution, *part.args()])


def advance(
    of: Delivery,
    outputs: bytes,
    width: int | None,
    member: str,
    part: Offspring,
    arrivals: int,
    store: Mapping[str, str],
    chunks: int = 0,
) -> Call:
    """End a state in success, with its children made ready.

    Args:
        width: how many outputs it gave as a list; None when it gave one output alone.
        chunks: how many `expand` applied before. When they are not all there, it is answered "gap".
    """
    run = of.task.run
    home = of.home
    keys = [
        home.state(of.state), home.run(run), home.states(run), of.queue, home.unites(run),
        home.reports, home.ended, home.store(run), home.active(of.task.graph), home.events(run),
    ]  # fmt: skip
    pairs = [word for pair in store.items() for word in pair]
    args: list[Arg] = [of.attempt, of.report, of.task.identifier, outputs, *_counts(part), member]
    args += [
        run,
        of.task.home,
        arrivals,
        len(store),
        "" if width is None else width,
        chunks,
        *of.execution,
        *part.args(),
        *pairs,
    ]
    return Call("advance", keys + part.keys(home), args)


def fail(of: Delivery, status: str, error: str, outputs: bytes, members: Sequence[str]) -> Call:
    """End a state in failure. `members` holds, per unite that it counts for, the member to add, or ""."""
    args: list[Arg] = [
        of.attempt, of.report, of.task.identifier, of.task.run, of.task.home, status, error, outputs, *of.execution,
    ]  # fmt: skip
    return Call("fail", _ending_keys(of), [*args, *unite_args(of.task, members)])


def prune(of: Delivery, data: bytes) -> Call:
    """End a state's branch."""
    args: list[Arg] = [of.attempt, of.report, of.task.identifier, of.task.run, of.task.home, data, *of.execution]
    return Call("prune", _ending_keys(of), [*args, *unite_args(of.task, [""] * len(of.task.unites))])


def retry(of: Delivery, error: str, new_state: str, new_task: Task, delay_ms: int) -> Call:
    """End a state as failed, and make the one that retries it."""
    home, run = of.home, of.task.run
    return Call(
        "retry",
        [
            home.state(of.state), home.run(run), home.states(run), of.queue, of.ready, home.due,
            home.state(new_state), home.events(run),
        ],
        [of.attempt, of.report, of.task.identifier, error, new_state, encode(new_task), delay_ms, *of.execution],
    )  # fmt: skip


def requeue(of: Delivery, delay_ms: int) -> Call:
    """Make a state ready again, after a delay or at once."""
    keys = [of.home.state(of.state), of.queue, of.ready, of.home.due, of.home.events(of.task.run)]
    return Call("requeue", keys, [of.attempt, of.report, of.state, delay_ms, of.task.identifier, *of.execution])


def reclaim(home: ShardKeys, task: Task, state: str, attempt: str, entry: str, max_lost: int, failed: bytes) -> Call:
    """Take a state of the run's own namespace back from a runtime that shows no life."""
    keys = [home.state(state), home.ready(task.node), home.reports, home.events(task.run)]
    return Call("reclaim", keys, [entry, state, attempt, max_lost, failed, task.home, task.identifier])


def cancel_run(home: ShardKeys, run: str) -> Call:
    """Mark a run as cancelled."""
    return Call("cancel_run", [home.run(run), home.reports], [run, home.namespace])


def cancel(home: ShardKeys, run: str, graph: str, states: Sequence[tuple[str, Task]], unites: Sequence[str]) -> Call:
    """Cancel a page of the states and unites of a run that is marked as cancelled."""
    keys = [home.run(run), home.ended, home.active(graph), home.due, home.events(run)]
    args: list[Arg] = [run, len(states), len(unites)]
    for state, task in states:
        keys += [home.state(state), queue_of(home, task)]
        # An entry of the outbox is the courier's: it may be in the other namespace's queue already.
        place = "outbox" if task.namespace != home.namespace else "reports" if task.replays else ""
        args += [state, task.identifier, place]
    return Call("cancel", [*keys, *(home.unite(unite) for unite in unites)], args)


def retry_by_hand(home: ShardKeys, state: str, new_state: str, task: Task, inputs: bytes, mark: str) -> Call:
    """Retry an errored state at once.

    Args:
        task: of the new state.
        inputs: of the new state; empty for those of the old one.
        mark: tells this retry from others of the same state.
    """
    run = task.run
    keys = [
        home.state(state), home.run(run), home.states(run), queue_of(home, task),
        home.state(new_state), home.ended, home.active(task.graph), home.retries(run), home.deleted,
        home.events(run), *(home.unite(unite) for unite in task.unites.values()),
    ]  # fmt: skip
    return Call(
        "retry_by_hand", keys, [run, task.identifier, new_state, encode(task), inputs, mark, *task.unites.values()]
    )


def reject(queue: ShardKeys, stream: str, group: str, entry: str, reason: str, fields: Mapping[bytes, bytes]) -> Call:
    """Put an entry aside that nobody can apply.

    Args:
        stream: a stream of that shard: ready, reports, inbox or outbox.
        entry: its id.
    """
    words = [word[:KEPT_FIELD_BYTES] for pair in list(fields.items())[:20] for word in pair]
    return Call("reject", [stream, queue.rejected], [entry, reason[:KEPT_FIELD_BYTES], KEPT_REJECTED, group, *words])


def _counts(part: Offspring) -> tuple[int, int, int]:
    return len(part.siblings), len(part.children), len(part.unites)


def _ending_keys(of: Delivery) -> list[str]:
    home, run = of.home, of.task.run
    keys = [home.state(of.state), home.run(run), of.queue, home.reports, home.ended, home.active(of.task.graph)]
    return [*keys, home.events(run), *unite_keys(home, of.task)]


def unite_keys(home: ShardKeys, task: Task) -> list[str]:
    return [key for unite in task.unites.values() for key in (home.unite(unite), home.members(unite))]


def unite_args(task: Task, members: Sequence[str]) -> list[Arg]:
    pairs = zip(task.unites.values(), members, strict=True)
    return [len(task.unites), *(word for pair in pairs for word in pair)]
