"""What all tests share: a real Redis for the whole session, and processes that die with the driver."""

import ctypes
import gc
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from fast_lua import make_fast

#: Runs tests within tests, for what users' tests are given.
pytest_plugins = ["pytester"]


#: How logging was before a test.
_BEFORE = pytest.StashKey[dict[str, object]]()


def die_with_driver() -> None:
    """For `preexec_fn`: the child is killed when the test driver is, whatever kills it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def redis_server_binary() -> str:
    """The real server that the lanes run on: the one of the embedded default."""
    from exosphere_orchestrator.embedded.binary import find_server

    return str(find_server().path)


def answers(url: str) -> bool:
    """Whether a Redis answers; its socket is there a moment before it listens."""
    try:
        with Redis.from_url(url) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def pytest_configure() -> None:
    """The Lua of fakeredis is compiled once."""
    make_fast()


def pytest_collection_finish() -> None:
    """What was collected lives until the end: looking through it again and again took a tenth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note how logging is before a test; see `pytest_runtest_teardown`."""
    item.stash[_BEFORE] = _logging()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Whoever silences a logger for good silences it for other tests, too, in an order that nobody knows."""
    done = yield
    assert _logging() == item.stash[_BEFORE], "the test leaves logging otherwise than it found it"
    return done


@pytest.fixture
def logging_comes_back() -> Iterator[None]:
    """For what sets logging up as a process of its own does."""
    root, disabled = logging.root, logging.root.manager.disable
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.disable(disabled)


def _logging() -> dict[str, object]:
    """What keeps records from being seen."""
    loggers = {name: log for name, log in logging.root.manager.loggerDict.items() if isinstance(log, logging.Logger)}
    return {
        "root": (logging.root.level, logging.root.manager.disable),
        **{
            name: state
            for name, log in loggers.items()
            if name.startswith("exosphere") and (state := (log.level, log.propagate, log.disabled)) != (0, True, False)
        },
    }


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis for this worker of the test run; each test empties it."""
    folder = Path(tempfile.mkdtemp(prefix="exo-test-"))
    socket = folder / "redis.sock"
    server = subprocess.Popen(
        [
            redis_server_binary(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no",
            "--maxmemory-policy", "noeviction", "--dir", str(folder),
        ],
        stdout=subprocess.DEVNULL, preexec_fn=die_with_driver,
    )  # fmt: skip
    url = f"unix://{socket}"
    try:
        deadline = time.monotonic() + 20
        while not answers(url):
            assert server.poll() is None, "redis-server ended"
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.01)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    """A Redis in cluster mode for this worker of the test run; each test empties it."""
    from cluster_node import one_node_cluster

    with one_node_cluster() as url:
        yield url


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell exports must not decide a test."""
    for name in list(os.environ):
        if name.startswith("EXOSPHERE_") or name in ("STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY"):
            monkeypatch.delenv(name)
    # Nor what is kept in the developer's own settings.
    monkeypatch.setenv("EXOSPHERE_CONFIG_DIR", "/nonexistent")
    # Building takes a minute, and what these tests start shows nobody a page.
    monkeypatch.setenv("EXOSPHERE_BUILD_DASHBOARD", "0")
