"""Redis keys: one slot for what one script touches, one meaning each, patterns that match no more than they say."""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exosphere_core import keys
from exosphere_core.ids import derived_id, new_run_id
from exosphere_core.keys import CatalogKeys, ShardKeys, ready_pattern, reports_pattern
from ground.graphs import names

shards = st.integers(0, 1023)


class Made(NamedTuple):
    """A key, and how it was asked for."""

    key: str
    method: str
    arguments: tuple[str | int, ...] = ()


@cache
def members_of(owner: type) -> list[tuple[str, list[str] | None]]:
    """What makes keys: name and parameters, or None for a property. Looked up once: there are hundreds of examples."""
    return [
        (name, None if isinstance(member, property) else list(inspect.signature(member).parameters)[1:])
        for name, member in inspect.getmembers(owner)
        if not name.startswith("_") and name not in ("namespace", "shard")
    ]


def keys_of(owner: CatalogKeys | ShardKeys, name: str, some_id: str) -> Iterator[Made]:
    """Each key that an owner can make for one name and one id."""
    for attribute, parameters in members_of(type(owner)):
        if parameters is None:
            yield Made(getattr(owner, attribute), attribute)
        else:
            given_for: dict[str, str | int] = {"name": name, "node": name, "version": 1}
            arguments = tuple(given_for.get(parameter, some_id) for parameter in parameters)
            yield Made(getattr(owner, attribute)(*arguments), attribute, arguments)


def hash_tag(key: str) -> str:
    """What Redis Cluster hashes of a key: the text in its first pair of braces."""
    found = re.search(r"\{([^}]+)\}", key)
    return found[1] if found else key


def matches(pattern: str, key: str) -> bool:
    """Match as Redis does a pattern whose only special character is the star."""
    assert not set("?[]\\^") & set(pattern)
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), key, re.DOTALL) is not None


@given(names, names, shards)
def test_all_keys_of_a_shard_have_one_hash_tag(namespace: str, name: str, shard: int) -> None:
    made = list(keys_of(ShardKeys(namespace, shard), name, new_run_id(shard)))
    assert len(made) >= 12
    assert {hash_tag(one.key) for one in made} == {f"{namespace}:{shard}"}


@given(names, names)
def test_all_keys_of_a_catalog_have_the_namespace_as_hash_tag(namespace: str, name: str) -> None:
    assert {hash_tag(one.key) for one in keys_of(CatalogKeys(namespace), name, "")} == {namespace}


@given(st.sets(names, min_size=2, max_size=3), st.sets(shards, min_size=2, max_size=3))
def test_a_key_has_one_meaning(some_names: set[str], some_shards: set[int]) -> None:
    run = new_run_id(0)
    meanings: dict[str, set[tuple[object, ...]]] = {}
    for namespace in some_names:
        owners: list[CatalogKeys | ShardKeys] = [CatalogKeys(namespace)]
        owners += [ShardKeys(namespace, shard) for shard in some_shards]
        for owner in owners:
            for name in some_names:
                for some_id in (run, derived_id("root", run)):
                    for one in keys_of(owner, name, some_id):
                        meanings.setdefault(one.key, set()).add((owner, one.method, one.arguments))
    assert {key: said for key, said in meanings.items() if len(said) > 1} == {}


@given(names, names, names, shards)
def test_the_ready_pattern_matches_every_ready_stream_of_its_namespace_and_nothing_else(
    namespace: str, other: str, name: str, shard: int
) -> None:
    assume(namespace != other)
    pattern = ready_pattern(namespace)
    some_id = new_run_id(shard)
    for one in keys_of(ShardKeys(namespace, shard), name, some_id):
        assert matches(pattern, one.key) == (one.method == "ready")
    strangers: tuple[CatalogKeys | ShardKeys, ...] = (
        CatalogKeys(namespace),
        CatalogKeys(other),
        ShardKeys(other, shard),
    )
    for owner in strangers:
        assert not any(matches(pattern, one.key) for one in keys_of(owner, name, some_id))


@given(names, names, names, shards)
def test_the_reports_pattern_matches_every_report_stream_of_its_namespace_and_nothing_else(
    namespace: str, other: str, name: str, shard: int
) -> None:
    assume(namespace != other)
    pattern = reports_pattern(namespace)
    some_id = new_run_id(shard)
    for called in (name, "reports", "ready", "x.reports"):
        for one in keys_of(ShardKeys(namespace, shard), called, some_id):
            assert matches(pattern, one.key) == (one.method == "reports")
        strangers: tuple[CatalogKeys | ShardKeys, ...] = (
            CatalogKeys(namespace),
            CatalogKeys(other),
            ShardKeys(other, shard),
        )
        for owner in strangers:
            assert not any(matches(pattern, one.key) for one in keys_of(owner, called, some_id))


@pytest.mark.parametrize("key", [keys.NAMESPACES, keys.RUN_ENDED, keys.BACKGROUND_QUEUE])
def test_a_runtime_reaches_no_key_of_the_whole_installation(key: str) -> None:
    for namespace in ("namespaces", "a", "exo"):
        assert not matches(ready_pattern(namespace), key)
        assert not matches(reports_pattern(namespace), key)


def test_every_key_tells_its_type_and_meaning() -> None:
    for owner in (CatalogKeys, ShardKeys):
        for attribute, member in inspect.getmembers(owner):
            if not attribute.startswith("_") and attribute not in ("namespace", "shard"):
                assert re.match(r"(HASH|SET|ZSET|LIST|STREAM|STRING)\b", inspect.getdoc(member) or ""), attribute
