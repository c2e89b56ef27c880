"""Reports of the benchmark suite: statistics, ratios, saving and merging."""

from pathlib import Path

import pytest

from bench.suite.figures import Measured, Report, advantage, load, merged, percentile, spread


def report(*measured: Measured, machine: str = "m", day: str = "1") -> Report:
    names = {one.contender for one in measured}
    return Report({"machine": machine, "day": day}, {name: {"settings": {}} for name in names}, list(measured))


def fast(workload: str = "W1", contender: str = "exosphere", per_s: float = 10.0) -> Measured:
    return Measured(workload, contender, "everysec", figures={"per_s": per_s})


def test_a_spread_is_the_median_with_the_least_and_the_greatest() -> None:
    assert spread([9.0, 1.0, 2.0]) == (2.0, 1.0, 9.0)
    assert spread([1.0, 2.0]).middle == 1.5


@pytest.mark.parametrize(("percent", "expected"), [(50, 5), (99, 10), (90, 9), (1, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([3, 1, 2, 10, 9, 8, 7, 6, 5, 4], percent) == expected


def test_twice_as_fast_and_half_the_time_are_the_same_advantage() -> None:
    assert advantage(200.0, 100.0, more_is_better=True) == advantage(5.0, 10.0, more_is_better=False) == 2.0


def test_being_slower_is_an_advantage_below_one() -> None:
    assert advantage(50.0, 100.0, more_is_better=True) == 0.5


def test_a_saved_report_is_read_back_as_it_was(tmp_path: Path) -> None:
    whole = report(fast(), Measured("W6", "celery", "no", failed="not within 300 s"))
    whole.save(tmp_path / "r.json")
    assert load(tmp_path / "r.json") == whole


@pytest.mark.parametrize(
    "content", ["", "[]", '{"made": {}}', '{"made": {}, "contenders": {}, "measured": [{"x": 1}]}']
)
def test_a_file_that_is_no_report_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ValueError, match=r"r\.json holds no report"):
        load(tmp_path / "r.json")


def test_parts_of_a_long_run_make_one_report() -> None:
    whole = merged([report(fast("W1")), report(fast("W3", "celery"))])
    assert [(one.workload, one.contender) for one in whole.measured] == [("W1", "exosphere"), ("W3", "celery")]
    assert set(whole.contenders) == {"exosphere", "celery"}


def test_what_was_measured_again_takes_the_place_of_what_it_was() -> None:
    whole = merged([report(fast(per_s=1), fast(per_s=2), fast("W3")), report(fast(per_s=7), day="2")])
    assert [one.figures["per_s"] for one in whole.measured] == [10.0, 7.0]
    assert whole.made["day"] == "2"


def test_parts_of_different_machines_are_refused() -> None:
    with pytest.raises(ValueError, match="different machine: 'm' and 'other'"):
        merged([report(fast()), report(fast("W3"), machine="other")])
