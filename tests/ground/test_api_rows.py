"""The rows of the HTTP API: each is whole, and no two are the same."""

import re

import pytest

from exosphere_core.api import ROWS, Row
from exosphere_core.errors import BY_STATUS

everyone = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])


def test_no_two_rows_have_one_name_or_one_address() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert len({(row.method, re.sub(r"\{\w+\}", "{}", row.path)) for row in ROWS}) == len(ROWS)


@everyone
def test_a_row_that_needs_a_key_is_under_the_version_and_the_others_are_not(row: Row) -> None:
    assert row.path.startswith("/v0/") == row.keyed


@everyone
def test_a_row_has_a_summary_and_errors_that_a_client_knows(row: Row) -> None:
    assert row.summary
    assert set(row.errors) <= set(BY_STATUS)
    assert not {401, 403, 503} & set(row.errors) or not row.keyed


@everyone
def test_a_read_has_no_body_and_may_be_repeated(row: Row) -> None:
    if row.method == "GET":
        assert row.request is None
        assert row.repeatable
