"""Looks for each record that others say must be there, where the numbers do not agree."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import derived_id
from exosphere_core.states import Status, UniteStatus
from exosphere_core.store import survey
from exosphere_core.store.survey import PAGE, RunTrace, StateTrace, UniteTrace
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.family import Family, family_of, join_id, offspring_of


@dataclass(slots=True)
class Structure:
    """A run's records, held against each other. It holds the id of each state while it is looked at.

    Attributes:
        states: ids of those that exist, in the order of the list, unlisted ones last.
        unites: likewise.
        families: of the states to which something is to be done.
        lost: owner → ids of siblings, children, unites and retry that must exist and do not.
        early: states that read CREATED although something that they bring into being exists.
        retried: states that are retried by one that exists, and do not say so.
        unfired: unites that fired, whose state does not exist.
        waiting: successes whose lost children read what an ancestor is yet to give again; filled by the repair.
        begun: unites that have not fired, although something exists that only their state brings into being.
        fired: unites that read as if they had not fired, with the state that says that they have.
    """

    states: list[str] = field(default_factory=list)
    unites: list[str] = field(default_factory=list)
    owners: dict[str, tuple[StateTrace, Family]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    early: list[StateTrace] = field(default_factory=list)
    retried: list[StateTrace] = field(default_factory=list)
    unfired: list[UniteTrace] = field(default_factory=list)
    waiting: list[StateTrace] = field(default_factory=list)
    begun: list[UniteTrace] = field(default_factory=list)
    fired: list[tuple[UniteTrace, StateTrace]] = field(default_factory=list)
    rootless: bool = False


async def structure_of(desk: Desk, run: RunTrace, graph: GraphPlan) -> Structure:
    """Follow what the records of a run say about each other, from its lists and its root on."""
    return await _Walk(desk, run, graph).walk()


class _Walk:
    def __init__(self, desk: Desk, run: RunTrace, graph: GraphPlan) -> None:
        self._desk = desk
        self._run = run
        self._graph = graph
        self._states: dict[str, bool] = {}
        self._unites: dict[str, bool] = {}
        #: Owners whose offspring is to be looked for, once all that can be reached was read.
        self._asked: list[tuple[StateTrace, Family]] = []
        self._known_unites: dict[str, UniteTrace] = {}
        self._joins: dict[str, StateTrace] = {}
        self._join_ids: set[str] = set()

    async def walk(self) -> Structure:
        home, run = self._desk.home, self._run
        states = [*dict.fromkeys([*await self._listed(home.states(run.id)), run.root])]
        unites = [*dict.fromkeys(await self._listed(home.unites(run.id)))]
        while states or unites:
            more_states, more_unites = [], []
            for start in range(0, len(states), PAGE):
                found = await self._read_states(states[start : start + PAGE])
                more_states += found[0]
                more_unites += found[1]
            for start in range(0, len(unites), PAGE):
                more_states += await self._read_unites(unites[start : start + PAGE])
            states = [state for state in dict.fromkeys(more_states) if state not in self._states]
            unites = [unite for unite in dict.fromkeys([*more_unites]) if unite not in self._unites]
        return self._judged()

    async def _listed(self, key: str) -> list[str]:
        ids: list[str] = []
        while page := await survey.read_list(self._desk.redis, key, len(ids)):
            ids += page
        return ids

    async def _read_states(self, ids: Sequence[str]) -> tuple[list[str], list[str]]:
        states: list[str] = []
        unites: list[str] = []
        for some_id, state in zip(ids, await survey.read_states(self._desk.redis, self._desk.home, ids), strict=True):
            mine = isinstance(state, StateTrace) and state.task.run == self._run.id
            self._states[some_id] = mine
            if not isinstance(state, StateTrace) or not mine or state.task.identifier not in self._graph.nodes:
                continue
            if some_id in self._join_ids:
                self._joins[some_id] = state
            family = family_of(self._graph.nodes[state.task.identifier], state)
            if family.siblings or family.children or family.unites or family.retry:
                self._asked.append((state, family))
                states += [*family.siblings, *family.children, *([family.retry] if family.retry else [])]
                unites += family.unites
            # A unite that its states know of and its run's list does not.
            unites += state.task.unites.values()
        return states, unites

    async def _read_unites(self, ids: Sequence[str]) -> list[str]:
        joins: list[str] = []
        for some_id, unite in zip(ids, await survey.read_unites(self._desk.redis, self._desk.home, ids), strict=True):
            mine = isinstance(unite, UniteTrace) and unite.plan.run == self._run.id
            self._unites[some_id] = mine
            if isinstance(unite, UniteTrace) and mine and unite.status != UniteStatus.CANCELLED:
                self._known_unites[some_id] = unite
                joins.append(join_id(unite))
        self._join_ids.update(joins)
        # It may have been read before the unite that it comes from was known.
        seen = [join for join in joins if self._states.get(join)]
        for state in await survey.read_states(self._desk.redis, self._desk.home, seen) if seen else ():
            if isinstance(state, StateTrace):
                self._joins[state.id] = state
        return joins

    def _judged(self) -> Structure:
        found = Structure(
            states=[state for state, exists in self._states.items() if exists],
            unites=[unite for unite, exists in self._unites.items() if exists],
            rootless=not self._states.get(self._run.root),
        )
        for state, family in self._asked:
            offspring = (*family.siblings, *family.children)
            if family.certain:
                lost = [each for each in (*offspring, family.retry) if each and not self._states[each]]
                lost += [each for each in family.unites if not self._unites[each]]
                if lost:
                    found.owners[state.id] = (state, family)
                    found.lost[state.id] = lost
                continue
            if family.retry and self._states[family.retry]:
                found.retried.append(state)
            elif (
                state.status == Status.CREATED
                and not state.restored
                and (any(self._states[each] for each in offspring) or any(self._unites[each] for each in family.unites))
            ):
                found.early.append(state)
        for unite in self._known_unites.values():
            join = self._joins.get(derived_id("join", unite.id))
            fires = unite.status in (UniteStatus.FIRED, UniteStatus.PRUNED)
            if fires and join is None:
                found.unfired.append(unite)
            elif not fires and join is not None:
                found.fired.append((unite, join))
            elif not fires and not unite.restored and self._has_offspring(unite):
                found.begun.append(unite)
        return found

    def _has_offspring(self, unite: UniteTrace) -> bool:
        """Whether anything exists that the state of a unite, which does not, would bring into being."""
        family = offspring_of(self._graph.nodes[unite.plan.identifier], join_id(unite))
        states = (*family.siblings, *family.children, family.retry)
        return any(self._states.get(each) for each in states) or any(self._unites.get(each) for each in family.unites)


def fired_status(join: StateTrace) -> str:
    """What a unite came to, told from its state: one that was never run has no data of a prune signal."""
    return (UniteStatus.PRUNED if join.status == Status.PRUNED and not join.has_data else UniteStatus.FIRED).value
