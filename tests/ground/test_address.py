"""The URL of Redis: what each kind says, and one clear line for what can't be used."""

import pytest

from exosphere_core.errors import ConfigurationError
from exosphere_core.store.address import Kind, read_address, with_user


@pytest.mark.parametrize("url", ["redis://h", "redis://u:p@h:1/2", "rediss://h?ssl_ca_certs=/x", "unix:///s?db=1"])
def test_the_address_of_one_server_is_left_to_the_driver(url: str) -> None:
    address = read_address(url)
    assert (address.kind, address.url, address.hosts) == (Kind.SINGLE, url, ())


def test_a_cluster_names_some_of_its_nodes() -> None:
    address = read_address("redis+cluster://me:p%40ss@h1:7000,h2,[::1]:7002")
    assert (address.kind, address.tls) == (Kind.CLUSTER, False)
    assert address.hosts == (("h1", 7000), ("h2", 6379), ("::1", 7002))
    assert address.url_of("h3", 7003) == "redis://me:p%40ss@h3:7003"
    assert address.url_of("::1", 7002) == "redis://me:p%40ss@[::1]:7002"


def test_sentinels_name_a_master_and_its_database() -> None:
    address = read_address("rediss+sentinel://:pass@s1,s2:26380/main/3?ssl_cert_reqs=none&sentinel_password=x")
    assert (address.kind, address.tls, address.service, address.database) == (Kind.SENTINEL, True, "main", 3)
    assert address.hosts == (("s1", 26379), ("s2", 26380))
    assert address.url_of("m", 6379) == "rediss://:pass@m:6379/3?ssl_cert_reqs=none"
    assert address.option("sentinel_password") == "x"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://h", "must begin with one of redis://, rediss://"),
        ("hunter2", "must begin with one of"),
        ("redis+sentinel://h:1", "name of the master is missing"),
        ("redis+sentinel://h:1/main/x", "database is no number"),
        ("redis+cluster://h:1/2", "a cluster has no databases"),
        ("redis+cluster://h1:x", "port of h1 is no number"),
        ("redis+cluster://h1:7000,,h2", "a host is missing"),
        ("redis+cluster://", "a host is missing"),
        ("redis://h?decode_responses=true", "option 'decode_responses' is not known"),
        ("redis://h?sentinel_password=x", "option 'sentinel_password' is not known"),
        ("redis://u:hunter2#x@h", "in a password write %23"),
    ],
)
def test_what_can_not_be_used_is_told_in_a_line_without_the_password(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=r"EXOSPHERE_REDIS_URL") as refused:
        read_address(url)
    assert why in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://old:pw@h:1/2?db=3", "redis://new:a%2Fb@h:1/2?db=3"),
        ("unix:///s?username=old&password=pw&db=1", "unix://new:a%2Fb@/s?db=1"),
        ("redis+cluster://old:pw@h1:1,h2:2", "redis+cluster://new:a%2Fb@h1:1,h2:2"),
        (
            "rediss+sentinel://h1,h2/main?sentinel_password=x",
            "rediss+sentinel://new:a%2Fb@h1,h2/main?sentinel_password=x",
        ),
    ],
)
def test_other_credentials_leave_the_rest_of_the_address_as_it_is(url: str, expected: str) -> None:
    assert with_user(url, "new", "a/b") == expected


def test_an_address_is_never_printed_with_its_password() -> None:
    assert "hunter2" not in repr(read_address("redis+cluster://me:hunter2@h"))
