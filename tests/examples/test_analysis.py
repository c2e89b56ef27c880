from pathlib import Path
from textwrap import dedent

import pytest

from examples.stdlib_report.analysis import ModuleFacts, analyse
from examples.stdlib_report.sources import find_sources, standard_library


def facts(source: str, module: str = "package.module", is_package: bool = False) -> ModuleFacts:
    return analyse(dedent(source).lstrip("\n").encode(), module, is_package)


def test_an_empty_file_holds_nothing() -> None:
    assert facts("") == ModuleFacts(0, 0, 0, 0, 0, "", ())


def test_lines_functions_and_classes_are_counted_wherever_they_are() -> None:
    counted = facts(
        """
        # a comment

        class Outer:
            class Inner:
                def method(self): ...

            async def other(self): ...

        def function():
            def nested(): ...
        """
    )
    assert (counted.lines, counted.functions, counted.classes) == (10, 4, 2)


@pytest.mark.parametrize(
    "body, complexity",
    [
        ("pass", 1),
        ("if a: pass", 2),
        ("if a: pass\n    elif b: pass\n    else: pass", 3),
        ("for a in b: pass", 2),
        ("while a: pass", 2),
        ("assert a", 2),
        ("return a if b else c", 2),
        ("return a and b and c or d", 4),
        ("return [a for a in b if a if c]", 4),
        ("try: pass\n    except A: pass\n    except B: pass", 3),
        ("match a:\n        case 1: pass\n        case _: pass", 3),
        ("with a: pass", 1),
        ("return lambda: a if b else c", 2),
    ],
)
def test_each_way_through_a_function_counts(body: str, complexity: int) -> None:
    counted = facts(f"def f():\n    {body}")
    assert (counted.peak, counted.complexity) == (complexity, complexity)


def test_a_nested_function_is_counted_by_itself() -> None:
    counted = facts(
        """
        def outer():
            if a: pass
            class Local:
                def inner(self):
                    if a: pass
                    if b: pass
        """
    )
    assert (counted.peak, counted.peak_function) == (3, "outer.Local.inner")
    assert counted.complexity == 2 + 3


def test_code_outside_of_functions_counts_without_the_one_for_a_function() -> None:
    counted = facts("if a: pass\nclass C:\n    if b: pass")
    assert (counted.complexity, counted.peak, counted.peak_function) == (2, 0, "")


def test_of_equally_complex_functions_the_first_is_named() -> None:
    assert facts("def first(): ...\ndef second(): ...").peak_function == "first"


def test_imports_are_absolute_and_sorted_and_there_once() -> None:
    imported = facts(
        """
        import os.path, sys as system
        from json import dumps
        from . import sibling
        from .near import thing
        from ..far import thing
        def f():
            import sys
        """,
        "top.middle.module",
    ).imports
    assert imported == ("json", "os.path", "sys", "top.far", "top.middle", "top.middle.near")


def test_a_package_imports_from_itself_with_one_dot() -> None:
    assert facts("from .near import a\nfrom . import b", "top.package", is_package=True).imports == (
        "top.package.near",
    )


def test_a_chain_of_branches_deeper_than_the_stack_is_counted() -> None:
    chain = "if a0: pass\n" + "".join(f"elif a{n}: pass\n" for n in range(1, 400))
    assert facts(chain).complexity == 400


@pytest.mark.parametrize("source", [b"def f(:", b"print 'old'", b"a = '\x00'"])
def test_what_is_no_python_is_refused(source: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        analyse(source, "bad", is_package=False)


def test_the_encoding_is_read_from_the_source() -> None:
    assert analyse("# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1"), "m", is_package=False).lines == 2


def test_modules_are_found_by_their_dotted_names_and_tests_are_left_out(tmp_path: Path) -> None:
    for name in (
        "alone.py",
        "package/__init__.py",
        "package/inner/deep.py",
        "package/tests/test_it.py",
        "test/support.py",
        "site-packages/installed.py",
        "config-3.11/generated.py",
        "__pycache__/alone.py",
        "package/data.txt",
        "not-importable.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_sources(tmp_path)
    assert [source.module for source in found] == ["alone", "package", "package.inner.deep"]
    assert found[1].path == tmp_path / "package/__init__.py"
    assert [source.module for source in find_sources(tmp_path, limit=2)] == ["alone", "package"]


def test_the_standard_library_of_this_machine_has_hundreds_of_modules() -> None:
    names = {source.module for source in find_sources(standard_library())}
    assert len(names) > 300
    assert {"ast", "asyncio", "asyncio.events", "json.decoder"} <= names
    assert not any("site-packages" in name or ".tests." in f".{name}." for name in names)


def test_a_module_of_the_standard_library_is_analysed() -> None:
    [source] = [source for source in find_sources(standard_library()) if source.module == "json.decoder"]
    counted = analyse(source.path.read_bytes(), source.module, is_package=False)
    assert counted.lines > 100
    assert counted.classes >= 2
    assert "re" in counted.imports
    assert counted.peak_function
