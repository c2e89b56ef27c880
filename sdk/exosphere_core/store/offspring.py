"""What a success brings into being, as values that one script may take."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from exosphere_core.keys import ShardKeys
from exosphere_core.store.calls import Arg

#: The most states that one script run creates: it stays within a few ms.
CHUNK: int = 25


class Sibling(NamedTuple):
    """A state of the same identifier that keeps another output of a fan-out."""

    id: str
    task: bytes
    outputs: bytes
    member: str


class Child(msgspec.Struct, frozen=True, gc=False):
    """A state of a next node."""

    id: str
    identifier: str
    task: bytes
    inputs: bytes
    #: Ordinals, from 1, of the unites in `Offspring.unites` that it counts for: "1,3".
    counts: str
    #: Where it is queued.
    ready: str


class UniteTouch(NamedTuple):
    """An armed unite that a success moves, or a new one that it arms."""

    id: str
    #: JSON of `UnitePlan` when it is armed here, else empty.
    plan: bytes
    strategy: str
    #: Ordinals of the unites around it: "2,3".
    around: str
    #: Whether the state leads straight to it.
    leads: bool
    #: Whether it will read this state's outputs.
    collects: bool


class Offspring(NamedTuple):
    """What one script makes of a success: at most `CHUNK` states and what belongs to one output."""

    siblings: Sequence[Sibling] = ()
    children: Sequence[Child] = ()
    unites: Sequence[UniteTouch] = ()

    def keys(self, shard: ShardKeys) -> list[str]:
        """The KEYS that `lua/lib/offspring.lua` reads."""
        keys = [shard.state(sibling.id) for sibling in self.siblings]
        for child in self.children:
            keys += (shard.state(child.id), child.ready)
        for unite in self.unites:
            keys += (shard.unite(unite.id), shard.members(unite.id))
        return keys

    def args(self) -> list[Arg]:
        """The ARGV that `lua/lib/offspring.lua` reads."""
        args: list[Arg] = []
        for sibling in self.siblings:
            args += (sibling.id, sibling.task, sibling.outputs, sibling.member)
        for child in self.children:
            args += (child.id, child.identifier, child.task, child.inputs, child.counts)
        for unite in self.unites:
            args += (
                unite.id,
                unite.plan,
                unite.strategy,
                unite.around,
                "1" if unite.leads else "0",
                "1" if unite.collects else "0",
            )
        return args
