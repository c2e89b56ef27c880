"""docs/operations.md: what it computes with are the measured figures of docs/benchmarks.md, and it computes right."""

import re

import pytest

from pages.blocks import DOCS

PAGE = (DOCS / "operations.md").read_text(encoding="utf-8")
BENCHMARKS = (DOCS / "benchmarks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("on_the_page", "measured"),
    [
        (r"\| Redis \| (\d+) \|", r"\| CPU of the redis, µs per state \| (\d+)"),
        (r"\| state manager \| (\d+) \|", r"\| CPU of the state manager, µs per state \| (\d+)"),
        (r"\| worker, beside your node's own work \| (\d+) \|", r"\| CPU of the worker, µs per state \| (\d+)"),
        (r"\| a run of one state that waits \| ([\d,]+) \|", r"\| Redis memory per waiting run of one state, bytes \| ([\d,]+)"),
        (r"\| a state that has ended, .* \| ([\d,]+) \|", r"\| Redis memory per finished state, bytes \| ([\d,]+)"),
        (r"(\d+) µs a call over HTTP", r"\| triggers: CPU of the state manager, µs per call \| (\d+)"),
        (r"(\d+) µs a run in bulk calls", r"\| bulk triggers: CPU of the state manager, µs per run \| (\d+)"),
        (r"`(python -m bench\.details)` on ([\d-]+)", r"`(python -m bench\.details)` on ([\d-]+)"),
    ],
)  # fmt: skip
def test_a_figure_of_the_page_was_measured(on_the_page: str, measured: str) -> None:
    said, found = re.search(on_the_page, PAGE), re.search(measured, BENCHMARKS)
    assert said is not None
    assert found is not None
    assert said.groups() == found.groups()


def test_the_formulas_have_the_figures_of_the_table() -> None:
    table = re.findall(r"^\| (?:Redis|state manager|worker, .*) \| (\d+) \|$", PAGE, re.MULTILINE)
    redis, manager, worker = table
    assert f"*s* × {redis} µs" in PAGE
    assert f"*s* × {manager} µs" in PAGE
    assert f"*s* × ({worker} µs + CPU of your node)" in PAGE


def test_the_examples_are_computed_right() -> None:
    states = 20 * 50
    assert f"*s* is {states:,}" in PAGE
    assert f"1,000 × 2.07 ms = {states * (2000 + 68) / 1e6:.2f} cores" in PAGE
    assert f"slots 1,000 × 0.2 × 1.5 = {states * 0.2 * 1.5:.0f}" in PAGE
    assert f"1.5 million states × 1,567 bytes = {1.5e6 * (1067 + 500) / 1e9:.1f} GB" in PAGE
