"""Nodes of the system tests, and the runtime that a worker process runs: `python nodes.py NAME`.

Their namespace is `test`, or what NODES_NAMESPACE names.
"""

import asyncio
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from exospherehost import BaseNode, PruneSignal, ReQueueAfterSignal, Runtime


def note(line: str) -> None:
    """Append a line to the ledger; a short append is atomic."""
    with Path(os.environ["LEDGER"]).open("a") as ledger:
        ledger.write(line + "\n")


class Spread(BaseNode):
    """Fans out into `width` branches."""

    class Inputs(BaseModel):
        width: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> list[Outputs]:
        return [self.Outputs(value=str(number)) for number in range(int(self.inputs.width))]


class Work(BaseNode):
    """Takes a few ms and tells who did it."""

    class Inputs(BaseModel):
        value: str
        ms: str = "5"

    class Outputs(BaseModel):
        value: str
        worker: str

    async def execute(self) -> Outputs:
        await asyncio.sleep(int(self.inputs.ms) / 1000)
        note(f"{self.state_id} {os.getpid()}")
        return self.Outputs(value=self.inputs.value, worker=str(os.getpid()))


class Gather(BaseNode):
    """Unites."""

    class Inputs(BaseModel):
        values: str
        workers: str

    class Outputs(BaseModel):
        values: str
        workers: str

    async def execute(self) -> Outputs:
        return self.Outputs(values=self.inputs.values, workers=self.inputs.workers)


class Long(BaseNode):
    """Says that it began, then waits until a file is there."""

    class Inputs(BaseModel):
        until: str

    class Outputs(BaseModel):
        attempt: str

    async def execute(self) -> Outputs:
        note(f"began {os.getpid()}")
        while not Path(self.inputs.until).exists():
            await asyncio.sleep(0.01)
        return self.Outputs(attempt=self.idempotency_key)


class Blocking(BaseNode):
    """Blocks the event loop, as users' code does, for longer than a lease."""

    class Inputs(BaseModel):
        ms: str

    class Outputs(BaseModel):
        pass

    async def execute(self) -> Outputs:
        note("blocked")
        time.sleep(int(self.inputs.ms) / 1000)
        return self.Outputs()


class Stuck(BaseNode):
    """Blocks the event loop until a file is there, but only the first time."""

    class Inputs(BaseModel):
        until: str

    class Outputs(BaseModel):
        by: str

    async def execute(self) -> Outputs:
        note(f"began {os.getpid()}")
        first = Path(self.inputs.until + ".first")
        if not first.exists():
            first.touch()
            while not Path(self.inputs.until).exists():
                time.sleep(0.01)
        return self.Outputs(by=str(os.getpid()))


class Deadly(BaseNode):
    """Takes its whole process down."""

    class Inputs(BaseModel):
        pass

    class Outputs(BaseModel):
        pass

    async def execute(self) -> Outputs:
        note(f"began {os.getpid()}")
        os._exit(1)


class Threaded(BaseNode):
    """A plain function."""

    class Inputs(BaseModel):
        value: str

    class Outputs(BaseModel):
        value: str

    def execute(self) -> Outputs:
        time.sleep(0.05)
        return self.Outputs(value=self.inputs.value)


class Polling(BaseNode):
    """Requeues itself until a file is there, then prunes."""

    class Inputs(BaseModel):
        until: str

    class Outputs(BaseModel):
        pass

    async def execute(self) -> Outputs:
        note("polled")
        if not Path(self.inputs.until).exists():
            raise ReQueueAfterSignal(timedelta(milliseconds=20))
        raise PruneSignal({"found": self.inputs.until})


class Secretive(BaseNode):
    """Uses a secret, and fails with it in the message the first time."""

    class Inputs(BaseModel):
        pass

    class Outputs(BaseModel):
        length: str

    class Secrets(BaseModel):
        api_key: str

    async def execute(self) -> Outputs:
        if self.retry_count == 0:
            raise ValueError(f"the service refused {self.secrets.api_key}")
        return self.Outputs(length=str(len(self.secrets.api_key)))


class Stored(BaseNode):
    """Reads and writes the store."""

    class Inputs(BaseModel):
        pass

    class Outputs(BaseModel):
        before: str
        after: str

    async def execute(self) -> Outputs:
        before = await self.store.get("cursor")
        self.store.set("cursor", "9")
        return self.Outputs(before=str(before), after=str(await self.store.get("cursor")))


class Charging(BaseNode):
    """Charges once, says so, then waits until a file is there."""

    class Inputs(BaseModel):
        until: str

    class Outputs(BaseModel):
        charged_by: str
        ended_by: str

    async def execute(self) -> Outputs:
        receipt = await self.once("charge", self._charge)
        note(f"knows {receipt['charged_by']} {os.getpid()}")
        while not Path(self.inputs.until).exists():
            await asyncio.sleep(0.01)
        return self.Outputs(charged_by=str(receipt["charged_by"]), ended_by=str(os.getpid()))

    async def _charge(self) -> dict[str, int]:
        note("charged")
        return {"charged_by": os.getpid()}


class Clinging(BaseNode):
    """Waits for ever; told to stop it tries to leave outputs and a store value behind all the same."""

    class Inputs(BaseModel):
        pass

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> Outputs:
        note(f"began {os.getpid()}")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.store.set("left", "behind")
            note(f"told to stop {os.getpid()}")
        return self.Outputs(value="late")


NODES = [Spread, Work, Gather, Long, Blocking, Stuck, Deadly, Threaded, Polling, Secretive, Stored, Charging, Clinging]


if __name__ == "__main__":
    Runtime(namespace=os.environ.get("NODES_NAMESPACE", "test"), name=sys.argv[1], nodes=NODES, workers=8).start()
    print("stopped in order", flush=True)
