"""Ids that are functions of their cause, and branches whose text order is their order."""

from itertools import groupby, product
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosphere_core.ids import (
    MAX_SHARDS,
    IdKind,
    branch_step,
    derived_id,
    member,
    new_run_id,
    run_id_for,
    shard_of,
    sortable,
)

shards = st.integers(0, MAX_SHARDS - 1)
counts = st.integers(0, 999_999_999)
steps = st.tuples(counts, st.integers(0, 1000))


@given(shards)
def test_a_run_id_is_a_uuid_of_its_own_that_names_its_shard(shard: int) -> None:
    run = new_run_id(shard)
    assert str(UUID(run)) == run
    assert shard_of(run) == shard
    assert new_run_id(shard) != run


@given(shards, st.lists(st.text(), min_size=1, max_size=3))
def test_the_same_cause_gives_the_same_run_id(shard: int, parts: list[str]) -> None:
    run = run_id_for(shard, *parts)
    assert run == run_id_for(shard, *parts)
    assert str(UUID(run)) == run
    assert shard_of(run) == shard
    assert run != run_id_for(shard, *parts, "more")


@given(shards, st.text(max_size=20))
def test_a_derived_id_is_a_function_of_its_cause_and_stays_in_its_shard(shard: int, what: str) -> None:
    run = run_id_for(shard, "some", "cause")
    state = derived_id("child", run, what)
    assert state == derived_id("child", run, what)
    assert shard_of(state) == shard
    assert shard_of(derived_id("retry", state)) == shard


def test_ids_of_different_causes_differ() -> None:
    sources = [run_id_for(0, "one"), run_id_for(0, "two")]
    kinds: tuple[IdKind, ...] = get_args(IdKind)
    ids = {derived_id(kind, source, what) for kind, source, what in product(kinds, sources, ("", "0", "1", "10"))}
    assert len(ids) == len(kinds) * len(sources) * 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "x" * 32,
        "0" * 31,
        "0" * 33,
        "0" * 36,
        "0" * 28 + "-001",
        "0" * 28 + "0x1f",
        "0" * 28 + "0_1f",
        "0" * 28 + " 01f",
        "0" * 31 + "\n",
        "A" * 32,
        "}:" + "0" * 30,
        "00000000-0000-0000-0000-00000000000g",
    ],
)
def test_text_that_is_no_id_names_no_shard(text: str) -> None:
    assert shard_of(text) is None


@given(counts, counts)
def test_numbers_are_spelled_so_that_text_order_is_number_order(one: int, other: int) -> None:
    assert (sortable(one) < sortable(other)) == (one < other)


@pytest.mark.parametrize("number", [-1, 1_000_000_000])
def test_a_number_that_would_sort_wrongly_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"{number} has no sortable spelling: it must be in 0 to 999999999"):
        sortable(number)


@given(st.lists(st.lists(steps, max_size=4), min_size=2, max_size=6))
def test_branches_sort_as_text_by_position_and_edge_outermost_first(paths: list[list[tuple[int, int]]]) -> None:
    def branch_of(path: list[tuple[int, int]]) -> str:
        branch = ""
        for position, edge in path:
            branch = branch_step(branch, position, edge)
        return branch

    assert sorted(paths, key=branch_of) == sorted(paths)


@given(st.lists(st.tuples(steps, counts), min_size=2, max_size=6, unique=True))
def test_the_members_of_a_unite_sort_in_branch_order_then_by_position(
    places: list[tuple[tuple[int, int], int]],
) -> None:
    def entry(place: tuple[tuple[int, int], int]) -> str:
        step, position = place
        return member("leaf", branch_step("", *step), position, f"{hash(place) & 0xFFFF:04x}")

    assert sorted(places, key=entry) == sorted(places)


@given(st.lists(st.tuples(st.sampled_from(["a", "a-b", "a_", "a0", "A", "ab"]), steps, counts), max_size=12))
def test_the_members_of_one_identifier_lie_together(places: list[tuple[str, tuple[int, int], int]]) -> None:
    entries = sorted(
        member(identifier, branch_step("", *step), position, "f" * 32) for identifier, step, position in places
    )
    met = [next(group) for _, group in groupby(entry.split("/")[0] for entry in entries)]
    assert len(met) == len(set(met))
