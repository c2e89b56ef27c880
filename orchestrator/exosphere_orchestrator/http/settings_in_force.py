"""The settings in force. What is secret is never among them."""

from collections.abc import Iterator
from typing import Any, Final, get_args
from urllib.parse import unquote_plus

from fastapi import APIRouter, Request
from pydantic import SecretStr

from exosphere_core import api
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import services
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.settings import Settings

router = APIRouter(tags=["service"], route_class=JsonRoute)

#: Secret for the password alone that may be in them.
_ADDRESSES: Final = frozenset({"redis_url", "worker_redis_url"})

_MASK: Final = "***"


@handles(router, api.LIST_SETTINGS)
async def list_settings(request: Request) -> api.SettingsResponse:
    return api.SettingsResponse(settings=list(told(services(request).settings)))


def told(settings: Settings) -> Iterator[api.SettingBody]:
    """Give what may be told of each setting."""
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        yield api.SettingBody(
            name=field.title or name,
            value=_shown(name, value),
            default=None if field.is_required() else _shown(name, field.default),
            description=field.description or "",
            secret=SecretStr in (field.annotation, *get_args(field.annotation)) and name not in _ADDRESSES,
        )


def without_password(url: str) -> str:
    """Return the address of a server with what may be a password masked."""
    scheme, mark, rest = url.partition("://")
    place, asked, query = rest.partition("?")
    # A password that holds one of the marks by which an address is read may be anywhere.
    if not mark or "@" in query or "#" in rest:
        return f"{scheme}{mark}{_MASK}" if mark else _MASK
    userinfo, at, host = place.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    return (
        f"{scheme}{mark}{user if colon else ''}{':' if colon else ''}{_MASK if at else ''}{at}{host}{asked}"
        + "&".join(_option(item) for item in query.split("&"))
    )


def _option(item: str) -> str:
    name, mark, value = item.partition("=")
    return f"{name}{mark}{_MASK if 'password' in unquote_plus(name).lower() else value}"


def _shown(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, SecretStr):
        return without_password(value.get_secret_value()) if name in _ADDRESSES else "(set)"
    # As a variable spells it.
    return str(value).lower() if isinstance(value, bool) else str(value)
