"""`python -m chaos`: plays the campaign, prints its figures, and with `--write` puts them into docs/reliability.md."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from chaos.campaign import Campaign
from chaos.faults.catalog import FAULTS, reason_against
from chaos.faults.fault import SINGLE
from chaos.parts import PARTS, struck_by
from chaos.plan import Plan
from chaos.table import figures_of, written
from exosphere_orchestrator.embedded.binary import find_server

_PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"


def faults_by_default() -> tuple[str, ...]:
    """The names of the faults that strike when none are named."""
    return tuple(name for name, fault in FAULTS.items() if not reason_against(fault))


def chosen(text: str) -> tuple[str, ...]:
    """Read `--faults`.

    Raises:
        argparse.ArgumentTypeError: a name is none of a fault, or the fault can't strike here.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in FAULTS:
            raise argparse.ArgumentTypeError(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
        if reason := reason_against(FAULTS[name]):
            raise argparse.ArgumentTypeError(f"{name} can't strike here: {reason}")
    if not names:
        raise argparse.ArgumentTypeError("name at least one fault")
    return names


def chosen_parts(text: str) -> tuple[str, ...]:
    """Read `--parts`.

    Raises:
        argparse.ArgumentTypeError: a name is none of a part.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"there is no part {name!r}; there are {', '.join(PARTS)}")
    if not names:
        raise argparse.ArgumentTypeError("name at least one part")
    return names


def _loses(struck: Iterable[str]) -> bool:
    """Whether any of some faults makes a single server lose what it acknowledged."""
    return any(FAULTS[name].loses and SINGLE in FAULTS[name].on for name in struck)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make chaos", description="Strike a whole system with faults, and check every promise."
    )
    parser.add_argument("--seed", type=int, default=1, help="draws graphs, triggers and faults")
    parser.add_argument("--minutes", type=float, default=40.0, help="the longest time")
    parser.add_argument("--states", type=int, default=1_000_000, help="go on until so many states were executed")
    parser.add_argument("--least-faults", type=int, default=1000, help="and so many faults have struck")
    parser.add_argument("--round", type=float, default=30.0, help="seconds of faults before each check")
    parser.add_argument(
        "--faults",
        type=chosen,
        default=faults_by_default(),
        help="names separated by commas; see docs/reliability.md",
    )
    parser.add_argument(
        "--parts", type=chosen_parts, default=tuple(PARTS), help=f"names separated by commas: {', '.join(PARTS)}"
    )
    parser.add_argument("--redis", type=Path, help="path of another redis-server")
    parser.add_argument("--keep", action="store_true", help="keep the folder with ledger, logs and data")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/reliability.md")
    options = parser.parse_args()
    if options.redis and not options.redis.exists():
        parser.error(f"--redis: there is no {options.redis}")
    parts = struck_by(options.parts, options.faults)
    if not parts:
        parser.error(f"--faults: none of them strikes in the parts {', '.join(options.parts)} (--parts)")
    struck = {fault.name for name in parts for fault in PARTS[name].faults(options.faults)}
    plan = Plan(
        seed=options.seed,
        faults=options.faults,
        parts=parts,
        redis_binary=options.redis or find_server().path,
        minutes=options.minutes,
        states=options.states,
        least_faults=options.least_faults,
        round_s=options.round,
        meets=(*Plan.meets, "large_joins", *(["mended"] if _loses(struck) else [])),
    )
    folder = Path(tempfile.mkdtemp(prefix="exo-chaos-"))
    campaign = Campaign(plan, folder)
    try:
        outcome = asyncio.run(campaign.run())
    except KeyboardInterrupt:
        campaign.ledger.close()
        print(f"interrupted; records, ledger and logs are in {folder}", file=sys.stderr)
        return 130
    arguments = " ".join(word for word in sys.argv[1:] if word not in ("--write", "--keep"))
    command = f'make chaos ARGS="{arguments}"' if arguments else "make chaos"
    figures = figures_of(plan, outcome, campaign.ledger, command, campaign.redis_version)
    print(figures)
    print(dict(outcome.counts))
    campaign.ledger.close()
    outcome.violations += [f"vacuous: the count of {word} is 0" for word in plan.meets if not outcome.counts[word]]
    for line in outcome.violations:
        print(line, file=sys.stderr)
    if outcome.violations or options.keep:
        print(f"records, ledger and logs are in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    if options.write:
        written(_PAGE, figures)
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
