"""docs/semantics.md: its rules are those of the table of tests, its examples are what it says they are."""

import ast
import asyncio
import inspect
import json
import re
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any
from xml.etree import ElementTree

import fakeredis
import pytest

from engine.world import Lane, Pruned, World, one
from exosphere_core import api
from exosphere_core.api import NodeBody
from exosphere_orchestrator.catalog import graphs, nodes
from exosphere_orchestrator.vault import Vault, new_key
from exosphere_worker.node import BaseNode, node_errors, secret_names
from exosphere_worker.outcome import Succeeded
from exospherehost import StateManager
from semantics.broken_rules import AGAINST_THE_REGISTRY, STRUCTURAL

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
TEXT = (DOCS / "semantics.md").read_text()
TABLE = (DOCS / "semantics-tests.md").read_text()

BROKEN = {**STRUCTURAL, **AGAINST_THE_REGISTRY}


def blocks(kind: str) -> list[str]:
    """The code blocks of the page that are marked so."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def rules_of_the_text() -> list[str]:
    return re.findall(r"\*\*([A-Z]\d+)\*\*", TEXT)


def rows_of_the_table() -> dict[str, str]:
    """Rule → the cell with its tests."""
    rows = re.findall(r"^\| ([A-Z]\d+) \| [^|]+ \| (.+) \|$", TABLE, re.MULTILINE)
    assert len(dict(rows)) == len(rows), "a rule has two rows"
    return dict(rows)


@cache
def functions_of(path: str) -> set[str]:
    """The test functions of a file."""
    tree = ast.parse((ROOT / path).read_text())
    functions = [item for item in tree.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {function.name for function in functions if function.name.startswith("test_")}


def test_each_rule_of_the_text_is_in_the_table_and_the_other_way_round() -> None:
    assert list(rows_of_the_table()) == sorted(rules_of_the_text(), key=rules_of_the_text().index)
    assert len(set(rules_of_the_text())) == len(rules_of_the_text()), "a number is given twice"


def test_numbers_grow_within_their_letter() -> None:
    for letter in {rule[0] for rule in rules_of_the_text()} - {"V"}:
        numbers = [int(rule[1:]) for rule in rules_of_the_text() if rule[0] == letter]
        assert numbers == list(range(1, len(numbers) + 1)), letter


def test_every_test_of_the_table_exists() -> None:
    for rule, cell in rows_of_the_table().items():
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)(?:\[(\w+)\])?`", cell)
        assert len(named) == cell.count("`") / 2 > 0, f"{rule}: {cell}"
        for path, test, case in named:
            assert test in functions_of(path), f"{rule}: {path} has no {test}"
            assert case in ("", rule)


def test_every_test_that_was_written_for_a_rule_is_in_the_table() -> None:
    for path in (ROOT / "tests/semantics").glob("test_rules_*.py"):
        for test in functions_of(f"tests/semantics/{path.name}"):
            assert f"`tests/semantics/{path.name}::{test}" in TABLE, test


def test_every_rule_of_validation_shows_the_message_that_its_test_sees() -> None:
    shown = dict(re.findall(r"^\| \*\*(V\d+)\*\* \| [^|]+ \| `(.+)` \|$", TEXT, re.MULTILINE))
    assert shown == {rule: broken.error for rule, broken in BROKEN.items()}


# The examples.


def page_nodes() -> dict[str, type[BaseNode]]:
    """The node classes of the page."""
    space: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "semantics.md", "exec"), space)
    return {
        name: item
        for name, item in space.items()
        if isinstance(item, type) and issubclass(item, BaseNode) and item is not BaseNode
    }


def test_the_nodes_of_the_page_are_nodes() -> None:
    assert set(page_nodes()) == {"Load", "Work", "Sum", "Audit", "AwaitExport", "Charge"}
    for node in page_nodes().values():
        assert node_errors(node) == []


@pytest.mark.parametrize("block", blocks("json graph"))
def test_the_graphs_of_the_page_are_valid_with_its_nodes(block: str) -> None:
    async def scene() -> None:
        redis = fakeredis.FakeAsyncRedis()
        await redis.flushall()
        registered = [
            NodeBody(
                name=name,
                inputs_schema=node.Inputs.model_json_schema(),
                outputs_schema=node.Outputs.model_json_schema(),
                secrets=secret_names(node),
            )
            for name, node in page_nodes().items()
        ]
        await nodes.register(redis, "shop", "rt", registered, 1)
        body = api.UpsertGraphRequest.model_validate_json(block)
        stored = await graphs.upsert(
            redis, Vault(new_key()), "shop", "g", body.model_dump(exclude={"secrets"}), body.secrets, 100
        )
        assert (stored.head.validation_status, stored.head.validation_errors) == ("VALID", [])
        await redis.aclose()

    asyncio.run(scene())


def test_the_bodies_of_the_page_are_those_of_the_calls() -> None:
    (trigger,), (rerun,) = blocks("json trigger"), blocks("json rerun")
    assert api.TriggerRequest.model_validate_json(trigger).model_dump(exclude_unset=True) == json.loads(trigger)
    assert api.RerunRequest.model_validate_json(rerun).model_dump(exclude_unset=True) == json.loads(rerun)
    assert len(re.findall(r"^```json", TEXT, re.MULTILINE)) == 2 + len(blocks("json graph"))


def test_the_calls_of_the_page_are_those_of_the_client() -> None:
    for block in blocks("python client"):
        code = compile(block, "semantics.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        assert isinstance(code, CodeType)
        for call in [item for item in ast.walk(ast.parse(block)) if isinstance(item, ast.Call)]:
            if isinstance(call.func, ast.Attribute):
                method = inspect.signature(getattr(StateManager, call.func.attr))
                method.bind(None, *call.args, **{word.arg or "": word.value for word in call.keywords})


def test_the_links_of_the_pages_lead_somewhere() -> None:
    for page in (TEXT, TABLE):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page):
            assert (DOCS / target).exists(), target
        for anchor in re.findall(r"\]\((?:semantics\.md)?#([^)]+)\)", page):
            headings = [heading.lower().replace(" ", "-") for heading in re.findall(r"^##+ (.+)$", TEXT, re.MULTILINE)]
            assert anchor in headings


# The pictures.


def test_a_picture_has_a_title_and_colours_for_light_and_dark() -> None:
    pictures = re.findall(r"\]\((images/[\w-]+\.svg)\)", TEXT)
    drawn_by_hand = {path for path in (DOCS / "images").glob("*.svg") if not path.name.startswith("bench-")}
    assert {DOCS / name for name in pictures} == drawn_by_hand
    for name in pictures:
        drawn = (DOCS / name).read_text()
        assert ElementTree.fromstring(drawn).find("{http://www.w3.org/2000/svg}title") is not None
        assert "prefers-color-scheme: dark" in drawn


def drawn_graph(number: int) -> list[dict[str, Any]]:
    """A graph of the page, with nodes that a test plays."""
    declared: list[dict[str, Any]] = json.loads(blocks("json graph")[number])["nodes"]
    return [{**node, "namespace": "ns", "node_name": node["identifier"].upper()} for node in declared]


def items(*values: str) -> Succeeded:
    return Succeeded([{"item": value} for value in values], fanned_out=True)


def test_a_fan_out_and_its_unite_come_out_as_they_are_drawn() -> None:
    async def scene(world: World) -> None:
        await world.graph(*drawn_graph(0), store_config={"required_keys": ["day"]})
        await world.trigger(store={"day": "Monday"})
        await world.do("load", items("a", "b", "c"))
        first, second, third = await world.take("work")
        await world.report(second, Pruned({}))
        await world.report(third, one(value="C"))
        await world.report(first, one(value="A"))
        assert (await world.state("all")).inputs == {"title": "Orders of Monday", "values": '["A","C"]'}
        assert (await world.statuses())["audit"] == ["CREATED"] * 3

    Lane("fakeredis", None).run(scene)


def test_nested_unites_come_out_as_they_are_drawn() -> None:
    async def scene(world: World) -> None:
        await world.graph(*drawn_graph(1))
        await world.trigger()
        await world.do("orders", items("1", "2"))
        for held, lines in zip(await world.take("lines"), (("x", "y"), ("z",)), strict=True):
            await world.report(held, items(*lines))
        for held, price in zip(await world.take("price"), ("10", "5", "7"), strict=True):
            await world.report(held, one(value=price))
        totals = await world.take("total")
        assert [json.loads(held.inputs)["values"] for held in totals] == ['["10","5"]', '["7"]']
        for held, total in zip(totals, ("15", "7"), strict=True):
            await world.report(held, one(value=total))
        assert (await world.state("report")).inputs == {"values": '["15","7"]'}

    Lane("fakeredis", None).run(scene)
