"""Reads a run as the real engine keeps it."""

from typing import NamedTuple

from engine.world import World, home_of
from exosphere_core.store import reads
from exosphere_core.store.connection import ask
from exosphere_core.store.reads import RunRecord, StateRecord
from exosphere_core.store.unites import UniteRecord, read_unite
from semantics.labels import Labels
from semantics.template import Graph


class Observed(NamedTuple):
    """A run with all that belongs to it.

    Attributes:
        states: label → record.
        unites: label → record; the label is that of the state that it makes.
        unite_labels: unite id → label.
    """

    run: RunRecord
    labels: Labels
    states: dict[str, StateRecord]
    unites: dict[str, UniteRecord]
    unite_labels: dict[str, str]
    store: dict[str, str]


async def observe(world: World, graph: Graph) -> Observed:
    """Read a run, and tell anew how each of its states came to be."""
    redis, run_id = world.redis, world.run_id
    home = home_of(run_id)
    labels = Labels(graph)
    ids = await labels.learn(redis, run_id)
    unites: dict[str, UniteRecord] = {}
    unite_labels: dict[str, str] = {}
    for raw in await ask(redis, "LRANGE", home.unites(run_id), 0, -1):
        unite = await read_unite(redis, home, raw.decode())
        assert unite is not None, "a unite is listed that has no record"
        label = f"{labels[unite.plan.anchor]}^{unite.plan.identifier}"
        assert label not in unites, f"unite {label} was armed twice"
        unites[label] = unite
        unite_labels[raw.decode()] = label
    (run,) = await reads.read_runs(redis, home, [run_id])
    return Observed(
        run=run,
        labels=labels,
        states={labels[record.id]: record for record in await reads.read_states(redis, home, ids)},
        unites=unites,
        unite_labels=unite_labels,
        store=await reads.read_store(redis, home, run_id),
    )
