"""Plays a scenario on the model: reports wait until a state manager applies them."""

from semantics.happenings import Cancel, Due, Event, Lose, Report, Retry, RetryFailed, Scenario, Take
from semantics.model import Conflict, Model


class Player:
    """A model in play.

    Attributes:
        waiting: the reports that nobody applied yet.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.model = Model(scenario.template)
        self.waiting: list[Report] = []
        self.model.trigger(scenario.inputs, scenario.store, scenario.delay_ms)

    def play(self, event: Event) -> bool:
        """Let an event happen. False when it is refused."""
        model = self.model
        if isinstance(event, Report):
            self.waiting.append(event)
            return True
        if not isinstance(event, Retry | RetryFailed):
            self.apply()
        try:
            if isinstance(event, Take):
                model.take(event.identifier)
            elif isinstance(event, Due):
                model.due(event.label)
            elif isinstance(event, Lose):
                model.lose(event.label)
            elif isinstance(event, Cancel):
                model.cancel()
            elif isinstance(event, Retry):
                model.retry(event.label, event.fanout_id)
            elif isinstance(event, RetryFailed):
                model.retry_failed()
        except Conflict:
            return False
        return True

    def apply(self) -> None:
        """A state manager applies the reports that wait, in their order."""
        for report in self.waiting:
            self.model.report(report.label, report.attempt, report.outcome)
        self.waiting.clear()
