"""How large the workloads are."""

from typing import NamedTuple


class Sizes(NamedTuple):
    """One number each; the defaults are those of the tables.

    Attributes:
        tasks, chains, length, width, wide: of W1, W3, W4, W6.
        hops: of the chain of W2, which is run `chains_alone` times, and as often again after `chains_warm` more.
        fans: how often W4 is timed, after one that is not.
        starts: triggers of W5.
        payload_kb: of W7, each with `payload_chains` chains of `payload_length`.
        scales: worker processes of W8, each time with `scaled_chains` chains.
        runtimes: of W9, watched for `idle_s`.
        history: states at the end of W10, in `rounds` backlogs.
    """

    tasks: int = 5000
    hops: int = 50
    chains_alone: int = 10
    chains_warm: int = 20
    chains: int = 200
    length: int = 10
    width: int = 1000
    fans: int = 5
    starts: int = 200
    wide: int = 100_000
    payload_kb: tuple[int, ...] = (1, 16, 256)
    payload_chains: int = 100
    payload_length: int = 5
    scales: tuple[int, ...] = (1, 2, 4)
    scaled_chains: int = 1000
    runtimes: int = 100
    idle_s: float = 20.0
    history: int = 1_000_000
    rounds: int = 20


FULL = Sizes()
#: To see that everything works; its figures tell nothing.
SMALL = Sizes(
    tasks=500, hops=10, chains_alone=2, chains_warm=2, chains=20, width=50, fans=2, starts=10, wide=1000, payload_kb=(1, 256),
    payload_chains=10, payload_length=3, scales=(1, 2), scaled_chains=50, runtimes=4, idle_s=2.0, history=2000, rounds=2,
)  # fmt: skip
