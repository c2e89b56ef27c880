"""Faults of our own processes."""

import asyncio
import signal
import time
from random import Random

from chaos.faults.fault import EVERYWHERE, Fault, Struck, during, given_to_others
from chaos.stage import Stage


async def _kill(stage: Stage, draws: Random, names: list[str]) -> Struck:
    name = draws.choice(names)
    pid = stage.pid(name)
    at = time.monotonic_ns()
    stage.stack.kill(name)
    recovered = asyncio.create_task(given_to_others(stage, pid))
    await asyncio.sleep(draws.uniform(0.0, 0.8))
    stage.run(name)
    return Struck(name, at, at, recovered)


async def _freeze(stage: Stage, draws: Random, names: list[str]) -> Struck:
    """Shorter than a lease, or longer."""
    name = draws.choice(names)
    seconds = draws.choice([draws.uniform(0.1, 0.8), stage.lease_ms / 1000 + draws.uniform(0.2, 1.5)])
    stage.stack.signal(name, signal.SIGSTOP)
    at, healed = await during(seconds)
    stage.stack.signal(name, signal.SIGCONT)
    return Struck(f"{name} for {seconds:.2f} s", at, healed)


async def _stop(stage: Stage, draws: Random, names: list[str]) -> Struck:
    """SIGTERM; one that does not end in time is killed, as a supervisor does."""
    name = draws.choice(names)
    at = time.monotonic_ns()
    process = stage.stack.processes[name]
    process.terminate()
    patience = draws.uniform(0.2, 6.0)
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    detail = f"{name} ended with {process.poll()}"
    if process.poll() is None:
        detail = f"{name} killed after {patience:.1f} s"
    stage.stack.kill(name)
    stage.run(name)
    return Struck(detail, at, time.monotonic_ns())


async def kill_runtime(stage: Stage, draws: Random) -> Struck:
    return await _kill(stage, draws, stage.runtimes)


async def kill_state_manager(stage: Stage, draws: Random) -> Struck:
    return await _kill(stage, draws, stage.managers)


async def freeze_runtime(stage: Stage, draws: Random) -> Struck:
    return await _freeze(stage, draws, stage.runtimes)


async def freeze_state_manager(stage: Stage, draws: Random) -> Struck:
    return await _freeze(stage, draws, stage.managers)


async def stop_runtime(stage: Stage, draws: Random) -> Struck:
    return await _stop(stage, draws, stage.runtimes)


async def stop_state_manager(stage: Stage, draws: Random) -> Struck:
    return await _stop(stage, draws, stage.managers)


async def kill_background(stage: Stage, draws: Random) -> Struck:
    at = time.monotonic_ns()
    stage.stack.kill("background")
    stage.run("background")
    return Struck("background", at, time.monotonic_ns())


async def worker_clock(stage: Stage, draws: Random) -> Struck:
    """The wall clock of a runtime jumps by hours, forth and back, while it works."""
    assert stage.clock is not None
    name = draws.choice(stage.runtimes)
    if stage.clocked is None:
        # From now on one runtime lives under the clock that jumps.
        stage.clocked = name
        stage.stack.kill(name)
        stage.run(name)
    hours = draws.choice([-5, -1, 1, 5])
    stage.clock.shift(hours * 3600)
    at, healed = await during(draws.uniform(0.3, 2.0))
    stage.clock.shift(0)
    return Struck(f"{stage.clocked} by {hours} h", at, healed)


FAULTS = [
    Fault("kill_runtime", "SIGKILL of a runtime, started again", kill_runtime, on=EVERYWHERE, weight=8),
    Fault(
        "freeze_runtime",
        "SIGSTOP of a runtime, SIGCONT before or after its lease",
        freeze_runtime,
        on=EVERYWHERE,
        weight=5,
    ),
    Fault("stop_runtime", "SIGTERM of a runtime, SIGKILL if it takes long", stop_runtime, on=EVERYWHERE),
    Fault(
        "kill_state_manager", "SIGKILL of a state manager, started again", kill_state_manager, on=EVERYWHERE, weight=6
    ),
    Fault(
        "freeze_state_manager",
        "SIGSTOP of a state manager, SIGCONT before or after a lease",
        freeze_state_manager,
        on=EVERYWHERE,
        weight=4,
    ),
    Fault(
        "stop_state_manager", "SIGTERM of a state manager, SIGKILL if it takes long", stop_state_manager, on=EVERYWHERE
    ),
    Fault("kill_background", "SIGKILL of the background jobs", kill_background, on=EVERYWHERE, weight=1),
    Fault("worker_clock", "a runtime's wall clock jumps by hours and back", worker_clock, on=EVERYWHERE),
]
