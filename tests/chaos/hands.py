"""Who strikes: one hand at our processes, another at Redis and the way to it, at the same time; now and then one of them alone."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from random import Random
from typing import NamedTuple

from redis.exceptions import RedisError

from chaos.faults import processes
from chaos.faults.fault import SINGLE, Fault, Struck
from chaos.plan import Plan
from chaos.stage import Stage
from chaos.topologies.servers import Unready

#: A fault that can't strike yet comes again after so many others.
_LATER = 3

#: Which part of the strikes nothing else disturbs, until what a dead worker held is given to others.
_ALONE = 0.08


def _may_lose(fault: Fault) -> bool:
    """Whether Redis may lose what it acknowledged: our processes send it again, as long as nobody kills them at it."""
    return fault.loses or SINGLE not in fault.on


class Strike(NamedTuple):
    """A fault that struck. `recovered`: the wait for the end of what it took hold of, where the fault tells that itself."""

    fault: Fault
    struck: Struck
    recovered: "asyncio.Task[int | None] | None"


class Hands:
    """Strikes in one part of a campaign.

    Args:
        faults: those of the part.
        counts: told of each strike.
    """

    def __init__(self, plan: Plan, faults: Sequence[Fault], counts: "Counter[str]") -> None:
        self._plan = plan
        self._counts = counts
        ours = [fault for fault in faults if fault in processes.FAULTS]
        others = [fault for fault in faults if fault not in processes.FAULTS]
        self._sides = [side for side in (ours, others) if side]
        #: What each hand strikes with next: each fault as often as its weight says before any comes again.
        self._decks: list[list[Fault]] = [[] for _ in self._sides]
        #: Held by the hand while it strikes; by the other one, too, while that strikes alone.
        self._locks = [asyncio.Lock() for _ in self._sides]
        #: What struck since it was taken last.
        self._strikes: list[Strike] = []

    def taken(self) -> list[Strike]:
        """What struck since the last call."""
        taken, self._strikes = self._strikes, []
        return taken

    async def strike_until(self, deadline: float, stage: Stage, number: int) -> None:
        """Strike until a moment, monotonic, in s; what is under way then is finished."""
        async with asyncio.TaskGroup() as hands:
            for hand in range(len(self._sides)):
                draws = Random(f"faults {self._plan.seed} {number} {hand}")
                hands.create_task(self._one_hand(hand, deadline, stage, draws))

    async def _one_hand(self, hand: int, deadline: float, stage: Stage, draws: Random) -> None:
        while time.monotonic() < deadline:
            await asyncio.sleep(draws.uniform(0.0, self._plan.gap_s))
            fault = self._drawn(hand, draws)
            calm = draws.random() < _ALONE
            async with AsyncExitStack() as held:
                # In the same order whoever takes them: two that want to be alone do not wait for each other.
                for lock in self._locks if calm or _may_lose(fault) else [self._locks[hand]]:
                    await held.enter_async_context(lock)
                await self._strike(hand, fault, stage, draws)
                if calm:
                    await asyncio.sleep(self._plan.lease_ms / 1000 + 2)

    def _drawn(self, hand: int, draws: Random) -> Fault:
        deck = self._decks[hand]
        if not deck:
            deck += [fault for fault in self._sides[hand] for _ in range(fault.weight)]
            draws.shuffle(deck)
        return deck.pop()

    async def _strike(self, hand: int, fault: Fault, stage: Stage, draws: Random) -> None:
        try:
            struck = await fault.strike(stage, draws)
        except Unready:
            # Some others come before it.
            deck = self._decks[hand]
            deck.insert(max(0, len(deck) - _LATER), fault)
            return
        except (RedisError, OSError) as lost:
            # Another fault is still at work, such as a Redis that loads its file.
            self._counts["not struck"] += 1
            print(f"{fault.name} could not strike: {lost}", flush=True)
            return
        waiting = None if struck.recovered is None else asyncio.ensure_future(struck.recovered)
        self._strikes.append(Strike(fault, struck, waiting))
        self._counts.update(["faults", f"struck: {fault.name}"])
