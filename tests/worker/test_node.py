"""What is checked about a node class, and the store as a node sees it."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from exosphere_worker.node import BaseNode, Store, node_errors, runs_in_thread, secret_names


class Good(BaseNode):
    class Inputs(BaseModel):
        name: str

    class Secrets(BaseModel):
        api_key: str

    async def execute(self) -> None: ...


class Counting(BaseNode):
    class Inputs(BaseModel):
        count: int

    async def execute(self) -> None: ...


class AllWrong(BaseNode):
    class Inputs(BaseModel):
        maybe: str | None
        many: list[str]

    class Outputs(BaseModel):
        ratio: float

    class Secrets(BaseModel):
        anything: Any

    def execute(self) -> None: ...


class Idle(BaseNode):
    class Inputs(BaseModel):
        name: bytes


class Plain(BaseNode):
    class Inputs:
        name: str

    Outputs: Any = "text"

    async def execute(self) -> None: ...


class Größe(BaseNode):
    async def execute(self) -> None: ...


def test_a_good_node_has_no_errors() -> None:
    assert node_errors(Good) == []
    assert secret_names(Good) == ["api_key"]


def test_an_error_names_node_model_field_and_type() -> None:
    assert node_errors(Counting) == ["node 'Counting': Inputs.count is int; all fields must be str"]


def test_all_errors_of_a_node_are_told_at_once() -> None:
    assert node_errors(AllWrong) == [
        "node 'AllWrong': Inputs.maybe is str | None; all fields must be str",
        "node 'AllWrong': Inputs.many is list[str]; all fields must be str",
        "node 'AllWrong': Outputs.ratio is float; all fields must be str",
        "node 'AllWrong': Secrets.anything is Any; all fields must be str",
    ]


def test_a_node_without_execute_is_told_so_beside_its_fields() -> None:
    assert node_errors(Idle) == [
        "node 'Idle' has no execute method",
        "node 'Idle': Inputs.name is bytes; all fields must be str",
    ]


def test_models_that_are_no_models_are_named() -> None:
    inputs, outputs = node_errors(Plain)
    assert inputs.startswith("node 'Plain': Inputs must be a pydantic BaseModel class, not <class ")
    assert outputs == "node 'Plain': Outputs must be a pydantic BaseModel class, not 'text'"


@pytest.mark.parametrize("thing", [Good(), str, "Good", None])
def test_what_is_no_node_class_is_refused(thing: object) -> None:
    assert node_errors(thing) == [f"{thing!r} is not a node: it must be a subclass of BaseNode"]


def test_a_class_name_that_could_not_be_part_of_a_key_is_refused() -> None:
    (error,) = node_errors(Größe)
    assert error.startswith("node name 'Größe' is not allowed")


def test_only_a_plain_execute_runs_in_a_thread() -> None:
    assert not runs_in_thread(Good)
    assert runs_in_thread(AllWrong)


class Stored:
    """A run's store on the other side."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked: list[str] = []

    async def read(self, key: str) -> str | None:
        self.asked.append(key)
        return self.values.get(key)


def test_a_node_reads_its_own_writes_and_asks_for_the_rest() -> None:
    async def scene() -> None:
        run = Stored(cursor="1", other="o")
        store = Store(run.read)
        assert await store.get("cursor") == "1"
        store.set("cursor", "2")
        store.set("cursor", "3")
        assert await store.get("cursor") == "3"
        assert await store.get("other") == "o"
        assert await store.get("nothing") is None
        assert run.asked == ["cursor", "other", "nothing"]
        assert run.values == {"cursor": "1", "other": "o"}
        assert store.writes == {"cursor": "3"}

    asyncio.run(scene())


@pytest.mark.parametrize("value", [1, None, b"x", ["x"]])
def test_a_value_that_is_no_text_is_refused_with_key_and_type(value: Any) -> None:
    store = Store(Stored().read)
    with pytest.raises(TypeError, match=f"store key 'k': the value must be str, not {type(value).__name__}"):
        store.set("k", value)
    assert store.writes == {}


def test_a_value_that_utf_8_can_not_spell_is_refused() -> None:
    store = Store(Stored().read)
    with pytest.raises(ValueError, match="store key 'k': the value holds half a character"):
        store.set("k", "\ud800")
    assert store.writes == {}


@pytest.mark.parametrize("key", ["", " ", "a.b", "a:b", "-a", "x" * 129, 5])
def test_a_key_that_no_placeholder_could_name_is_refused(key: Any) -> None:
    async def scene() -> None:
        store = Store(Stored().read)
        with pytest.raises(ValueError, match="store key"):
            store.set(key, "v")
        with pytest.raises(ValueError, match="store key"):
            await store.get(key)

    asyncio.run(scene())
