"""The campaign's nodes, and the runtime that a worker process runs: `python nodes.py NAME`.

Each execution writes to this process's file in the folder CHAOS_LEDGER when it begins and when it ends, before anything
is reported. A write is one system call: what was written survives the death of the process.
"""

import asyncio
import os
import random
import secrets
import sys
import time
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from chaos.fate import NODE_NAMES, fate_of, spelled
from exospherehost import BaseNode, PruneSignal, ReQueueAfterSignal, Runtime
from exospherehost.errors import NonRetryableError
from semantics.happenings import Executed, Failed, Pruned

#: Which part of the executions takes a while, and which part asks to be run again: what faults meet under way.
SLOW, SLOWER, REQUEUED = 0.06, 0.012, 0.01

_ledger = -1


def open_ledger() -> None:
    """Open this process's file. Its name tells the process: a pid may come again."""
    global _ledger
    path = Path(os.environ["CHAOS_LEDGER"]) / f"{os.getpid()}-{secrets.token_hex(4)}"
    _ledger = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def note(what: str, state: str, word: str) -> None:
    """Append one line: S(tart) with the run, or E(nd) with the outcome; then the monotonic time in ns."""
    os.write(_ledger, f"{what} {state} {word} {time.monotonic_ns()}\n".encode())


class Fated(BaseNode):
    """Does what `fate_of` says."""

    class Inputs(BaseModel):
        x: str = ""
        y: str = ""
        z: str = ""

    class Outputs(BaseModel):
        v: str = ""
        w: str = ""

    async def execute(self) -> list[Outputs] | Outputs | None:
        note("S", self.state_id, self.run_id)
        word = "cancelled"
        try:
            chance = random.random()
            if chance < SLOW:
                await asyncio.sleep(random.uniform(0.5, 1.5) if chance < SLOWER else random.uniform(0.01, 0.15))
            if random.random() < REQUEUED:
                word = "requeued"
                raise ReQueueAfterSignal(timedelta(milliseconds=random.randint(1, 80)))
            inputs = {"x": self.inputs.x, "y": self.inputs.y, "z": self.inputs.z}
            outcome = fate_of(type(self).__name__, inputs, self.idempotency_key, self.retry_count)
            word = spelled(outcome)
        finally:
            note("E", self.state_id, word)
        if isinstance(outcome, Failed):
            text = outcome.error.partition(": ")[2]
            raise RuntimeError(text) if outcome.retryable else NonRetryableError(text)
        if isinstance(outcome, Pruned):
            raise PruneSignal(outcome.data)
        assert isinstance(outcome, Executed)
        if outcome.fanned_out:
            return [self.Outputs(**output) for output in outcome.outputs]
        return self.Outputs(**outcome.outputs[0]) if outcome.outputs[0] else None


NODES = [type(name, (Fated,), {}) for name in NODE_NAMES]


if __name__ == "__main__":
    open_ledger()
    Runtime(namespace="ns", name=sys.argv[1], nodes=NODES, workers=64, batch_size=64).start()
    print("stopped in order", flush=True)
