"""How a created API key is spelled, and what is stored of it.

`exo_<id>_<secret>`: a record is found by the id, which is no secret; of the secret only a
digest is stored. It is 256 random bits, so that a plain hash can't be searched.
"""

import re
from hashlib import sha256
from typing import Final, NamedTuple

#: Bytes of randomness in the two parts; each is spelled in hex.
ID_BYTES: Final = 8
SECRET_BYTES: Final = 32

_ID = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}")
_KEY = re.compile(rf"exo_([0-9a-f]{{{2 * ID_BYTES}}})_([0-9a-f]{{{2 * SECRET_BYTES}}})")


class KeyParts(NamedTuple):
    """The parts of a created API key."""

    id: str
    secret: str


def spell_key(parts: KeyParts) -> str:
    """Return the key as a client sends it."""
    return f"exo_{parts.id}_{parts.secret}"


def read_key(text: str) -> KeyParts | None:
    """Part a key; None for what can't be one."""
    found = _KEY.fullmatch(text)
    return KeyParts(*found.groups()) if found else None


def is_key_id(text: str) -> bool:
    """Whether text can be the id of a key. Nothing else may become part of a key in Redis."""
    return _ID.fullmatch(text) is not None


def digest_of(secret: str) -> str:
    """Return what is stored of a key's secret."""
    return sha256(secret.encode()).hexdigest()
