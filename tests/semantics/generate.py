"""Random scenarios. What may happen next is asked from the model, so that a scenario goes somewhere."""

from semantics.draws import Draws
from semantics.graphs import HOUR_MS, random_template
from semantics.happenings import (
    Apply,
    Cancel,
    Due,
    Event,
    Executed,
    Failed,
    Lose,
    Outcome,
    Pruned,
    Released,
    Report,
    Requeued,
    Retry,
    RetryFailed,
    Scenario,
    Take,
    Upsert,
)
from semantics.play import Player

MOST_EVENTS = 150
#: Another time than an hour.
LONGER_MS = 2 * HOUR_MS
#: From so many states on, nodes return one output alone.
MANY_STATES = 40
#: From so many states on, branches are pruned.
TOO_MANY_STATES = 90

#: Text that would show if a value were read for placeholders, or not quoted.
_AWKWARD = ('"\\\n', "${{ a.outputs.v }}", "${{ store.cursor }}", "é€😀", "", "\\g<0>", "[]")


def random_scenario(tape: bytes) -> Scenario:
    """A graph, a trigger and what happens then. The same tape gives the same scenario."""
    return _Author(Draws(tape)).write()


class _Author:
    """Writes one scenario, event by event, playing it on a model."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._count = 0
        self._half_applied = False
        template = random_template(draws)
        keys = "store_config" in template
        root_inputs = {"x": self._text("t"), "unknown": "ignored"} if draws.likely(0.2) else {}
        self._scenario = Scenario(
            template=template,
            events=(),
            inputs=root_inputs,
            store={"cursor": self._text("s"), "extra": "kept"} if keys else {},
            delay_ms=HOUR_MS if draws.likely(0.1) else 0,
            chunk=draws.choice([50, 50, 1, 2, 5]),
        )
        self._writes_store = keys
        self._player = Player(self._scenario)
        self._model = self._player.model
        self._events: list[Event] = []
        self._taken: list[tuple[str, int]] = []
        self._reported: dict[tuple[str, int], Outcome] = {}
        # What this run is like: how often its nodes fail, are pruned, fan out, and how many reports are in flight.
        self._failing = draws.choice([0.0, 0.1, 0.3, 0.4])
        self._pruning = draws.choice([0.0, 0.1, 0.3])
        self._fanning = draws.choice([0.2, 0.0, 0.6])
        self._waiting = draws.choice([0.0, 0.1])
        self._disorder = draws.choice([0.0, 0.1, 0.2])
        self._batching = draws.choice([0.0, 0.5])
        self._meddling = draws.choice([0.0, 0.0, 0.05])

    def write(self) -> Scenario:
        """Go on until the run has ended and nobody retries anything of it any more."""
        again = self._draws.choice([0, 1, 2, 4])
        while len(self._events) < MOST_EVENTS:
            if self._draws.likely(self._meddling):
                self._meddle()
                continue
            if self._go_on():
                continue
            if again == 0 or not self._retry():
                break
            again -= 1
        if self._draws.likely(0.2):
            self._meddle()
        self._late()
        return Scenario(**{**self._scenario.__dict__, "events": tuple(self._events)})

    def _happen(self, event: Event) -> None:
        if self._half_applied and isinstance(event, Retry | RetryFailed):
            # It would race with what the reports set off: either may be first.
            self._half_applied = False
            self._happen(Apply())
        self._events.append(event)
        self._player.play(event)

    def _go_on(self) -> bool:
        """One step of the run. False when there is none left."""
        states = list(self._model.states.values())
        if self._player.waiting and not self._draws.likely(self._batching):
            self._apply()
            return True
        steps: list[Event] = [Due(state.label) for state in states if state.pending and state.wait_ms]
        ready = {state.identifier for state in states if state.status == "CREATED" and not state.wait_ms}
        steps += [Take(identifier) for identifier in sorted(ready)]
        held = [
            state for state in states
            if state.status == "QUEUED" and (state.label, state.attempt) not in self._reported
        ]  # fmt: skip
        if held and (not steps or self._draws.likely(0.6)):
            state = self._draws.choice(held)
            if self._draws.likely(self._waiting / 2):
                self._happen(Lose(state.label))
            else:
                self._report(state.label, state.attempt, self._outcome(state.identifier))
        elif steps:
            self._happen(self._draws.choice(steps))
        elif self._player.waiting:
            self._apply()
        else:
            return False
        if self._draws.likely(self._disorder):
            self._late()
        return True

    def _report(self, label: str, attempt: int, outcome: Outcome) -> None:
        # A store value that changes while reports are in flight may be read before or after it: such
        # a report is applied alone, so that there is one right answer.
        alone = isinstance(outcome, Executed) and bool(outcome.store)
        if alone and self._player.waiting:
            self._apply()
        self._reported[label, attempt] = outcome
        self._taken.append((label, attempt))
        self._happen(Report(label, attempt, outcome))
        if alone:
            self._apply()

    def _apply(self) -> None:
        self._half_applied = not self._writes_store and self._draws.likely(0.2)
        manager, twice = self._draws.choice([0, 1]), self._draws.likely(self._disorder)
        self._happen(Apply(manager, twice, self._half_applied))

    def _late(self) -> None:
        """A report comes again, or another one of a delivery that was reported, whatever has become of it."""
        if self._taken:
            label, attempt = self._draws.choice(self._taken)
            outcome = self._reported[label, attempt]
            if not self._player.waiting and self._draws.likely(0.5):
                outcome = self._outcome(self._model.states[label].identifier)
                outcome = Executed(outcome.outputs, outcome.fanned_out) if isinstance(outcome, Executed) else outcome
            self._happen(Report(label, attempt, outcome))

    def _meddle(self) -> None:
        """A person does something, at whatever moment."""
        choice = self._draws.choice(["retry", "retry", "upsert", "all", "cancel"])
        if choice == "upsert":
            self._happen(Upsert())
        elif choice == "all":
            self._happen(RetryFailed())
        elif choice == "cancel":
            self._happen(Cancel())
        else:
            states = list(self._model.states.values())
            state = self._draws.choice([state for state in states if state.errored] or states)
            self._happen(Retry(state.label, self._draws.choice(["one", "two", "three"])))

    def _retry(self) -> bool:
        """What failed is tried again, all or one. False when there is nothing of the kind."""
        errored = [state for state in self._model.states.values() if state.errored]
        if not errored or self._model.status == "CANCELLED":
            return False
        self._failing = self._draws.choice([0.0, self._failing])
        if self._draws.likely(0.3):
            self._happen(RetryFailed())
        else:
            self._happen(Retry(self._draws.choice(errored).label, f"retry-{len(self._events)}"))
        return True

    def _outcome(self, identifier: str) -> Outcome:
        draws = self._draws
        if len(self._model.states) > TOO_MANY_STATES:
            return Pruned({})
        if draws.likely(self._failing):
            return Failed(f"boom {identifier}", retryable=not draws.likely(0.3))
        if draws.likely(self._pruning):
            return Pruned(draws.choice([{}, {"why": "é", "n": [1, 2.5, None]}]))
        if draws.likely(self._waiting):
            waits: list[Outcome] = [Released(), Requeued(HOUR_MS), Requeued(LONGER_MS)]
            return draws.choice(waits)
        writes = {}
        if self._writes_store and draws.likely(0.3):
            writes = {draws.choice(["cursor", "mark", "new"]): self._text("w")}
        if draws.likely(self._fanning):
            width = draws.choice([1, 2, 3, 0, 12]) if len(self._model.states) < MANY_STATES else 1
            return Executed([self._output(identifier) for _ in range(width)], fanned_out=True, store=writes)
        if draws.likely(0.05):
            return Executed([{}], store=writes)  # the node returned None
        return Executed([self._output(identifier)], store=writes)

    def _output(self, identifier: str) -> dict[str, str]:
        output = {"v": self._text(identifier)}
        if self._draws.likely(0.85):
            output["w"] = self._text(identifier)
        return output

    def _text(self, about: str) -> str:
        """Text that tells where it came from, and is the same nowhere else; now and then an awkward one."""
        self._count += 1
        return self._draws.choice(_AWKWARD) if self._draws.likely(0.05) else f"{about}{self._count}"
