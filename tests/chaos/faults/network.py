"""Faults between our processes and Redis, made by the proxy."""

import time
from random import Random
from typing import Any

from chaos.faults.fault import Fault, Strike, Struck, during
from chaos.faults.redis import single
from chaos.stage import Stage


def _wire(what: str, least_s: float, most_s: float) -> Strike:
    async def strike(stage: Stage, draws: Random) -> Struck:
        seconds = draws.uniform(least_s, most_s)
        wires = single(stage).wires
        names = draws.sample([*wires.ports], draws.randint(1, len(wires.ports)))
        more: dict[str, Any] = {"late_s": draws.choice([0.02, 0.2, 1.0])} if what == "delay" else {}
        share = draws.choice([0.3, 1.0])
        seed = draws.randrange(2**32)
        hit = await wires.misbehave(do=what, names=names, share=share, for_s=seconds, seed=seed, **more)
        if most_s:
            at, healed = await during(seconds)
        else:
            at = healed = time.monotonic_ns()
        return Struck(f"{hit} connections of {'+'.join(sorted(names))} for {seconds:.2f} s {more or ''}", at, healed)

    return strike


FAULTS = [
    Fault("cut", "connections are reset", _wire("cut", 0, 0), weight=4),
    Fault("delay", "connections are up to 1 s late", _wire("delay", 0.3, 2.0)),
    Fault("half_close", "Redis' side of connections is closed; commands still arrive", _wire("half_close", 0.1, 1.0)),
    Fault(
        "lose_replies",
        "commands arrive, their replies are lost, then the connection",
        _wire("lose_replies", 0.02, 0.5),
        weight=4,
    ),
    Fault("black_hole", "everything vanishes for up to 4 s, new connections included", _wire("black_hole", 0.5, 4.0)),
]
