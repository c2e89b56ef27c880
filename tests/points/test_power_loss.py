"""A sample of power losses: the append-only file torn at any byte, and whole plays that go on after it. `make points` tears more."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from points.power import PLAYED, Block, blocks_of_all, play_cut, power_points, torn
from points.power_server import AsDeployed, AsEmbedded, Bare

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Block]]:
    """What one call of each script writes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield blocks_of_all(tmp_path_factory.mktemp("r"), ["retry"])
        gc.collect()


def _cuts(block: Block, count: int) -> list[int]:
    size = len(block.written) - block.start
    return [block.start + 1 + n * (size - 1) // (count - 1) for n in range(count)]


@pytest.mark.parametrize("kind", [AsEmbedded, AsDeployed])
def test_a_torn_script_is_applied_whole_or_not_at_all_also_after_a_second_restart(
    blocks: dict[str, Block], tmp_path: Path, kind: type[Bare]
) -> None:
    server = kind(tmp_path / "s")
    try:
        for name in ("retry", "advance"):
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


@pytest.mark.parametrize("point", list(power_points(PLAYED[1:2], 4, seed=3)), ids=str)
def test_a_run_goes_on_to_its_end_after_a_power_loss(tmp_path: Path, point: tuple[str, int, bool, bool]) -> None:
    scene, at, always, survivors = point
    played, cut = play_cut(tmp_path, scene, at, always=always, survivors=survivors, seed=1)
    assert cut.happened
    assert played.violations == []
