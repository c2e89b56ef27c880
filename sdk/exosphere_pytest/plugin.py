"""The plugin of pytest: the fixture `exosphere` and the mark `crash`. What they need is imported when they are used."""

from collections.abc import Generator
from typing import Any

import pytest

_MARK = (
    "crash(*faults, every_step=False, kinds=..., without=(), same_result=True): play the test again with each fault: "
    "deliveries executed twice, late reports, workers and state managers that die at every step"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("exosphere", "Exosphere: faults of tests that have the mark `crash`")
    group.addoption(
        "--exosphere-fault", metavar="FAULT", default=None, help="play this fault alone, such as pay#1:twice"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARK)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if mark := item.get_closest_marker("crash"):
            from exospherehost.testing.crash import crash_of

            try:
                crash_of(mark)
            except (TypeError, ValueError) as wrong:
                raise pytest.UsageError(f"{item.nodeid}: mark crash: {wrong}") from None


@pytest.fixture
def exosphere(request: pytest.FixtureRequest) -> Any:
    """A `Kit` that runs nodes and graphs: `run_node(…)`, `run_graph(…)`. Under the mark `crash` faults strike them."""
    from exospherehost.testing.crash import PLAY
    from exospherehost.testing.kit import Kit

    play = request.node.stash.get(PLAY, None)
    return Kit() if play is None else play.kit


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if item.get_closest_marker("crash") is None:
        return None
    from exospherehost.testing.crash import play_item

    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in play_item(item, nextitem):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    if item.get_closest_marker("crash") is None:
        yield
        return
    from exospherehost.testing.crash import PLAY

    play = item.stash[PLAY]
    note = play.note()
    try:
        yield
    except BaseException as failure:
        if note:
            failure.add_note(note)
        raise
    if verdict := play.verdict():
        pytest.fail(f"{verdict}\n{note}".rstrip(), pytrace=False)
