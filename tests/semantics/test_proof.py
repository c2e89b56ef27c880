"""The proof can fail: an engine with a defect is told from the model, and the runner says how to see it again."""

import asyncio
import re
from pathlib import Path

import pytest
from redis.asyncio import Redis

from exosphere_core.store import scripts
from semantics import proof
from semantics.draws import tape_of
from semantics.drive import Mismatch, agree
from semantics.generate import random_scenario
from semantics.happenings import Lose

#: Which script is spoiled, and how: a report of an old attempt counts; a pruned branch counts as a failed one; a waiting
#: unite stays as it is after a manual retry; the store is not written.
DEFECTS = [
    ("lib/fence", r"record\[2\] == attempt", "true"),
    ("prune", r"'pruned'", "'errored'"),
    ("retry_by_hand", r"waits = [^,]+", "waits = false"),
    ("advance", r"redis\.call\('HSET', KEYS\[8\], ARGV\[write\], ARGV\[write \+ 1\]\)", ""),
]


@pytest.mark.parametrize("script, sound, spoiled", DEFECTS, ids=[defect[0] for defect in DEFECTS])
def test_a_defect_of_the_engine_is_found(
    script: str, sound: str, spoiled: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = scripts._read
    assert re.search(sound, read(script)), f"{script}.lua has changed: choose another defect"
    monkeypatch.setattr(
        scripts, "_read", lambda name: re.sub(sound, spoiled, read(name)) if name == script else read(name)
    )
    scripts.script.cache_clear()
    try:
        with pytest.raises(Mismatch, match=r"^after (event|the end)"):
            asyncio.run(play(redis_url, 500))
    finally:
        scripts.script.cache_clear()


async def play(redis_url: str, scenarios: int) -> None:
    async with Redis.from_url(redis_url) as redis:
        for seed in range(scenarios):
            await agree(redis, random_scenario(tape_of(seed)))


@pytest.mark.usefixtures("logging_comes_back")
def test_the_runner_tells_the_smallest_scenario_and_how_to_play_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["proof", "--case", "3"])
    assert proof.main() == 0
    assert "seed 3: model and engine agree" in capsys.readouterr().out
    monkeypatch.setattr("semantics.model.LOST_LEASES", 1)
    monkeypatch.setattr("sys.argv", ["proof", "--case", str(_with_lost_lease())])
    assert proof.main() == 1
    told = capsys.readouterr().out
    assert "Lose(label=" in told
    assert "model says" in told
    assert 'make proof ARGS="--case' in told


def _with_lost_lease() -> int:
    return next(
        seed for seed in range(500) if any(isinstance(event, Lose) for event in random_scenario(tape_of(seed)).events)
    )


def test_a_result_replaces_the_one_before_and_a_short_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "proof.md"
    page.write_text("before\n<!-- result -->\nold\n<!-- /result -->\nafter\n")
    monkeypatch.setattr(proof, "_PAGE", page)
    monkeypatch.setattr("sys.argv", ["proof", "--graphs", "4", "--processes", "2", "--seed", "7"])
    assert proof.main() == 0
    assert "| mismatches | 0 |" in capsys.readouterr().out
    assert "old" in page.read_text()
    monkeypatch.setattr(proof, "_ENOUGH", 4)
    assert proof.main() == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- result -->\n`make proof` on ")
    assert text.endswith("\n<!-- /result -->\nafter\n")
    assert "| seeds | 7 to 10 |" in text
    assert "old" not in text
