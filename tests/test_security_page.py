"""docs/security.md: its table is that of the rows, and every attack on it is a test that exists."""

import ast
import re
from pathlib import Path

from api.security_page import roles_table

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text()


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_table_of_roles_is_that_of_the_rows() -> None:
    assert roles_table() in TEXT, "write it anew: python tests/api/security_page.py"


def test_every_attack_is_shown_by_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) > 20
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_every_attack_that_is_tried_is_on_the_page() -> None:
    path = "tests/api/test_attacks.py"
    assert {name for name in names_in(path) if f"`{path}::{name}`" not in TEXT} == set()
