"""What is said about the settings of Redis."""

from typing import Any

import pytest

from exosphere_core.errors import ConfigurationError
from exosphere_core.store.durable import Safety
from exosphere_core.store.server_settings import ServerSettings, check_safety, findings

#: A server that loses nothing.
SAFE = ServerSettings(
    policy="noeviction",
    max_bytes=10**9,
    keeps_file=True,
    fsync="always",
    load_truncated="no",
    replicas=0,
    min_replicas="0",
)


def test_a_safe_server_gets_no_word() -> None:
    assert findings([SAFE], Safety()) == ([], [])


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        ({"policy": "allkeys-lru"}, "set maxmemory-policy noeviction"),
        ({"keeps_file": False}, "set appendonly yes"),
        ({"fsync": "no"}, "set appendfsync everysec or always"),
        ({"replicas": 1}, "set min-replicas-to-write 1"),
    ],
)
def test_what_can_lose_work_is_warned_of_with_the_fix(change: dict[str, Any], fix: str) -> None:
    found = findings([SAFE._replace(**change)], Safety())
    assert [fix in warning for warning in found.warnings] == [True]
    assert found.notes == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fsync": "everysec"}, "a power failure loses up to two seconds"),
        ({"load_truncated": "yes"}, "redis-check-aof --fix"),
        ({"max_bytes": 0}, "set maxmemory, or EXOSPHERE_MAX_MEMORY_BYTES"),
    ],
)
def test_what_one_should_know_is_noted(change: dict[str, Any], said: str) -> None:
    found = findings([SAFE._replace(**change)], Safety())
    assert found.warnings == []
    assert [said in note for note in found.notes] == [True]


def test_replicas_that_triggers_wait_for_and_that_are_not_there_are_warned_of() -> None:
    (warning,) = findings([SAFE._replace(replicas=1, min_replicas="1")], Safety(replicas=2)).warnings
    assert "1 of the 2 replicas" in warning


def test_a_server_that_tells_little_is_judged_by_what_it_tells() -> None:
    assert findings([SAFE._replace(fsync="", load_truncated="", min_replicas="")], Safety()) == ([], [])


def test_waiting_for_the_disk_of_a_server_that_can_not_is_refused() -> None:
    check_safety((7, 2, 0), [SAFE], Safety(fsync=True))
    check_safety((6, 2, 14), [SAFE], Safety(replicas=1))
    with pytest.raises(
        ConfigurationError, match=r"EXOSPHERE_TRIGGER_FSYNC needs Redis 7\.2 or later, and this one is 6\.2\.14"
    ):
        check_safety((6, 2, 14), [SAFE], Safety(fsync=True))
    with pytest.raises(ConfigurationError, match="set appendonly yes"):
        check_safety((7, 2, 0), [SAFE._replace(keeps_file=False)], Safety(fsync=True))
