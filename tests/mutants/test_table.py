"""Every mutant is still one: its old text stands in the tree exactly once, and its tests exist."""

import ast

import pytest

from mutants.campaign import ROOT, applied
from mutants.table import MUTANTS, Mutant


def test_there_are_at_least_twenty_breakages_and_no_two_of_one_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_breakage_can_still_be_made_and_leaves_a_program(mutant: Mutant) -> None:
    broken = applied((ROOT / mutant.file).read_text(), mutant)
    if mutant.file.endswith(".py"):
        ast.parse(broken)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_tests_that_must_notice_a_breakage_exist(mutant: Mutant) -> None:
    for test in mutant.tests:
        file, _, name = test.partition("::")
        text = (ROOT / file).read_text()
        assert not name or f"def {name.partition('[')[0]}(" in text


def test_a_breakage_whose_text_is_gone_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="mutant 'x': its old text stands 0 times in y"):
        applied("some text", Mutant("x", "y", "other", "", ()))
