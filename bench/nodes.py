"""The nodes of the benchmarks, and the runtime that a worker process runs."""

import os
import time

from pydantic import BaseModel

from exospherehost import BaseNode, Runtime


class Empty(BaseNode):
    """Does nothing."""

    class Inputs(BaseModel):
        value: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> Outputs:
        return self.Outputs(value=self.inputs.value)


class Stamp(BaseNode):
    """Tells when it ran, on the worker's monotonic clock, in ns."""

    class Inputs(BaseModel):
        value: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> Outputs:
        return self.Outputs(value=str(time.perf_counter_ns()))


class Spread(BaseNode):
    """Fans out."""

    class Inputs(BaseModel):
        width: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> list[Outputs]:
        return [self.Outputs(value=str(number)) for number in range(int(self.inputs.width))]


class Gather(BaseNode):
    """Unites."""

    class Inputs(BaseModel):
        values: str

    class Outputs(BaseModel):
        size: str

    async def execute(self) -> Outputs:
        return self.Outputs(size=str(len(self.inputs.values)))


class Flaky(BaseNode):
    """Fails in so many attempts."""

    class Inputs(BaseModel):
        fails_until: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> Outputs:
        if self.retry_count < int(self.inputs.fails_until):
            raise RuntimeError("not yet")
        return self.Outputs(value="x")


NODES = [Empty, Stamp, Spread, Gather, Flaky]


def runtime() -> Runtime:
    """Return the runtime of a worker process."""
    slots = int(os.environ.get("BENCH_SLOTS", "64"))
    return Runtime(namespace="bench", name="bench", nodes=NODES, workers=slots, batch_size=slots)


if __name__ == "__main__":
    runtime().start()
