"""docs/troubleshooting.md: every message on it is one that the code says."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from pages.blocks import DOCS
from test_floors import SOURCES

PAGE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")

MESSAGES = re.findall(r"^### `(.+)`$", PAGE, re.MULTILINE)


def spelled(text: str) -> str:
    """A message with `…` for whatever differs from one to the next."""
    text = re.sub(r"%(?:\.\d)?[srdgi]", "…", text)
    return re.sub(r"…+", "…", re.sub(r"\s+", " ", text).replace("'…'", "…"))


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts of a file, with `…` for what is put in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def said() -> list[str]:
    """All that the code may say."""
    return [spelled(text) for path in SOURCES for text in texts(ast.parse(path.read_text(encoding="utf-8")))]


def test_the_page_has_messages_each_once() -> None:
    assert len(MESSAGES) == len(set(MESSAGES)) > 30


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_of_the_page_is_one_that_the_code_says(message: str) -> None:
    wanted = spelled(message)
    assert any(wanted in each for each in said()), f"nothing says: {message}"


def test_a_message_that_nobody_says_would_be_noticed() -> None:
    assert not any(spelled("graph '…' is on holiday") in each for each in said())


@pytest.mark.parametrize("setting", sorted(set(re.findall(r"`((?:EXOSPHERE|SECRETS|STATE)_[A-Z_]+)`", PAGE))))
def test_a_setting_that_the_page_names_exists(setting: str) -> None:
    assert f"`{setting}`" in (DOCS / "settings.md").read_text(encoding="utf-8")


def test_each_message_is_followed_by_what_to_do() -> None:
    for message, text in re.findall(r"^### `(.+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL):
        assert len(text.split()) > 8, message
