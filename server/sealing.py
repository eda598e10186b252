"""Secrets of webhooks as the graph may keep them: encrypted, and bound to the webhook.

AES-256-GCM under a key that HKDF derives from a key of the hub; what is sealed begins with the
name of that key, so that older keys open what they sealed.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.keys import Keys

KEY_FILE = "webhook.key"
PURPOSE = b"renling webhook secrets"
NONCE_BYTES = 12
KEY_BYTES = 32


class Sealing:
    """Seals with the newest key, unseals with any."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def seal(self, webhook_id: str, secret: str) -> str:
        """Return a secret as it may be kept. Raises EngineUnusable where there is no key."""
        name, key = next(iter(self._keys.read().items()))
        nonce = os.urandom(NONCE_BYTES)
        sealed = _cipher(key).encrypt(nonce, secret.encode(), webhook_id.encode())
        return f"{name}:{base64.b64encode(nonce + sealed).decode()}"

    def unseal(self, webhook_id: str, sealed: str) -> str | None:
        """Return a secret that was sealed for a webhook; None where its key is not here."""
        name, _, encoded = sealed.partition(":")
        key = self._keys.read().get(name)
        if key is None:
            return None
        try:
            raw = base64.b64decode(encoded, validate=True)
            opened = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], webhook_id.encode())
        except (InvalidTag, binascii.Error, ValueError):
            return None
        return opened.decode()

    def is_current(self, sealed: str) -> bool:
        """Whether the newest key sealed it."""
        return sealed.partition(":")[0] == next(iter(self._keys.read()))


def _cipher(key: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return AESGCM(derived.derive(key.encode()))
