"""The longest scripts, each at the greatest size that the engine gives it: what prepares it, and what is measured."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

from exosphere_core.ids import derived_id, member, new_run_id
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task, UnitePlan, encode
from exosphere_core.store import handoff, moves, settling, short_moves
from exosphere_core.store.calls import Call
from exosphere_core.store.moves import Delivery
from exosphere_core.store.offspring import CHUNK, Child, Offspring, Sibling, UniteTouch
from exosphere_core.store.short_moves import Ended, Stepped

#: Of a namespace that no state manager knows: none does anything about these runs.
NAMESPACE = "apart"
HOME = ShardKeys(NAMESPACE)
_OUTPUTS = encode({"value": "x" * 100})
_UNITES = 3
#: How wide the fan-out is that a unite joins, and how much one call does of the others; the engine's own bounds.
_WIDTH, _ENDED, _CANCELLED, _TOLERATED, _CARRIED, _REMOVED = 100_000, 32, 50, 100, 100, 500
#: How many values a node writes to the store at its end.
_STORED = 100

#: Endlessly: the calls that prepare it, and the one that is measured.
Cases = Iterator[tuple[Sequence[Call], Call]]


class _Run:
    """A run whose root fans out into a nest of unites."""

    def __init__(self) -> None:
        self.id = new_run_id(0)
        self.state = derived_id("root", self.id)
        self.task = self.task_of("spread", "Spread")
        self.trigger = moves.trigger(
            HOME, self.id, self.task, self.state, b"{}", {}, 0, HOME.ready("Spread")
        )  # fmt: skip
        self.unites = [derived_id("unite", self.state, str(n)) for n in range(_UNITES)]
        self.counted = {f"unite{n}": unite for n, unite in enumerate(self.unites)}
        self.delivery = self.delivery_of(self.state, self.task)

    def task_of(
        self, identifier: str, node: str, namespace: str = NAMESPACE, unites: dict[str, str] | None = None
    ) -> Task:
        parents = {} if identifier == "spread" else {"spread": self.state}
        return Task(
            run=self.id, home=NAMESPACE, graph="wide", version=1, identifier=identifier, node=node,
            namespace=namespace, parents=parents, branch=".10-10", unites=unites or {},
        )  # fmt: skip

    def delivery_of(self, state: str, task: Task) -> Delivery:
        return Delivery(state, "1", task, HOME, HOME.reports, "1-1")

    def plan(self, around: Sequence[str] = ()) -> UnitePlan:
        return UnitePlan(
            run=self.id, home=NAMESPACE, graph="wide", version=1, identifier="all", anchor=self.state,
            parents={"spread": self.state}, branch="", unites={f"unite{n}": unite for n, unite in enumerate(around)},
        )  # fmt: skip

    def offspring(self, start: int, size: int = CHUNK) -> Offspring:
        """As many states as one script makes, in the middle of nested unites."""
        unites = [
            UniteTouch(unite, encode(self.plan()) if start == 0 else b"", "ALL_DONE", "", True, True)
            for unite in self.unites
        ]
        siblings, children = [], []
        for position in range(start, start + size // 2):
            sibling = derived_id("sibling", self.state, str(position))
            siblings.append(
                Sibling(sibling, encode(self.task), _OUTPUTS, member("spread", ".10-10", position, sibling))
            )
            child = self.task_of("each", "Empty", unites=self.counted)
            child_id = derived_id("child", sibling, "each")
            children.append(Child(child_id, "each", encode(child), _OUTPUTS, "1,2,3", HOME.ready("Empty")))
        return Offspring(siblings, children, unites)

    def fan_out(self, states: int) -> list[Call]:
        """Trigger it, and make some states with their unites."""
        parts = [self.offspring(start) for start in range(0, states // 2, CHUNK // 2)]
        return [
            self.trigger,
            *(
                moves.expand(self.delivery, _OUTPUTS, _WIDTH, part, number)
                for number, part in enumerate(parts, 1)
            ),
        ]  # fmt: skip

    def children(self, states: int) -> list[tuple[str, Task]]:
        task = self.task_of("each", "Empty", unites=self.counted)
        found = [child.id for start in range(0, states // 2, CHUNK // 2) for child in self.offspring(start).children]
        return [(child, task) for child in found]


def _expand() -> Cases:
    while True:
        run = _Run()
        chunks = run.fan_out(2 * CHUNK)
        yield chunks[:2], chunks[2]


def _advance() -> Cases:
    while True:
        run = _Run()
        stored = {f"key{n}": "x" * 100 for n in range(_STORED)}
        yield [run.trigger], moves.advance(run.delivery, _OUTPUTS, _WIDTH, "", run.offspring(0), CHUNK, stored)


def _branch_ends() -> Cases:
    while True:
        run = _Run()
        (child, task), *_ = run.children(CHUNK)
        yield run.fan_out(CHUNK), moves.advance(
            run.delivery_of(child, task), _OUTPUTS, None, member("each", ".10-10", 1, child),
            Offspring((), (), [UniteTouch(unite, b"", "ALL_DONE", "", True, True) for unite in run.unites]), 1, {},
        )  # fmt: skip


def _branches_end() -> Cases:
    while True:
        run = _Run()
        ended = [
            Ended(run.delivery_of(child, task), _OUTPUTS, member("each", ".10-10", 1, child))
            for child, task in run.children(4 * CHUNK)[:_ENDED]
        ]
        unites = [UniteTouch(unite, b"", "ALL_DONE", "", True, True) for unite in run.unites]
        yield run.fan_out(4 * CHUNK), short_moves.finish(ended, unites)


def _roots(count: int) -> tuple[list[Call], list[tuple[_Run, Delivery]]]:
    """As many runs as one script moves, each with its root."""
    runs = [_Run() for _ in range(count)]
    return [run.trigger for run in runs], [(run, run.delivery) for run in runs]


def _steps() -> Cases:
    while True:
        triggers, roots = _roots(_ENDED)
        stepped = []
        for run, of in roots:
            child = derived_id("child", of.state, "each")
            made = Child(child, "each", encode(run.task), _OUTPUTS, "", HOME.ready("Empty"))
            stepped.append(Stepped(of, _OUTPUTS, made, run.task))
        yield triggers, short_moves.step(stepped)


def _runs_end() -> Cases:
    while True:
        triggers, roots = _roots(_ENDED)
        yield triggers, short_moves.leaf([Ended(of, _OUTPUTS, "") for _, of in roots])


def _branch_fails() -> Cases:
    while True:
        run = _Run()
        (child, task), *_ = run.children(CHUNK)
        members = [member("each", ".10-10", 1, unite) for unite in run.unites]
        yield run.fan_out(CHUNK), moves.fail(run.delivery_of(child, task), "ERRORED", "x" * 1000, b"{}", members)


def _join_calls() -> Iterator[tuple[list[Call], list[Call]]]:
    values = encode({"values": encode([str(number) for number in range(_WIDTH)]).decode()})
    while True:
        run = _Run()
        unite = derived_id("unite", run.state, "settled")
        state, task = derived_id("join", unite), run.task_of("all", "Gather")
        armed = UniteTouch(unite, encode(run.plan()), "ALL_DONE", "", True, False)
        # The state that arms it holds it back until it ends, and it has no branch.
        ends = moves.advance(run.delivery, _OUTPUTS, 0, "", Offspring((), (), [armed]), 0, {})
        ready = HOME.ready("Gather")
        yield [run.trigger, ends], settling.join(HOME, unite, "1-1", state, task, values, ready, counts={"each": 0})


def _lay_down() -> Cases:
    for prepare, calls in _join_calls():
        yield prepare, calls[0]


def _join() -> Cases:
    for prepare, calls in _join_calls():
        yield [*prepare, *calls[:-1]], calls[-1]


def _tolerate() -> Cases:
    while True:
        run = _Run()
        children = run.children(2 * _TOLERATED + CHUNK)[:_TOLERATED]
        failed = [
            moves.fail(run.delivery_of(child, task), "ERRORED", "broken", b"{}", [""] * _UNITES)
            for child, task in children
        ]
        tolerated = [child for child, _ in children]
        yield (
            [*run.fan_out(2 * _TOLERATED + CHUNK), *failed],
            settling.tolerate(HOME, run.unites[0], "1-1", run.plan(run.unites[1:]), tolerated, 1),
        )


def _cancel() -> Cases:
    while True:
        run = _Run()
        made = run.fan_out(2 * _CANCELLED + CHUNK)
        states = run.children(2 * _CANCELLED + CHUNK)[:_CANCELLED]
        yield [*made, moves.cancel_run(HOME, run.id)], moves.cancel(HOME, run.id, "wide", states, run.unites)


def _retry_by_hand() -> Cases:
    while True:
        run = _Run()
        (child, task), *_ = run.children(CHUNK)
        failed = moves.fail(run.delivery_of(child, task), "ERRORED", "broken", b"{}", [""] * _UNITES)
        again = derived_id("retry", child)
        yield [*run.fan_out(CHUNK), failed], moves.retry_by_hand(HOME, child, again, task, b"", "mark")


def _deliver() -> Cases:
    for page in count(1):
        run = _Run()
        entries = []
        for number in range(_CARRIED):
            fields = (derived_id("child", run.id, str(number)).encode(), b"1", encode(run.task), _OUTPUTS)
            entries.append(handoff.OutboxEntry(f"{page}-{number}", run.task, fields))
        yield [], handoff.deliver(ShardKeys("other"), HOME, entries)


def _delete_page() -> Cases:
    while True:
        run = _Run()
        states = [(run.state, run.task), *run.children(2 * _REMOVED)]
        cancelled = [
            moves.cancel(HOME, run.id, "wide", states[start : start + _CANCELLED], run.unites)
            for start in range(0, len(states), _CANCELLED)
        ]
        ids = [state for state, _ in states][:_REMOVED]
        prepare = [*run.fan_out(2 * _REMOVED), moves.cancel_run(HOME, run.id), *cancelled]
        keys = [HOME.ended, HOME.states(run.id), *map(HOME.state, ids)]
        yield prepare, Call("delete_page", keys, [run.id, run.state, len(ids)])


#: What is measured → its cases.
CASES: dict[str, Callable[[], Cases]] = {
    f"`expand`: a chunk of a fan-out, {CHUNK} states in {_UNITES} unites": _expand,
    f"`advance`: the last such chunk, and {_STORED} writes to the store": _advance,
    f"`advance`: a branch ends, in {_UNITES} unites that collect it": _branch_ends,
    f"`finish`: {_ENDED} branches end, in {_UNITES} unites that collect them": _branches_end,
    f"`step`: {_ENDED} steps of chains": _steps,
    f"`leaf`: {_ENDED} runs end": _runs_end,
    f"`fail`: a branch fails, in {_UNITES} unites": _branch_fails,
    f"`lay_down`: inputs of a unite over {_WIDTH:,} branches": _lay_down,
    f"`join`: a unite over {_WIDTH:,} branches": _join,
    f"`tolerate`: {_TOLERATED} failed branches in {_UNITES} unites": _tolerate,
    f"`cancel`: {_CANCELLED} states and {_UNITES} unites": _cancel,
    "`retry_by_hand`: a branch in that many unites": _retry_by_hand,
    f"`deliver`: {_CARRIED} states of another namespace": _deliver,
    f"`delete_page`: {_REMOVED} states": _delete_page,
}
