"""Making a runtime: everything that is wrong is told at once, before anything is asked of anybody."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from exosphere_worker.node import BaseNode
from exosphere_worker.runtime import Runtime


class Good(BaseNode):
    async def execute(self) -> None: ...


class Bad(BaseNode):
    class Outputs(BaseModel):
        count: int

    async def execute(self) -> None: ...


def made(**changed: Any) -> Runtime:
    arguments: dict[str, Any] = {
        "namespace": "ns", "name": "rt", "nodes": [Good], "state_manager_uri": "http://127.0.0.1:9", "key": "k",
    }  # fmt: skip
    return Runtime(**{**arguments, **changed})


def errors_of(**changed: Any) -> list[str]:
    with pytest.raises(ValueError) as refused:
        made(**changed)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"namespace": ""}, "namespace is empty"),
        ({"namespace": None}, "namespace must be text, not NoneType"),
        ({"namespace": "a:b"}, "namespace 'a:b' is not allowed"),
        ({"name": " "}, "runtime name is empty"),
        ({"state_manager_uri": None}, "state_manager_uri is missing: pass it or set EXOSPHERE_STATE_MANAGER_URI"),
        ({"key": None}, "key is missing: pass it or set EXOSPHERE_API_KEY"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ({"batch_size": "16"}, "batch_size must be a whole number of at least 1, not '16'"),
        ({"workers": -1}, "workers must be a whole number of at least 1, not -1"),
        ({"workers": 1.5}, "workers must be a whole number of at least 1, not 1.5"),
        ({"poll_interval": 0}, "poll_interval must be a number of s that is more than 0, not 0"),
        ({"poll_interval": "1"}, "poll_interval must be a number of s that is more than 0, not '1'"),
        ({"state_manage_version": "v1"}, "state_manage_version 'v1' is unknown; this runtime speaks 'v0'"),
        ({"state_manager_version": "v9"}, "state_manage_version 'v9' is unknown; this runtime speaks 'v0'"),
        ({"nodes": []}, "nodes must be a list of at least one subclass of BaseNode"),
        ({"nodes": Good}, "nodes must be a list of at least one subclass of BaseNode"),
        ({"nodes": "Good"}, "nodes must be a list of at least one subclass of BaseNode"),
        ({"nodes": [Good()]}, "is not a node: it must be a subclass of BaseNode"),
        ({"nodes": [Good, Good]}, "node 'Good' is given 2 times"),
        ({"nodes": [Bad]}, "node 'Bad': Outputs.count is int; all fields must be str"),
    ],
)
def test_a_wrong_argument_is_named_with_the_fix(changed: dict[str, Any], error: str) -> None:
    (line,) = errors_of(**changed)
    assert error in line


def test_all_that_is_wrong_is_told_at_once() -> None:
    lines = errors_of(namespace="", name="", key=None, batch_size=0, workers=0, poll_interval=-1, nodes=[Bad, Bad, 5])
    assert [line.split()[0] for line in lines] == [
        "namespace", "runtime", "key", "batch_size", "workers", "poll_interval", "node", "node", "5", "node",
    ]  # fmt: skip


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("EXOSPHERE_API_KEY", "k")
    assert made(state_manager_uri=None, key=None).namespace == "ns"


def test_inside_a_running_loop_start_returns_a_task_at_once() -> None:
    async def scene() -> None:
        task = made().start()
        assert isinstance(task, asyncio.Task)
        assert not task.done()
        # Nobody listens at its address: it goes on trying until it is cancelled.
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())
