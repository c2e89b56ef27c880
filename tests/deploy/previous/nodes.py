"""What a user wrote when the previous version was new: nodes, and a runtime of them. It runs on either version.

It prints on which.
"""

import json
import os
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

import exosphere_core
from exospherehost import BaseNode, PruneSignal, ReQueueAfterSignal, Runtime


class Spread(BaseNode):
    """Fans out."""

    class Inputs(BaseModel):
        width: str

    class Outputs(BaseModel):
        item: str

    async def execute(self) -> list[Outputs]:
        return [self.Outputs(item=str(item)) for item in range(int(self.inputs.width))]


class Work(BaseNode):
    """Succeeds; of the first four items one fails once, one comes again later, while a test holds it, and one is pruned."""

    class Inputs(BaseModel):
        item: str
        ms: str

    class Outputs(BaseModel):
        done: str

    class Secrets(BaseModel):
        token: str

    async def execute(self) -> Outputs:
        if self.inputs.item == "1" and self.retry_count == 0:
            raise ValueError("the first attempt")
        if self.inputs.item == "2":
            self._come_again()
        if self.inputs.item == "3":
            raise PruneSignal({"reason": "three"})
        return self.Outputs(done=f"{self.secrets.token}-{self.inputs.item}")

    def _come_again(self) -> None:
        seen, hold = (Path(os.environ["LEDGER"] + end) for end in (f".{self.run_id}", ".hold"))
        if not seen.exists() or hold.exists():
            seen.touch()
            raise ReQueueAfterSignal(timedelta(milliseconds=int(self.inputs.ms)))


class Gather(BaseNode):
    """Unites."""

    class Inputs(BaseModel):
        done: str

    class Outputs(BaseModel):
        all: str

    async def execute(self) -> Outputs:
        self.store.set("gathered", "yes")
        return self.Outputs(all=" ".join(json.loads(self.inputs.done)))


print(f"runs on {exosphere_core.__file__}", flush=True)
runtime = Runtime(namespace="test", name="worker", nodes=[Spread, Work, Gather])

if __name__ == "__main__":
    runtime.start()
