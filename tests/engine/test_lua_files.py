"""One Lua file is one move, and its header tells the truth about its body."""

import re
from importlib.resources import files

import pytest

from exosphere_core.store.scripts import script, script_names

FOLDER = files("exosphere_core.store").joinpath("lua")
PIECES = sorted(entry.name for entry in FOLDER.joinpath("lib").iterdir() if entry.name.endswith(".lua"))


def parts(name: str) -> tuple[list[str], str]:
    """The header's lines, and the body."""
    lines = FOLDER.joinpath(f"{name}.lua").read_text().splitlines()
    header = [line for line in lines if line.startswith("--")]
    return header, "\n".join(line for line in lines if not line.strip().startswith("--"))


def slots(header: list[str], kind: str) -> tuple[set[int], int | None]:
    """The slots that a header names, and from which on there may be any number."""
    named: set[int] = set()
    open_from = None
    for line in header:
        if match := re.match(rf"-- {kind}\[(\d+)\] ", line):
            number = int(match[1])
            named.add(number)
            if "from here on" in line or "follow" in line:
                open_from = number
    return named, open_from


@pytest.mark.parametrize("name", script_names())
def test_the_header_names_the_move_and_what_it_returns(name: str) -> None:
    header, _ = parts(name)
    assert header[0].startswith(f"-- {name}: ")
    assert any(line.startswith("-- returns ") for line in header)


@pytest.mark.parametrize("kind", ["KEYS", "ARGV"])
@pytest.mark.parametrize("name", script_names())
def test_the_header_names_every_slot_that_the_body_uses_and_no_other(name: str, kind: str) -> None:
    header, body = parts(name)
    named, open_from = slots(header, kind)
    used = {int(number) for number in re.findall(rf"{kind}\[(\d+)\]", body)}
    assert named == set(range(1, len(named) + 1))
    unused = named - used
    if open_from is None:
        assert used <= named
    else:
        # From here on slots are reached by a computed position.
        unused = {number for number in unused if number < open_from}
    assert unused == set()


@pytest.mark.parametrize("name", script_names())
def test_every_key_has_a_redis_type_in_the_header(name: str) -> None:
    header, _ = parts(name)
    for line in header:
        if line.startswith("-- KEYS") and "from here on" not in line:
            assert re.match(r"-- KEYS\[\d+\] +(hash|list|set|zset|stream) ", line), line


@pytest.mark.parametrize("name", script_names())
def test_a_script_uses_exactly_the_pieces_that_it_names(name: str) -> None:
    source = script(name).source
    header, _ = parts(name)
    named = [piece for line in header if line.startswith("-- uses ") for piece in line.split()[2:]]
    for piece in named:
        text = FOLDER.joinpath("lib", f"{piece}.lua").read_text()
        functions = re.findall(r"^local function (\w+)", text, re.MULTILINE)
        rest = source.replace(text, "")
        assert any(re.search(rf"\b{function}\(", rest) for function in functions), f"{piece} is not used"
    for piece in PIECES:
        for function in re.findall(r"^local function (\w+)", FOLDER.joinpath("lib", piece).read_text(), re.MULTILINE):
            if re.search(rf"(?<!function )\b{function}\(", source):
                assert piece.removesuffix(".lua") in named, f"{function} of {piece} is used and not named"


@pytest.mark.parametrize("name", script_names())
def test_no_script_leaves_a_global_behind(name: str) -> None:
    """A global would break every later script of fakeredis, and is refused by Redis."""
    source = script(name).source
    assigned = set(re.findall(r"^\s*(?!local\b)([A-Za-z_]\w*)\s*=[^=]", source, re.MULTILINE))
    local = set(re.findall(r"local ([\w, ]+?) *(?:=|$)", source, re.MULTILINE))
    names = {word.strip() for words in local for word in words.split(",")}
    table_fields = set(re.findall(r"[{,]\s*(\w+) = ", source))
    assert assigned - names - table_fields == set()


#: What the reconciler does to records; `amend` writes the fields that it is given.
MENDING = {"restore", "recount", "recount_unite", "rebuild_run"}


def test_a_status_is_written_only_by_the_script_of_its_move() -> None:
    written = {name for name in script_names() if re.search(r"HSET'[^)]*'status'", parts(name)[1])}
    assert written - MENDING == {
        "trigger",
        "step",
        "leaf",
        "finish",
        "trigger_many",
        "expand",
        "advance",
        "fail",
        "prune",
        "retry",
        "join",
        "close",
        "hold",
        "cancel",
        "retry_by_hand",
    }


#: What begins something new: refused when memory is full.
NEW = {"trigger", "trigger_many", "retry_by_hand", "save_graph", "replace_secrets", "create_key", "list_key"}
NEW |= {"watch_run", "tell_states", "begin_bulk", "add_figures", "add_lines"}

#: What Redis refuses for want of memory, of the commands that scripts use.
GROWING = (
    r"redis\.p?call\('(HSET|HSETNX|HINCRBY|RPUSH|LPUSH|SADD|ZADD|XADD|XGROUP)'|\b(push|create_ready|create_due|bear)\("
)

#: Writes that Redis never refuses for want of memory.
FREEING = r"redis\.call\('(XACK|XDEL|HDEL|ZREM|UNLINK|LTRIM)'|\bgrow\("


@pytest.mark.parametrize("name", script_names())
def test_only_what_begins_something_new_is_refused_when_memory_is_full(name: str) -> None:
    """Redis looks at its limit before the first write only."""
    body = parts(name)[1]
    grows, frees = (re.search(pattern, body) for pattern in (GROWING, FREEING))
    first_is_free = grows is None or (frees is not None and frees.start() < grows.start())
    assert first_is_free == (name not in NEW)
