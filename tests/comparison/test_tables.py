"""Tables and plots of the benchmark suite, and the marks of the page that takes them."""

from xml.etree import ElementTree

import pytest

from bench import page
from bench.suite import growth
from bench.suite.figures import Measured, Report, Spread
from bench.suite.plots import bars, lines
from bench.suite.publish import pictures, publish, text
from bench.suite.table import comparison, costs, failures, number, rows

SVG = "{http://www.w3.org/2000/svg}"
W1 = [
    Measured("W1", "exosphere", "everysec", figures={"per_s": 100.0, "redis µs": 40.0, "bytes": 900.0}),
    Measured("W1", "exosphere", "everysec", figures={"per_s": 300.0, "redis µs": 42.0, "bytes": 900.0}),
    Measured("W1", "exosphere", "everysec", figures={"per_s": 200.0, "redis µs": 44.0, "bytes": 900.0}),
    Measured("W1", "celery", "everysec", figures={"per_s": 50.0}),
]
W5 = [
    Measured("W5", "exosphere", "no", figures={"ms": 4.0, "p99_ms": 9.0}),
    Measured("W5", "arq", "no", figures={"ms": 2.0, "p99_ms": 18.0}),
]
W10 = [
    Measured("W10", "exosphere", "everysec", f"{states:,} states", {"per_s": 5.0, "memory_mb": states / 1e3})
    for states in (50_000, 100_000)
]


def cells(table: str, title: str) -> list[str]:
    """The cells of the row that begins so."""
    (row,) = [line for line in table.splitlines() if line.startswith(f"| {title}")]
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def test_a_cell_tells_the_median_the_spread_and_how_many_times_better_ours_is() -> None:
    _, durability, ours, celery = cells(comparison(W1), "W1 ")
    assert (durability, ours, celery) == ("everysec", "200 (100 to 300)", "50.0, 4.00×")


def test_a_ratio_of_times_is_turned_round_so_that_above_one_is_better_for_us() -> None:
    table = comparison(W5)
    assert cells(table, "W5 idle: from trigger to start, p50: ms |")[3] == "2.00, 0.50×"
    assert cells(table, "W5 idle: from trigger to start, p50: ms, p99")[3] == "18.0, 2.00×"


def test_only_those_who_were_measured_have_a_column_and_what_is_not_there_is_a_dash() -> None:
    table = comparison([*W1, *W5])
    assert cells(table, "what") == ["what", "durability", "exosphere", "celery", "arq"]
    assert cells(table, "W1 ")[-1] == "–"


def test_costs_are_told_of_those_who_have_them() -> None:
    table = costs(W1)
    assert cells(table, "W1 ")[2:4] == ["exosphere", "42.0"]
    assert "celery" not in table


def test_each_size_and_durability_has_a_row_in_the_order_of_workloads() -> None:
    found = [(row.workload, row.variant, row.metric.name) for row in rows([*W10, *W1])]
    assert found[0] == ("W1", "", "per_s")
    assert found[1:3] == [("W10", "50,000 states", "per_s"), ("W10", "50,000 states", "memory_mb")]


def test_what_failed_is_told_once() -> None:
    failed = [Measured("W6", "celery", "everysec", failed="not within 300 s")] * 2
    assert failures([*W1, *failed]) == ["W6 with everysec, celery: not within 300 s"]
    assert "- W6 with everysec, celery" in text(Report({}, {}, [*W1, *failed]))


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0"), (0.1234, "0.12"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")]
)
def test_a_number_has_three_digits_that_tell_something(value: float, told: str) -> None:
    assert number(value) == told


def test_a_plot_of_bars_is_well_formed_and_its_bars_are_as_long_as_their_values() -> None:
    groups = {"a < b": {"exosphere": Spread(4, 4, 4), "celery": Spread(1, 1, 1)}}
    svg = ElementTree.fromstring(bars("A & B", groups, ["exosphere", "celery"]))
    long, short = (float(bar.attrib["width"]) for bar in svg.iter(f"{SVG}rect"))
    assert long == pytest.approx(4 * short, rel=0.01)
    assert [node.text for node in svg.iter(f"{SVG}text")][:2] == ["A & B", "a < b"]


def test_a_plot_of_lines_has_a_line_for_each_series() -> None:
    svg = ElementTree.fromstring(
        lines("t", {"exosphere": [(0, 1), (5, 2)], "arq": [(0, 2)]}, "x", ["exosphere", "arq"])
    )
    axes, *drawn = svg.iter(f"{SVG}polyline")
    assert [len(line.attrib["points"].split()) for line in drawn] == [2, 1]
    assert len(axes.attrib["points"].split()) == 3


def test_a_plot_of_nothing_is_well_formed() -> None:
    for svg in (bars("t", {}, []), bars("t", {"": {"x": Spread(0, 0, 0)}}, []), lines("t", {}, "x", [])):
        ElementTree.fromstring(svg)


def test_every_workload_with_figures_gets_a_plot_and_growth_two() -> None:
    drawn = pictures([*W1, *W5, *W10])
    assert sorted(drawn) == ["bench-w1.svg", "bench-w10-memory_mb.svg", "bench-w10-per_s.svg", "bench-w5.svg"]
    for svg in drawn.values():
        ElementTree.fromstring(svg)


def test_growth_is_one_row_a_durability_that_sets_its_last_quarter_beside_the_first() -> None:
    speeds = [100.0, 100.0, 90.0, 80.0, 100.0, 100.0, 50.0, 40.0]
    backlogs = [
        Measured("W10", "exosphere", "no", f"{number * 50_000:,} states", {
            "per_s": speed, "memory_mb": 50.0 * number, "redis µs": 30.0, "state manager µs": 20.0, "worker µs": 10.0,
        })
        for number, speed in enumerate(speeds, 1)
    ]  # fmt: skip
    (setting, *told) = cells(growth.table([*W1, *reversed(backlogs)]), "exosphere, no")
    assert (setting, told) == (
        "exosphere, no",
        ["8", "95.0", "40.0", "100", "0.45", "30.0", "20.0", "10.0", "400"],
    )
    page_text = text(Report({}, {}, [*W1, *backlogs]))
    assert page_text.count("W10") == 1, "it is in no other table"


def test_text_between_marks_is_replaced_and_nothing_else() -> None:
    old = "a\n<!-- suite -->\nold\n<!-- /suite -->\nb\n<!-- figures -->\nc\n<!-- /figures -->\n"
    assert page.put(old, "suite", "new\n") == old.replace("old", "new")


@pytest.mark.parametrize("broken", ["", "<!-- suite -->", "<!-- /suite --> <!-- suite -->", "<!-- suite -->" * 2])
def test_a_page_without_its_marks_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="<!-- suite --> and <!-- /suite -->"):
        page.put(broken, "suite", "new")


def test_the_page_has_a_place_for_both_kinds_of_figures() -> None:
    written = page.PAGE.read_text()
    for mark in ("suite", "figures"):
        assert page.put(written, mark, "new") != written


def test_figures_of_tiny_sizes_are_not_published() -> None:
    before = page.PAGE.read_text()
    with pytest.raises(ValueError, match="without --small"):
        publish(Report({"sizes": "small"}, {}, W1))
    assert page.PAGE.read_text() == before
