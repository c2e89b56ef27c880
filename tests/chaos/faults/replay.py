"""What the API answered lately and Redis lost is sent again by the state managers: faults that lose wait for it."""

import asyncio
import time

from chaos.stage import Stage

#: A state manager that answered nothing in the last seconds has nothing to send; it is not waited for beyond this, in s.
_WITHIN_S = 8.0


def sent_again(stage: Stage) -> dict[str, int]:
    """How often each state manager that runs applied again what it had answered."""
    running = [name for name in stage.managers if stage.stack.processes[name].poll() is None]
    return {name: stage.stack.log(name).count("were applied again") for name in running}


async def wait_until_sent_again(stage: Stage, before: dict[str, int]) -> None:
    """Wait until each has sent again what it answered.

    What the API answered in the last moment is known to its state manager alone until then. To lose both is to lose more
    than is promised.

    Args:
        before: what `sent_again` told before the fault.
    """
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline and any(
        count <= before.get(name, -1) for name, count in sent_again(stage).items()
    ):
        await asyncio.sleep(0.05)
