"""The report: one HTML page that needs nothing beside itself."""

from collections.abc import Iterable, Sequence
from typing import Final

from examples.stdlib_report.bars import Bar, bars
from examples.stdlib_report.markup import Markup, join, tag
from examples.stdlib_report.scatter import Point, scatter
from examples.stdlib_report.style import CSS
from examples.stdlib_report.survey import Library, Module
from examples.stdlib_report.wheel import wheel

#: The complexity of a module's most complex function up to which it is calm, and up to which it is busy.
_CALM: Final = 10
_BUSY: Final = 25


def report_html(library: Library) -> str:
    """Return the page."""
    title = f"The standard library of {library.python}"
    totals = library.totals()
    tiles = [
        (totals.modules, "modules"),
        (totals.lines, "lines"),
        (totals.functions, "functions"),
        (totals.classes, "classes"),
        (totals.complexity, "complexity in all"),
    ]
    body = tag(
        "main",
        tag("h1", title),
        tag("p", "Every module was parsed as a branch of its own; one node united the branches and drew this page."),
        tag(
            "div",
            *(tag("div", tag("b", f"{n:,}"), tag("span", what), class_="tile") for n, what in tiles),
            class_="tiles",
        ),
        _size_section(library),
        _modules_section(library),
        _functions_section(library),
        _imports_section(library),
        _packages_section(library),
        _all_modules_section(library),
        tag(
            "footer",
            "Complexity is McCabe's: one for each function, and one for each branch, loop, handler, condition and "
            "further operand of ‘and’ and ‘or’.",
        ),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang='en')}\n"


def band_of(peak: int) -> str:
    """Name the band of a module by the complexity of its most complex function."""
    if peak <= _CALM:
        return "calm"
    return "busy" if peak <= _BUSY else "hard"


def _section(heading: str, told: str, *content: str) -> Markup:
    return tag("section", tag("h2", heading), tag("p", told), *content)


def _size_section(library: Library) -> Markup:
    legend = [
        ("calm", f"most complex function up to {_CALM}"),
        ("busy", f"{_CALM + 1} to {_BUSY}"),
        ("hard", f"above {_BUSY}"),
    ]
    longest = sorted(library.modules, key=lambda module: -module.facts.lines)[:8]
    named = {*library.most_complex_modules(12), *library.most_complex_functions(5), *longest}
    points = [
        Point(module.name, module.facts.lines, module.facts.complexity, band_of(module.facts.peak), module in named)
        for module in library.most_complex_modules(len(library.modules))
    ]
    return _section(
        "Size and complexity",
        "A dot is a module. Both axes are logarithmic; point at a dot for its name.",
        tag("div", *(tag("span", tag("i", class_=band), text) for band, text in legend), class_="legend"),
        scatter(points, "lines", "complexity"),
    )


def _modules_section(library: Library) -> Markup:
    top = library.most_complex_modules(15)
    entries = [
        Bar(
            module.name,
            module.facts.complexity,
            f"in {module.facts.functions:,} functions, {module.facts.lines:,} lines",
            band_of(module.facts.peak),
        )
        for module in top
    ]
    return _section(
        "The most complex modules",
        "The sum over a module's functions and the code outside of them.",
        bars(entries, "The most complex modules"),
    )


def _functions_section(library: Library) -> Markup:
    entries = [
        Bar(module.facts.peak_function, module.facts.peak, f"in {module.name}", band_of(module.facts.peak))
        for module in library.most_complex_functions(15)
    ]
    return _section(
        "The most complex functions",
        "Of each module only the first; the number is how many ways lead through the function.",
        bars(entries, "The most complex functions"),
    )


def _imports_section(library: Library) -> Markup:
    return _section(
        "Who imports whom",
        "The packages that most modules of other packages import; the number is how many. "
        "Point at a package to see what it imports itself.",
        wheel(library.import_graph(32)),
    )


def _packages_section(library: Library) -> Markup:
    rows = [
        (each.package, *(f"{n:,}" for n in (each.modules, each.lines, each.functions, each.classes, each.complexity)))
        for each in library.packages()[:20]
    ]
    return _section(
        "The most complex packages",
        "Modules that are in no package count as one of their own.",
        _table(("package", "modules", "lines", "functions", "classes", "complexity"), rows),
    )


def _all_modules_section(library: Library) -> Markup:
    modules = sorted(library.modules, key=lambda module: module.name)
    unparsed = join(tag("p", "Not parsed, so pruned: " + ", ".join(library.unparsed) + ".")) if library.unparsed else ""
    return tag(
        "section",
        tag("h2", "All modules"),
        unparsed,
        tag("details", tag("summary", f"Show all {len(modules):,}"), _table(_COLUMNS, map(_row, modules))),
    )


_COLUMNS: Final = ("module", "lines", "functions", "classes", "complexity", "peak", "in")


def _row(module: Module) -> tuple[str, ...]:
    facts = module.facts
    numbers = (facts.lines, facts.functions, facts.classes, facts.complexity, facts.peak)
    return (module.name, *(f"{n:,}" for n in numbers), facts.peak_function)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    def cells(name: str, texts: Sequence[str]) -> Markup:
        return tag(
            "tr",
            *(
                tag(name, text, class_="text") if column == "in" else tag(name, text)
                for column, text in zip(columns, texts, strict=True)
            ),
        )

    table = tag("table", tag("thead", cells("th", columns)), tag("tbody", *(cells("td", row) for row in rows)))
    return tag("div", table, class_="table")
