"""Encrypts graph secrets: AES-256-GCM, each value under its own nonce, bound to the graph and name it belongs to."""

import base64
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from exosphere_core.errors import ConfigurationError

_FORMAT = "v1"
_NONCE_BYTES = 12
_KEY_BYTES = 32


def new_key() -> str:
    """Return a random key as the setting takes it."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


class Vault:
    """Encrypts with the first of several keys, decrypts with whichever was used.

    Args:
        keys: URL-safe base64 of 32 bytes each, separated by commas.

    Raises:
        ConfigurationError: a key is malformed.
    """

    def __init__(self, keys: str) -> None:
        self._ciphers: dict[str, AESGCM] = {}
        for place, text in enumerate(keys.split(","), start=1):
            try:
                key = base64.b64decode(text.strip().encode(), altchars=b"-_", validate=True)
            except ValueError:
                key = b""
            if len(key) != _KEY_BYTES:
                raise ConfigurationError(
                    f"SECRETS_ENCRYPTION_KEY: key {place} is not URL-safe base64 of {_KEY_BYTES} bytes; make one with "
                    '`python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"`'
                )
            self._ciphers.setdefault(sha256(key).hexdigest()[:8], AESGCM(key))
        self._current = next(iter(self._ciphers))

    def encrypt(self, value: str, belongs_to: str) -> str:
        """Encrypt a value. `belongs_to` names the place it is good for; it must be the same at decryption."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, value.encode(), belongs_to.encode())
        return f"{_FORMAT}.{self._current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def is_current(self, sealed: str) -> bool:
        """Whether a value was encrypted with the key that encrypts now."""
        return sealed.startswith(f"{_FORMAT}.{self._current}.")

    def decrypt(self, sealed: str, belongs_to: str) -> str:
        """Decrypt a value.

        Raises:
            ConfigurationError: the key it was encrypted with is not in the setting, or it was tampered with.
        """
        form, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        cipher = self._ciphers.get(key_id) if form == _FORMAT else None
        if cipher is None:
            raise ConfigurationError(
                f"a secret of {belongs_to} was encrypted with key {key_id}, which is not in SECRETS_ENCRYPTION_KEY"
            )
        raw = base64.urlsafe_b64decode(text)
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], belongs_to.encode()).decode()
        except InvalidTag:
            raise ConfigurationError(f"a secret of {belongs_to} was tampered with or moved") from None
