import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from examples.stdlib_report.analysis import ModuleFacts
from examples.stdlib_report.bars import Bar, bars, shortened
from examples.stdlib_report.markup import Markup, join, tag
from examples.stdlib_report.report import band_of, report_html
from examples.stdlib_report.scatter import Point, place_labels, scatter, ticks
from examples.stdlib_report.survey import ImportGraph, Library, Module
from examples.stdlib_report.wheel import wheel

EVIL = "<script>alert('&')</script>"


def module(name: str, lines: int = 10, complexity: int = 5, peak: int = 3, imports: tuple[str, ...] = ()) -> Module:
    return Module(name, ModuleFacts(lines, 2, 1, complexity, peak, f"{name}_f" if peak else "", imports))


LIBRARY = Library(
    "CPython 3.x",
    (
        module("os", 100, 50, 12, ("sys", "stat", "os.path", "__future__")),
        module("json", 10, 5, 3, ("json.decoder", "codecs")),
        module("json.decoder", 30, 20, 30, ("re", "json.scanner", "sys")),
        module("constants", 5, 0, 0),
    ),
    ("broken",),
)


class Page(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(name)
        if name != "meta":
            self.open.append(name)
        self.addresses += [str(value) for key, value in attributes if key in ("src", "href")]

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", EVIL, tag("b", "x"), title=EVIL) == (
        '<p title="&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;">'
        "&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;<b>x</b></p>"
    )
    assert isinstance(join("<", Markup("<i>")), Markup)


def test_attributes_get_the_names_and_numbers_of_svg() -> None:
    assert (
        tag("line", class_="a", stroke_width=1.0, x1=2.345678) == '<line class="a" stroke-width="1" x1="2.35"></line>'
    )
    assert 'viewBox="0 0 1 1"' in tag("svg", viewBox="0 0 1 1")


def test_totals_and_packages_are_sums() -> None:
    totals = LIBRARY.totals()
    assert (totals.modules, totals.lines, totals.complexity) == (4, 145, 75)
    assert [(each.package, each.modules, each.complexity) for each in LIBRARY.packages()] == [
        ("os", 1, 50),
        ("json", 2, 25),
        ("constants", 1, 0),
    ]


def test_the_most_complex_come_first() -> None:
    assert [each.name for each in LIBRARY.most_complex_modules(2)] == ["os", "json.decoder"]
    assert [each.name for each in LIBRARY.most_complex_functions(9)] == ["json.decoder", "os", "json"]


def test_the_import_graph_is_between_packages() -> None:
    graph = LIBRARY.import_graph(3)
    assert graph.importers == {"sys": 2, "codecs": 1, "re": 1}
    assert graph.edges == {}
    whole = LIBRARY.import_graph(99)
    assert "__future__" not in whole.importers
    assert "json" not in whole.importers  # only json itself imports it


def test_an_edge_counts_the_importing_modules() -> None:
    library = Library(
        "x", (module("a.one", imports=("b",)), module("a.two", imports=("b.c",)), module("b", imports=("a",)))
    )
    assert library.import_graph(9).edges == {("a", "b"): 2, ("b", "a"): 1}


def test_the_page_is_well_formed_and_needs_nothing_beside_itself() -> None:
    page = Page(report_html(LIBRARY))
    assert page.open == []
    assert page.tags.count("svg") == 4
    assert page.addresses == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)


def test_the_page_tells_totals_modules_and_what_was_pruned() -> None:
    page = Page(report_html(LIBRARY))
    for told in ("CPython 3.x", "145", "json.decoder_f", "json.decoder", "Not parsed, so pruned: broken."):
        assert told in page.text


def test_the_page_has_a_dark_look() -> None:
    assert "prefers-color-scheme: dark" in report_html(LIBRARY)


def test_no_name_can_bring_markup_into_the_page() -> None:
    evil = Module(EVIL, ModuleFacts(10, 1, 0, 30, 30, EVIL, (EVIL,)))
    html = report_html(Library(EVIL, (evil, module("a", imports=(EVIL, "b"))), (EVIL,)))
    assert "<script" not in html
    assert Page(html).text.count(EVIL) >= 5


def test_a_library_without_modules_is_a_page_too() -> None:
    assert Page(report_html(Library("x", ()))).open == []


def test_the_json_form_has_every_module() -> None:
    data = json.loads(json.dumps(LIBRARY.as_json()))
    assert data["totals"] == {"modules": 4, "lines": 145, "functions": 8, "classes": 4, "complexity": 75}
    assert data["unparsed"] == ["broken"]
    assert data["modules"][2] == {
        "module": "json.decoder",
        "lines": 30,
        "functions": 2,
        "classes": 1,
        "complexity": 20,
        "peak": 30,
        "peak_function": "json.decoder_f",
        "imports": ["re", "json.scanner", "sys"],
    }


@pytest.mark.parametrize("peak, band", [(0, "calm"), (10, "calm"), (11, "busy"), (25, "busy"), (26, "hard")])
def test_a_module_is_coloured_by_its_most_complex_function(peak: int, band: str) -> None:
    assert band_of(peak) == band


def test_a_dot_lies_where_its_values_are() -> None:
    points = [Point("big", 1000, 100, "hard", True), Point("none", 0, 0, "calm", False)]
    svg = ElementTree.fromstring(scatter(points, "lines", "complexity"))
    none, big = svg.findall("circle")  # the first point is drawn last, on top
    grid = svg.findall("line")
    assert float(none.attrib["cx"]) == float(grid[0].attrib["x1"])
    assert float(big.attrib["cx"]) > float(none.attrib["cx"])
    assert float(big.attrib["cy"]) < float(none.attrib["cy"])
    assert [text.text for text in svg.findall("text[@class='label']")] == ["big"]


def test_modules_without_any_complexity_can_be_drawn() -> None:
    assert scatter([Point("none", 0, 0, "calm", True)], "lines", "complexity").count("<circle") == 1


def test_ticks_are_nought_and_the_powers_of_ten() -> None:
    assert ticks(1500.0) == [0, 1, 10, 100, 1000]
    assert ticks(1) == [0, 1]


def test_a_label_that_has_no_room_is_left_out() -> None:
    placed = place_labels([("first", 400, 100), ("second", 402, 100), ("third", 404, 102)], right=900)
    assert [label for label, *_ in placed] == ["first", "second"]
    assert [begins for *_, begins in placed] == [False, True]


def test_the_longest_bar_belongs_to_the_highest_value() -> None:
    svg = ElementTree.fromstring(bars([Bar("a", 10, "of many", "calm"), Bar("b", 5, "", "busy")], "title"))
    first, second = (float(rect.attrib["width"]) for rect in svg.findall("rect"))
    assert first == pytest.approx(2 * second, rel=0.01)


def test_a_long_name_is_cut_in_its_middle() -> None:
    assert shortened("a_very_long_name_of_a_function", 11) == "a_ver…ction"
    assert shortened("short", 11) == "short"


def test_each_import_is_an_arc_of_the_package_that_imports() -> None:
    graph = ImportGraph({"sys": 4, "os": 1, "re": 1}, {("os", "sys"): 2, ("re", "sys"): 1, ("re", "os"): 1})
    spokes = ElementTree.fromstring(wheel(graph)).findall("g")
    assert [len(spoke.findall("path")) for spoke in spokes] == [0, 1, 2]
    assert spokes[2].findtext("title") == "re: imported by 1 modules of other packages; imports os, sys"
