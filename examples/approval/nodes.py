"""Plan the next steps, take one that was approved, look what came of them and go round again."""

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from examples.approval.planner import ASIDE, next_steps
from exospherehost import BaseNode, StateManager

NAMESPACE: Final = "tidy"
GRAPH: Final = "tidy-up"


class Plan(BaseNode):
    """Looks at the folder and fans out: one branch for each step. Without one, there is nothing to approve."""

    class Inputs(BaseModel):
        folder: str
        refused: str  #: JSON array of paths

    class Outputs(BaseModel):
        path: str
        reason: str

    def execute(self) -> list[Outputs]:
        steps = next_steps(Path(self.inputs.folder), json.loads(self.inputs.refused))
        return [self.Outputs(path=step.path, reason=step.reason) for step in steps]


class Act(BaseNode):
    """Moves one thing aside. Its branch gets here only when the human before it said yes."""

    class Inputs(BaseModel):
        folder: str
        path: str
        approved_by: str

    class Outputs(BaseModel):
        path: str

    def execute(self) -> Outputs:
        folder = Path(self.inputs.folder)
        path, aside = folder / self.inputs.path, folder / ASIDE / self.inputs.path
        aside.parent.mkdir(parents=True, exist_ok=True)
        # A second delivery finds it done.
        if path.is_dir():
            path.rmdir()
        elif path.exists():
            path.rename(aside)
        return self.Outputs(path=self.inputs.path)


class Check(BaseNode):
    """Unites the branches. What was proposed and not done was refused; the next round knows that."""

    class Inputs(BaseModel):
        folder: str
        refused: str
        proposed: str  #: JSON array of paths
        done: str  #: the same

    class Outputs(BaseModel):
        done: str  #: JSON array of paths
        refused: str  #: the same
        next_run: str  #: empty when there is nothing left to propose

    async def execute(self) -> Outputs:
        done = json.loads(self.inputs.done)
        refused = sorted({*json.loads(self.inputs.refused), *(set(json.loads(self.inputs.proposed)) - set(done))})
        told = {"done": json.dumps(done), "refused": json.dumps(refused)}
        if not next_steps(Path(self.inputs.folder), refused):
            return self.Outputs(**told, next_run="")
        # The key is the same for each delivery of this state: the next round begins once.
        run = await StateManager(NAMESPACE).trigger(
            GRAPH,
            store={"folder": self.inputs.folder, "refused": told["refused"]},
            idempotency_key=self.idempotency_key,
        )
        return self.Outputs(**told, next_run=run["run_id"])
