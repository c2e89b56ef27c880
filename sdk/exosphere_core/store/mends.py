"""What the reconciler does to records and queues, as calls. Each is fenced: a transition that happens meanwhile wins.

`run` is a run's record as it was read, every field of it (see `lua/lib/unmoved.lua`).
"""

from collections.abc import Mapping, Sequence

from exosphere_core.handoff import entry_away, queue_of
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task
from exosphere_core.store.calls import Arg, Call
from exosphere_core.store.offspring import Offspring
from exosphere_core.store.survey import RunTrace, StateTrace, UniteTrace

#: How many unreadable records, and how many mends, a shard keeps for the operator.
KEPT = 1000

#: How many members of a unite one call adds and takes away.
MEMBERS = 250


def locate(home: ShardKeys, states: Sequence[StateTrace]) -> Call:
    """Tell which of some states are in no queue."""
    keys = [home.due, home.reports, home.inbox]
    args: list[Arg] = []
    for state in states:
        keys += (home.state(state.id), queue_of(home, state.task))
        args += (state.id, "1" if state.task.replays else "", _abroad(home, state.task))
    return Call("locate", keys, args)


def tell_held(entries: Sequence[tuple[str, str]]) -> Call:
    """Tell of pairs of ready stream and entry id, all of one shard, whether a runtime will take the entry or has it."""
    return Call("tell_held", [stream for stream, _ in entries], [entry for _, entry in entries])


def restore(home: ShardKeys, state: StateTrace, lost: Sequence[str] = ()) -> Call:
    """Make a state ready under a new attempt number.

    Args:
        state: as it was read; an entry of it in another slot was looked for there and is gone.
        lost: ids of states that its success made and that are gone.
    """
    task = state.task
    keys = [home.state(state.id), home.run(task.run), queue_of(home, task), home.due, home.reports, home.inbox]
    keys.append(home.events(task.run))
    gone = state.entry if entry_away(state.entry) else ""
    args: list[Arg] = [state.id, state.status, state.attempt, "1" if task.replays else "", task.identifier]
    return Call("restore", [*keys, *(home.state(each) for each in lost)], [*args, _abroad(home, task), gone])


def lead_outbox(home: ShardKeys, behind: str) -> Call:
    """Let the outbox go on behind an entry that came to another namespace."""
    return Call("lead_outbox", [home.outbox], [behind])


def redue(home: ShardKeys, state: str) -> Call:
    """Let the set of due times say of a state what its record says."""
    return Call("redue", [home.due, home.state(state)], [state])


def drop_entry(home: ShardKeys, queue: str, entry: str, state: str, attempt: str) -> Call:
    """Take an entry off a ready stream or the outbox, if its state is not to be taken by it any more."""
    return Call("drop_entry", [queue, home.state(state)], [entry, attempt])


def complete(home: ShardKeys, run: RunTrace, state: str, identifier: str, lost: Offspring) -> Call:
    """Make children and unites of a state again."""
    keys = [home.run(run.id), home.states(run.id), home.unites(run.id), home.state(state), home.events(run.id)]
    keys += lost.keys(home)
    args: list[Arg] = [identifier, len(lost.children), len(lost.unites), *lost.args(), *_fence(run)]
    return Call("complete", keys, args)


def amend(home: ShardKeys, run: RunTrace, state: str, identifier: str, status: str, fields: Mapping[str, Arg]) -> Call:
    """Write on a state what other records tell of it.

    Args:
        status: as it was read; empty when there is to be no record yet.
    """
    pairs: list[Arg] = [word for pair in fields.items() for word in pair]
    keys = [home.run(run.id), home.state(state), home.events(run.id)]
    return Call("amend", keys, [status, identifier, len(fields), *pairs, *_fence(run)])


def recount(home: ShardKeys, run: RunTrace, open_now: int, counters: Mapping[str, int]) -> Call:
    """Let a run's counters and status say what its states and unites say."""
    keys = [home.run(run.id), home.ended, home.active(run.graph), home.events(run.id)]
    pairs: list[Arg] = [word for pair in counters.items() for word in pair]
    return Call("recount", keys, [run.id, open_now, len(counters), *pairs, *_fence(run)])


def recount_unite(home: ShardKeys, run: RunTrace, found: UniteTrace, right: UniteTrace) -> Call:
    """Let a unite say what its branches say."""
    args: list[Arg] = [found.status, found.pending, found.errored, right.status, right.pending, right.arrived]
    args += [right.errored, right.pruned, right.strategy, right.around, right.restored]
    return Call("recount_unite", [home.run(run.id), home.unite(found.id)], [*args, *_fence(run)])


def regather(home: ShardKeys, run: RunTrace, unite: str, missing: Sequence[str], extra: Sequence[str]) -> Call:
    """Put a unite's members right, at most `MEMBERS` of each."""
    args: list[Arg] = [len(missing), len(extra), *missing, *extra, *_fence(run)]
    return Call("regather", [home.run(run.id), home.members(unite)], args)


def relist(home: ShardKeys, run: RunTrace, ids: str, anew: str) -> Call:
    """Replace a list of ids by the one written beside it."""
    return Call("relist", [home.run(run.id), ids, anew], _fence(run))


def settle_again(home: ShardKeys, unite: str) -> Call:
    """Tell again that a unite has settled."""
    return Call("settle_again", [home.unite(unite), home.reports], [unite, home.namespace])


def index_run(home: ShardKeys, run: str, graph: str) -> Call:
    """Let the indexes say of a run what its record says."""
    return Call("index_run", [home.run(run), home.runs, home.ended, home.active(graph)], [run])


def rebuild_run(home: ShardKeys, run: str, root: str, task: Task, created_at: str) -> Call:
    """Make the record of a run from its root state."""
    return Call("rebuild_run", [home.run(run)], [task.graph, task.version, root, created_at])


def set_aside(home: ShardKeys, key: str, what: str, some_id: str, reason: str, found: tuple[str, str, bytes]) -> Call:
    """Put a record aside that nobody can read.

    Args:
        found: the Redis type of the key, the field that can't be read, and its value.
    """
    kind, field, value = found
    return Call("set_aside", [key, home.broken], [what, some_id, reason, KEPT, kind, field, value])


def drop_orphan(home: ShardKeys, run: str, key: str, members: str) -> Call:
    """Delete a record whose run is gone."""
    return Call("drop_orphan", [home.run(run), key, members], [])


def drop_members(home: ShardKeys, unite: str) -> Call:
    """Delete the branches of a unite that has no record."""
    return Call("drop_orphan", [home.unite(unite), home.members(unite), home.members(unite)], [])


def _abroad(home: ShardKeys, task: Task) -> str:
    return "" if task.namespace == home.namespace else "1"


def _fence(run: RunTrace) -> list[Arg]:
    return [len(run.fields), *(word for pair in run.fields.items() for word in pair)]
