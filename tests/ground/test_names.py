"""Names: what is allowed, and what is said about the rest."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosphere_core.names import MAX_NAME_LENGTH, identifier_error, name_error


@pytest.mark.parametrize("name", ["a", "_", "0", "my-graph", "v1.2_final", "a" * MAX_NAME_LENGTH])
def test_a_good_name_has_no_error(name: str) -> None:
    assert name_error("graph name", name) is None


@pytest.mark.parametrize(
    "name", ["a b", "a:b", "a/b", "{a}", "a*", "a\n", "-a", ".a", "é", "٣", "a" * (MAX_NAME_LENGTH + 1), "a\0"]
)
def test_a_name_that_could_disturb_a_key_a_url_or_a_log_line_is_refused_by_name(name: str) -> None:
    error = name_error("graph name", name)
    assert error is not None
    shown = name if len(name) <= 60 else name[:60] + "…"
    assert error.startswith(f"graph name {shown!r} is not allowed: use 1 to 128 of letters, digits, '_', '.' and '-'")
    assert "\n" not in error


@pytest.mark.parametrize("name", ["", "  ", "\t"])
def test_an_empty_name_is_called_empty(name: str) -> None:
    assert name_error("namespace", name) == "namespace is empty"


def test_a_name_that_is_no_text_is_told_its_type() -> None:
    assert name_error("namespace", 7) == "namespace must be text, not int"


def test_an_identifier_holds_no_dot_because_a_placeholder_ends_there() -> None:
    assert name_error("node name", "a.b") is None
    assert identifier_error("identifier", "a.b") == (
        "identifier 'a.b' is not allowed: use 1 to 128 of letters, digits, '_' and '-', "
        "beginning with a letter, digit or '_'"
    )


@given(st.text(max_size=140))
def test_whatever_is_allowed_is_made_of_nothing_but_the_allowed_characters(text: str) -> None:
    if name_error("name", text) is None:
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", text)
        assert len(text) <= MAX_NAME_LENGTH
