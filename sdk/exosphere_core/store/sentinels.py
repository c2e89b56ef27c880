"""What the driver's Sentinel clients are made of. Pure."""

from typing import Any

from redis.connection import parse_url

from exosphere_core.store.address import Address


def of_master(address: Address) -> dict[str, Any]:
    """Return the connection settings of the servers that the Sentinels watch."""
    return _settings(address.url_of(*address.hosts[0]), tls=address.tls)


def of_sentinels(address: Address) -> dict[str, Any]:
    """Return the connection settings of the Sentinels: TLS as for the servers, credentials of their own."""
    settings = of_master(address)
    for name in ("db", "username", "password"):
        settings.pop(name, None)
    for name in ("username", "password"):
        if value := address.option(f"sentinel_{name}"):
            settings[name] = value
    return settings


def _settings(url: str, *, tls: bool) -> dict[str, Any]:
    parse: Any = parse_url
    settings: dict[str, Any] = dict(parse(url))
    for name in ("host", "port", "connection_class"):
        settings.pop(name, None)
    if tls:
        settings["ssl"] = True
    return settings
