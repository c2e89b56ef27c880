"""What a proof went through, counted."""

from collections import Counter
from dataclasses import dataclass, field

from semantics.happenings import Scenario
from semantics.model import Model


@dataclass
class Tally:
    """Counts over all scenarios so far: kind → number."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, scenario: Scenario, model: Model) -> None:
        """Count a scenario that was played, and what its run came to."""
        self.counts["graphs"] += 1
        self.counts["nodes"] += len(scenario.template["nodes"])
        self.counts["events"] += len(scenario.events)
        self.counts["states"] += len(model.states)
        self.counts["reports that change nothing"] += model.stale
        self.counts[f"run {model.status}"] += 1
        self.counts.update(f"state {state.status}" for state in model.states.values())
        self.counts.update(f"event {type(event).__name__}" for event in scenario.events)
        self.counts.update(f"unite {unite.strategy} {unite.status}" for unite in model.unites)

    def merge(self, other: "Tally") -> None:
        """Count what another one counted."""
        self.counts.update(other.counts)

    def listed(self, kind: str) -> str:
        """The counts of one kind, such as `run`: "SUCCESS 12, FAILED 3"."""
        found = {
            key.removeprefix(f"{kind} "): count for key, count in self.counts.items() if key.startswith(f"{kind} ")
        }
        return ", ".join(f"{name} {count:,}" for name, count in sorted(found.items(), key=lambda item: -item[1]))
