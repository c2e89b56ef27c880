"""What the suite puts into docs/benchmarks.md: tables, plots, who took part and with which settings."""

from collections.abc import Sequence

from bench import page
from bench.suite import growth, plots, table
from bench.suite.figures import Measured, Report, Spread
from bench.suite.stage import CONTENDERS, FLOOR
from bench.suite.workloads import WORKLOADS

_IMAGES = page.PAGE.parent / "images"


def text(report: Report, images: Sequence[str] = ()) -> str:
    """The tables of a report as Markdown, with what they were made on and the images that are named."""
    others = [one for one in report.measured if one.workload != growth.NAME or not one.figures]
    made = "; ".join(f"{what} {value}" for what, value in sorted(report.made.items()))
    parts = [
        f"Made by `make bench`: {made}. Each cell is the median of the runs, with the least and the greatest; "
        "`2.00×` behind it says that this project was twice as good in the same run.",
        table.comparison(others),
        *(f"![{name}](images/{name})" for name in images),
        "What a task costs, at the medians:",
        table.costs(others),
    ]
    if len(others) < len(report.measured):
        about = WORKLOADS[growth.NAME]
        parts += [f"{growth.NAME} {about.title}, medians of the backlogs:", growth.table(report.measured)]
    if failed := table.failures(report.measured):
        parts.append("What did not come to an end:\n\n" + "\n".join(f"- {line}" for line in failed))
    return "\n\n".join([*parts, "Who took part:", _contenders(report)])


def pictures(measured: Sequence[Measured]) -> dict[str, str]:
    """The plots of a report: file name → SVG. The floor is left out, since bars beside it would be short."""
    rows = [row for row in table.rows(measured) if row.metric == WORKLOADS[row.workload].metric]
    found: dict[str, str] = {}
    for workload, about in WORKLOADS.items():
        own = [row for row in rows if row.workload == workload]
        name, title = f"bench-{workload.lower()}", f"{workload} {about.title}, {about.metric.unit}"
        if own and workload == growth.NAME:
            found |= growth.pictures(measured)
        elif own:
            groups: dict[str, dict[str, Spread]] = {}
            for row in own:
                heading = ", ".join(filter(None, (row.variant, f"appendonly {row.durability}")))
                groups[heading] = {who: value for who, value in row.values.items() if who != FLOOR}
            found[f"{name}.svg"] = plots.bars(title, groups, CONTENDERS)
    return found


def publish(report: Report) -> None:
    """Write the plots, and the tables between the marks of the page.

    Raises:
        ValueError: the figures are those of tiny sizes, or the page has lost its marks.
    """
    if report.made.get("sizes") != "full":
        raise ValueError("figures of tiny sizes tell nothing; measure without --small")
    drawn = pictures(report.measured)
    for name, svg in drawn.items():
        (_IMAGES / name).write_text(svg)
    page.write("suite", text(report, list(drawn)))


def _contenders(report: Report) -> str:
    rows = [["who", "versions", "settings", "what these promise", "how chains and joins are written"]]
    for name in CONTENDERS:
        if about := report.contenders.get(name):
            versions, settings = (
                ", ".join(f"{what} {value}" for what, value in about[part].items()) for part in ("versions", "settings")
            )
            rows.append([name, versions, settings, about["guarantee"], about["written"]])
    return table.markdown(rows)
