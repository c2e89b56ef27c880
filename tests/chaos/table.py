"""The figures of a campaign, as the table that the docs hold."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from chaos.faults.catalog import FAULTS, reason_against
from chaos.ledger import Ledger
from chaos.parts import PARTS
from chaos.plan import Outcome, Plan

START, END = "<!-- campaign -->", "<!-- /campaign -->"


def written(page: Path, figures: str) -> None:
    """Put the figures between the page's markers."""
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n{figures}{END}{after}")


def figures_of(plan: Plan, outcome: Outcome, ledger: Ledger, command: str, redis: str) -> str:
    """The totals and the table of faults, in Markdown."""
    counts = outcome.counts
    lines = [
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d}: {_machine()}; Redis {redis}, append-only; {plan.managers} state managers, {plan.runtimes} runtimes with 64 slots, "
        f"a lease of {plan.lease_ms} ms; {outcome.seconds / 60:.0f} minutes.",
        "",
        "| what | count |",
        "|---|---|",
        f"| runs | {counts['runs']:,} |",
        f"| states | {counts['states']:,} |",
        f"| unites | {counts['unites']:,} |",
        f"| of these, joins of large inputs (64 KiB and more) | {counts['large_joins']:,} |",
        f"| faults | {counts['faults']:,} |",
        f"| states executed again, each explained by a lost lease | {counts['executed_again']:,} |",
        f"| reports refused as stale | {counts['stale']:,} |",
        f"| leases taken from workers that showed no life | {counts['reclaimed']:,} |",
        f"| mends by the reconciler | {counts['mended']:,} |",
        f"| keys compared with the runs that they belong to, over all rounds | {counts['keys']:,} |",
        f"| violations (lost, doubled, stuck, miscounted, left behind) | {len(outcome.violations)} |",
        "",
        "| part | Redis | runs | states | faults | rounds with a failover | minutes |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| `{name}` | {PARTS[name].what} | {of['runs']:,} | {of['states']:,} | {of['faults']:,} | {of['failovers']:,} "
            f"| {of['seconds'] / 60:.1f} |"
            for name, of in outcome.parts.items()
        ),
        "",
        "| fault | what strikes | times | recovery: median, s | worst, s | of |",
        "|---|---|---|---|---|---|",
    ]
    struck = list(ledger.faults())
    for name, fault in FAULTS.items():
        same = [index for index, each in enumerate(struck) if each[0] == name]
        if not same:
            continue
        clean = sorted(recovery for index in same if (recovery := _undisturbed(struck, index)) is not None)
        middle, worst = (f"{median(clean):.2f}", f"{clean[-1]:.2f}") if clean else ("", "")
        lines.append(f"| `{name}` | {fault.what} | {len(same):,} | {middle} | {worst} | {len(clean)} |")
    absent = [(name, fault) for name, fault in FAULTS.items() if name not in {each[0] for each in struck}]
    if absent:
        lines += ["", "Not met in this campaign:", ""]
        lines += [
            f"- `{name}` ({fault.what}): {reason_against(fault) or _not_chosen(plan, name)}" for name, fault in absent
        ]
    return "\n".join(lines) + "\n"


def _not_chosen(plan: Plan, name: str) -> str:
    if name not in plan.faults:
        return "not among those that `--faults` named"
    there = any(FAULTS[name] in PARTS[part].faults(plan.faults) for part in plan.parts)
    return "not drawn" if there else "strikes in none of the parts that were played"


def _undisturbed(struck: Sequence[tuple[str, int, int, int | None]], index: int) -> float | None:
    """The recovery in s of a fault into whose recovery no other fault fell; None for others."""
    _, at, healed, recovery = struck[index]
    if recovery is None:
        return None
    until = healed + recovery
    others = (each for place, each in enumerate(struck) if place != index)
    if any(other_at < until and other_healed > at for _, other_at, other_healed, _ in others):
        return None
    return max(0, recovery) / 1e9


def _machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"
