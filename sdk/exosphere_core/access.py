"""Where the state manager is and with which key it is asked: arguments first, then the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

URI_VARIABLE: Final = "EXOSPHERE_STATE_MANAGER_URI"
KEY_VARIABLE: Final = "EXOSPHERE_API_KEY"


@dataclass(frozen=True, slots=True)
class Access:
    """An address and an API key that an HTTP request can carry."""

    uri: str
    key: str = field(repr=False)


def read_access(uri: str | None, key: str | None, environ: Mapping[str, str] | None = None) -> Access:
    """Put together where to call and with which key.

    Args:
        uri: address such as `http://localhost:8000`; from the environment when left out.
        key: API key; from the environment when left out.
        environ: where to look; the process's environment when left out.

    Raises:
        ValueError: names everything that is missing or unusable, never the key itself.
    """
    source = os.environ if environ is None else environ
    uri = (uri or source.get(URI_VARIABLE) or "").strip()
    key = key or source.get(KEY_VARIABLE) or ""
    faults = [fault for fault in (_uri_fault(uri), _key_fault(key)) if fault]
    if faults:
        raise ValueError("; ".join(faults))
    return Access(uri, key)


def _uri_fault(uri: str) -> str | None:
    if not uri:
        return f"state_manager_uri is missing: pass it or set {URI_VARIABLE}, such as http://localhost:8000"
    place = f"state_manager_uri ({URI_VARIABLE})"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as bad:
        return f"{place} is no address: {bad}"
    if "@" in parts.netloc:
        # An address turns up in logs and errors, so that a password in it would too.
        return f"{place} carries a user or password; leave them out: the API key goes into key"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{place} is {uri!r}; it must be an address such as http://localhost:8000"
    return None


def _key_fault(key: str) -> str | None:
    if not key.strip():
        return f"key is missing: pass it or set {KEY_VARIABLE}"
    if not (key.isascii() and key.isprintable()) or key != key.strip():
        return (
            f"key ({KEY_VARIABLE}) holds characters that no HTTP header can carry; "
            "is there a line break or a space around it?"
        )
    return None
