"""A sample of power losses: the append-only file torn at any byte, and whole plays that go on after it. `make points` tears more."""

import gc
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from points.places import STRIDE, places
from points.power import Block, blocks_of_all, torn
from points.power_cut import AIMED, PLAYED, PowerPoint, play_cut, power_points
from points.power_server import AsDeployed, AsEmbedded, Bare

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

#: The power fails as large inputs are laid down for a unite, and as its state takes them over.
AIMED_POINTS = [point for point in power_points(list(AIMED), 2, seed=3) if isinstance(point.at, str)]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Block]]:
    """What one call of each script writes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield blocks_of_all(tmp_path_factory.mktemp("r"), ["retry", "unite over large inputs"])
        gc.collect()


def _cuts(block: Block, count: int) -> list[int]:
    return [block.start + 1 + n * (block.size - 1) // (count - 1) for n in range(count)]


@pytest.mark.parametrize("kind", [AsEmbedded, AsDeployed])
def test_a_torn_script_is_applied_whole_or_not_at_all_also_after_a_second_restart(
    blocks: dict[str, Block], tmp_path: Path, kind: type[Bare]
) -> None:
    server = kind(tmp_path / "s")
    try:
        for name in ("retry", "advance", "lay_down of large values", "join of large values"):
            assert [why for kept in _cuts(blocks[name], 6) if (why := torn(server, blocks[name], kept))] == []
    finally:
        server.kill()


def test_a_server_that_appends_to_a_torn_file_applies_half_a_script(blocks: dict[str, Block], tmp_path: Path) -> None:
    """So the test above looks at places where it matters how a server is started."""
    server = Bare(tmp_path / "s")
    try:
        assert any(torn(server, blocks["retry"], kept) for kept in _cuts(blocks["retry"], 6)[2:4])
    finally:
        server.kill()


def test_a_file_is_torn_at_every_byte_but_of_a_long_value_here_and_there() -> None:
    long = b"x" * 10_000
    frame, behind = b"*4\r\n$4\r\nHSET\r\n$1\r\nk\r\n$6\r\ninputs\r\n$10000\r\n", b"\r\n*1\r\n$4\r\nEXEC\r\n"
    written = frame + long + behind
    found = places(written, Random(1))
    near, far = len(frame) + STRIDE, len(frame) + len(long) - STRIDE
    assert [place for place in found if place < near] == list(range(1, near))
    assert [place for place in found if place >= far] == list(range(far, len(written) + 1))
    assert all(b - a == STRIDE for a, b in pairwise(place for place in found if near <= place < far))
    assert len(found) < 2 * STRIDE + len(frame) + len(behind) + len(long) / STRIDE + 2
    assert found == places(written, Random(1)) != places(written, Random(2))


@pytest.mark.parametrize("point", [*power_points(PLAYED[1:2], 4, seed=3), *AIMED_POINTS], ids=str)
def test_a_run_goes_on_to_its_end_after_a_power_loss(tmp_path: Path, point: PowerPoint) -> None:
    played, cut = play_cut(tmp_path, point)
    assert cut.happened
    assert played.violations == []
