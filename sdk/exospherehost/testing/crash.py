"""Plays a marked test again and again, each time with another fault, as one test with one result."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import pytest
from _pytest.runner import runtestprotocol

from exospherehost.testing.faults import KINDS, Plan, check_kinds, kind_of, meaning_of
from exospherehost.testing.kit import Kit

#: The option that has one fault alone played.
OPTION = "--exosphere-fault"


class Crash(NamedTuple):
    """What a mark `crash` asks for.

    Attributes:
        faults: ids of those that are named.
        kinds: of every step, these kinds of faults; none where faults are named.
        same_result: each run must end with the status, the outputs and the store that it has without the fault.
    """

    faults: tuple[str, ...]
    kinds: frozenset[str]
    same_result: bool


def crash_of(mark: pytest.Mark) -> Crash:
    """Read a mark.

    Raises:
        TypeError, ValueError: it can't be meant so.
    """
    return crash(*mark.args, **mark.kwargs)


def crash(
    *faults: str,
    every_step: bool = False,
    kinds: Sequence[str] = tuple(KINDS),
    without: Sequence[str] = (),
    same_result: bool = True,
) -> Crash:
    """Read what a mark is given.

    Args:
        faults: ids of faults, in place of `every_step`.
        every_step: strike every step with every kind of fault.
        kinds: only these kinds.
        without: not these kinds.
        same_result: False where outputs and store differ from run to run: then only the status must be the same.
    """
    check_kinds([kind_of(fault) for fault in faults])
    check_kinds(kinds)
    check_kinds(without)
    if every_step == bool(faults):
        raise ValueError('give either every_step=True or ids of faults, such as "pay#1:twice"')
    return Crash(faults, frozenset(kinds) - frozenset(without) if every_step else frozenset(), same_result)


class CrashPlay:
    """One play of a marked test.

    Attributes:
        kit: what the fixture gives.
    """

    def __init__(self, item: pytest.Item, crash: Crash, fault: str | None = None, clean: "CrashPlay | None" = None):
        self._item = item
        self._crash = crash
        self._clean = clean
        self.plan = Plan(fault)
        self.kit = Kit(self.plan, seed=item.nodeid)

    def verdict(self) -> str | None:
        """Judge what the test itself does not: the fault has struck, and every run ended as without it. None when it is so."""
        if not self.plan.met:
            return "the mark `crash` finds nothing to strike: run a graph or node by the fixture `exosphere`"
        if self._clean is None:
            return None
        if not self.plan.struck and not self._passed_by():
            may = ", ".join(self._clean.plan.met)
            return f"the fault {self.plan.fault!r} did not strike; those that may are {may}"
        runs, clean = self.kit.results, self._clean.kit.results
        if len(runs) != len(clean):
            return f"the test ran {len(runs)} graphs, and {len(clean)} without the fault"
        for number, (run, before) in enumerate(zip(runs, clean, strict=True), start=1):
            found = run.summary()
            for what, expected in before.summary().items():
                if found[what] != expected and (self._crash.same_result or what == "status"):
                    return (
                        f"run {number} ended otherwise than without the fault: {what}\n"
                        f"  without: {expected}\n  with:    {found[what]}"
                    )
        return None

    def _passed_by(self) -> bool:
        """Whether the fault was to strike before a line that was not executed: nobody knows that before."""
        fault = self.plan.fault
        asked = fault is None or self._item.config.getoption(OPTION) or fault in self._crash.faults
        return not asked and fault in self.plan.met and kind_of(str(fault)) == "died-at-line"

    def note(self) -> str:
        """Say which fault struck, and how it is played alone; nothing where none did."""
        fault = self.plan.fault
        return (
            ""
            if fault is None
            else f"fault {fault}: {meaning_of(fault)}\nto play it alone: {replay(self._item, fault)}"
        )


PLAY = pytest.StashKey[CrashPlay]()


def replay(item: pytest.Item, fault: str) -> str:
    """Return the command that plays one fault alone."""
    return f"pytest '{item.nodeid}' {OPTION} '{fault}'"


def play_item(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    """Play a marked test without faults, then with each of them.

    Returns:
        The reports of one play: of the first that failed, or of the one without faults.
    """
    mark = item.get_closest_marker("crash")
    assert mark is not None, "it is marked"
    crash = crash_of(mark)
    clean = CrashPlay(item, crash)
    shown = _played(item, clean)
    failures: list[tuple[str, list[pytest.TestReport]]] = []
    total = 0.0
    if all(report.outcome == "passed" for report in shown) and len(shown) == 3:
        faults = _faults(item, crash, clean)
        for fault in faults:
            reports = _played(item, CrashPlay(item, crash, fault, clean))
            total += sum(report.duration for report in reports)
            if any(report.outcome != "passed" for report in reports):
                failures.append((fault, reports))
            if item.session.shouldstop:
                break
        if failures:
            shown = failures[0][1]
            _tell(item, shown, [fault for fault, _ in failures], len(faults))
        shown[-1].duration += total
    _tear_down(item, nextitem, shown)
    return shown


def _faults(item: pytest.Item, crash: Crash, clean: CrashPlay) -> list[str]:
    alone = item.config.getoption(OPTION)
    if alone:
        return [alone]
    return [*crash.faults, *(fault for fault in clean.plan.met if kind_of(fault) in crash.kinds)]


def _played(item: pytest.Item, play: CrashPlay) -> list[pytest.TestReport]:
    item.stash[PLAY] = play
    # What earlier plays printed and logged is not shown with this one.
    item._report_sections.clear()
    # Its parent in place of the next test: what belongs to the test alone is torn down and set up anew for each play.
    return runtestprotocol(item, log=False, nextitem=cast(Any, item.parent))


def _tell(item: pytest.Item, shown: Sequence[pytest.TestReport], failed: Sequence[str], total: int) -> None:
    report = next(report for report in shown if report.outcome != "passed")
    lines = [f"The test fails with {len(failed)} of {total} faults:"]
    lines += [f"  {fault}  {meaning_of(fault)}" for fault in failed]
    lines.append(f"To play the first alone: {replay(item, failed[0])}")
    report.sections.append(("exosphere faults", "\n".join(lines)))


def _tear_down(item: pytest.Item, nextitem: pytest.Item | None, shown: list[pytest.TestReport]) -> None:
    """Tear down what the next test does not need."""
    session: Any = item.session
    call = pytest.CallInfo.from_call(lambda: session._setupstate.teardown_exact(nextitem), when="teardown")
    if call.excinfo is not None:
        shown[-1] = item.ihook.pytest_runtest_makereport(item=item, call=call)
