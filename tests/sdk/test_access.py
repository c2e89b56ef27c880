import asyncio
import socket
from functools import partial

import pytest

from exosphere_core.access import read_access
from exosphere_core.client import ApiClient
from exospherehost import StateManager
from exospherehost.errors import Unavailable

SECRET = "s3cr3t-key"


def test_arguments_win_over_the_environment() -> None:
    environ = {"EXOSPHERE_STATE_MANAGER_URI": "http://other:1", "EXOSPHERE_API_KEY": "other"}
    access = read_access("http://here:8000", "mine", environ)
    assert (access.uri, access.key) == ("http://here:8000", "mine")
    access = read_access(None, None, environ)
    assert (access.uri, access.key) == ("http://other:1", "other")


def test_a_manager_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", "http://localhost:8000")
    monkeypatch.setenv("EXOSPHERE_API_KEY", SECRET)
    assert "http://localhost:8000" in repr(StateManager("demo"))


def test_everything_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXOSPHERE_STATE_MANAGER_URI", raising=False)
    monkeypatch.delenv("EXOSPHERE_API_KEY", raising=False)
    with pytest.raises(ValueError) as refused:
        StateManager("demo")
    assert "EXOSPHERE_STATE_MANAGER_URI" in str(refused.value)
    assert "EXOSPHERE_API_KEY" in str(refused.value)


@pytest.mark.parametrize(
    "uri", ["localhost:8000", "ftp://host", "http://", "http://host:notaport", "/path", "http://me:pw-1@host"]
)
def test_an_address_that_cannot_be_called_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="state_manager_uri") as refused:
        StateManager("demo", uri, SECRET)
    assert "pw-1" not in str(refused.value)


@pytest.mark.parametrize("key", [f"{SECRET}\n", f" {SECRET}", f"{SECRET}\x00", f"{SECRET}é"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="EXOSPHERE_API_KEY") as refused:
        StateManager("demo", "http://localhost:8000", key)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("namespace", ["", "  ", "a/b", "a:b", "{a}"])
def test_a_namespace_that_is_no_name_is_refused(namespace: str) -> None:
    with pytest.raises(ValueError, match="namespace"):
        StateManager(namespace, "http://localhost:8000", SECRET)


def test_an_unknown_version_of_the_api_is_refused() -> None:
    with pytest.raises(ValueError, match="'v9' is not known; use 'v0'"):
        StateManager("demo", "http://localhost:8000", SECRET, state_manager_version="v9")


def test_the_key_is_in_no_repr_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exospherehost.clients.ApiClient", partial(ApiClient, timeout_s=0.2))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: every connection is refused
        manager = StateManager("demo", f"http://127.0.0.1:{taken.getsockname()[1]}", SECRET)
        with pytest.raises(Unavailable, match="can't be reached") as lost:
            asyncio.run(manager.get_graph("flow"))
    for text in (repr(manager), str(manager), repr(lost.value), repr(read_access("http://h", SECRET))):
        assert SECRET not in text
