"""Reading the address of Redis: one URL tells whether it is one server, a master that Sentinels watch, or a cluster. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from exosphere_core.errors import ConfigurationError


class Kind(StrEnum):
    """How the servers behind an address belong together."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


_SCHEMES: Final = {
    "redis": (Kind.SINGLE, False),
    "rediss": (Kind.SINGLE, True),
    "unix": (Kind.SINGLE, False),
    "redis+sentinel": (Kind.SENTINEL, False),
    "rediss+sentinel": (Kind.SENTINEL, True),
    "redis+cluster": (Kind.CLUSTER, False),
    "rediss+cluster": (Kind.CLUSTER, True),
}

_PORTS: Final = {Kind.SENTINEL: 26379, Kind.CLUSTER: 6379}

#: Options of the driver that do not change what it answers, or how often it sends.
_OPTIONS: Final = frozenset(
    {
        "db", "username", "password", "client_name", "protocol", "socket_keepalive", "virtual_host",
        "ssl_ca_certs", "ssl_ca_data", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname",
        "ssl_ciphers", "ssl_keyfile", "ssl_min_version",
    }
)  # fmt: skip

#: With which credentials the Sentinels are asked, where they need any.
_OF_SENTINELS: Final = frozenset({"sentinel_username", "sentinel_password"})


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where Redis is. Never printed: it holds the password."""

    kind: Kind
    tls: bool
    url: str
    #: Hosts and ports of Sentinels, or of nodes of a cluster; empty for a single server.
    hosts: tuple[tuple[str, int], ...] = ()
    #: What the Sentinels call the master.
    service: str = ""
    database: int = 0
    username: str = ""
    password: str = ""
    options: tuple[tuple[str, str], ...] = ()

    def url_of(self, host: str, port: int) -> str:
        """Return the address of one of its servers, as the driver reads it."""
        options = urlencode([(name, value) for name, value in self.options if name not in _OF_SENTINELS])
        place = f"[{host}]" if ":" in host else host
        database = f"/{self.database}" if self.database else ""
        user = _userinfo(self.username, self.password)
        return f"{'rediss' if self.tls else 'redis'}://{user}{place}:{port}{database}{'?' if options else ''}{options}"

    def option(self, name: str) -> str | None:
        """Return the value of an option, or None."""
        return dict(self.options).get(name)


def read_address(url: str) -> Address:
    """Read the URL of Redis.

    Raises:
        ConfigurationError: it can't be used; the text says what is wrong, and holds no password.
    """
    scheme, mark, _ = url.partition("://")
    if not mark or scheme not in _SCHEMES:
        # What stands there may be a password that somebody put into the wrong variable.
        raise _bad(f"it must begin with one of {', '.join(f'{name}://' for name in _SCHEMES)}")
    kind, tls = _SCHEMES[scheme]
    if "#" in url:
        raise _bad("it holds a '#'; in a password write %23")
    try:
        netloc, parts = _split(url)
        if kind is Kind.SINGLE:
            _ = urlsplit(url).port
    except ValueError:
        # What the library says may hold a part of the password.
        raise _bad("its host and port can't be read; in a password write %2F for a '/', and %40 for a '@'") from None
    options = tuple(parse_qsl(parts.query, keep_blank_values=True))
    allowed = _OPTIONS | (_OF_SENTINELS if kind is Kind.SENTINEL else frozenset())
    if unknown := sorted({name for name, _ in options} - allowed):
        if "@" in unknown[0]:
            raise _bad("a '@' follows on a '?'; in a password write %3F for a '?'")
        raise _bad(f"option {unknown[0]!r} is not known; the options are {', '.join(sorted(allowed))}")
    if kind is Kind.SINGLE:
        if scheme != "unix" and "@" in parts.path:
            raise _bad("a '@' follows on a '/'; in a password write %2F for a '/'")
        return Address(kind, tls, url, options=options)
    userinfo, _, hosts = netloc.rpartition("@")
    username, _, password = userinfo.partition(":")
    service, database = "", 0
    path = unquote(parts.path).strip("/")
    if kind is Kind.SENTINEL:
        service, _, number = path.partition("/")
        if not service:
            raise _bad(f"the name of the master is missing: {scheme}://host:26379/<name of the master>")
        database = _number("database", number or "0", 0)
    elif path not in ("", "0"):
        raise _bad("a cluster has no databases: leave out what follows the last port")
    return Address(
        kind, tls, url, tuple(_host(text, _PORTS[kind]) for text in hosts.split(",")), service, database,
        unquote(username), unquote(password), options,
    )  # fmt: skip


def place_of(url: str) -> str:
    """Return where a URL leads, for errors: without credentials and options.

    Raises:
        ConfigurationError: it can't be used.
    """
    address = read_address(url)
    scheme, _, _ = url.partition("://")
    if address.hosts:
        hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in address.hosts)
        return f"{scheme}://{hosts}{'/' if address.service else ''}{address.service}"
    parts = urlsplit(url)
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def has_slots(url: str) -> bool:
    """Whether a URL names a cluster: keys are in slots then, and one command can't read streams of several shards.

    Raises:
        ConfigurationError: it can't be used.
    """
    return read_address(url).kind is Kind.CLUSTER


def with_user(url: str, user: str, password: str) -> str:
    """Return the URL of the same Redis with other credentials."""
    netloc, parts = _split(url)
    host = netloc.rpartition("@")[2]
    query = "&".join(
        item for item in parts.query.split("&") if item and item.partition("=")[0] not in ("username", "password")
    )
    return parts._replace(netloc=f"{_userinfo(user, password)}{host}", query=query).geturl()


def _split(url: str) -> tuple[str, SplitResult]:
    """Part a URL into what says where, and the rest. Several hosts of which one is in brackets are refused by some releases of
    the library.
    """
    scheme, _, behind = url.partition("://")
    netloc = re.split("[/?]", behind, maxsplit=1)[0]
    return netloc, urlsplit(f"{scheme}://{behind[len(netloc) :]}")


def _userinfo(user: str, password: str) -> str:
    return f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""


def _host(text: str, default: int) -> tuple[str, int]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    if not host:
        raise _bad("a host is missing between commas, or before the port")
    return host, _number(f"port of {host}", port or str(default), 1)


def _number(what: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= 65535:
        raise _bad(f"{what} is no number from {least} to 65535")
    return int(text)


def _bad(why: str) -> ConfigurationError:
    return ConfigurationError(f"the Redis URL (EXOSPHERE_REDIS_URL) can't be used: {why}")
