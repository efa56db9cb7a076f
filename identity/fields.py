"""Secrets at rest: AES-256-GCM with a key ring, bound to the row and the name.

A sealed value opens only with the context it was sealed for, so that a value copied
to another row is an error and not a credential.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from Crypto.Cipher import AES
from Crypto.Random import get_random_bytes

VERSION = "v1"


class CannotOpen(Exception):
    """The value was sealed with a key we lack, for another row, or was changed."""


def key_of(sealed: str) -> str:
    """The id of the key that a value was sealed with."""
    return sealed.split(":")[1]


class KeyRing:
    """Keys newest first: the first one seals, each one opens."""

    def __init__(self, passphrases: Sequence[str]) -> None:
        if not passphrases or not all(passphrases):
            raise ValueError("a key ring needs at least one key, and none empty")
        keys = [
            hashlib.sha256(b"sasebridge:" + p.encode()).digest() for p in passphrases
        ]
        self._keys = {hashlib.sha256(key).hexdigest()[:8]: key for key in keys}
        self.newest = next(iter(self._keys))

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._keys

    def seal(self, plaintext: str, context: str) -> str:
        """Encrypt text for one context, e.g. "IdP id : name of the secret"."""
        return self.seal_bytes(plaintext.encode(), context)

    def seal_bytes(self, plaintext: bytes, context: str) -> str:
        """Encrypt what is no text: a third shorter than its hexadecimal form sealed."""
        nonce = get_random_bytes(12)
        cipher = AES.new(self._keys[self.newest], AES.MODE_GCM, nonce=nonce)
        cipher.update(context.encode())
        body, tag = cipher.encrypt_and_digest(plaintext)
        packed = base64.urlsafe_b64encode(nonce + tag + body).decode()
        return f"{VERSION}:{self.newest}:{packed}"

    def open(self, sealed: str, context: str) -> str:
        """Decrypt; raises CannotOpen, and never returns what is not the plaintext."""
        return self.open_bytes(sealed, context).decode()

    def open_bytes(self, sealed: str, context: str) -> bytes:
        """Decrypt what `seal_bytes` has sealed; raises CannotOpen."""
        version, _, rest = sealed.partition(":")
        key_id, _, packed = rest.partition(":")
        if version != VERSION or key_id not in self._keys:
            raise CannotOpen(f"key {key_id or '?'} is not in ENCRYPTION_KEYS")
        try:
            data = base64.urlsafe_b64decode(packed)
            cipher = AES.new(self._keys[key_id], AES.MODE_GCM, nonce=data[:12])
            cipher.update(context.encode())
            return cipher.decrypt_and_verify(data[28:], data[12:28])
        except ValueError:
            raise CannotOpen(
                "the value was changed or belongs to another row"
            ) from None

    def fingerprint(self, text: str, context: str) -> str:
        """A keyed digest, to compare values without keeping them (32 hex digits).

        Made with the key that seals: as long as that one is kept, it is known again.
        """
        return self.fingerprints(text, context)[0]

    def fingerprints(self, text: str, context: str) -> list[str]:
        """The digest by every key, the newest first: a stored one may be any of them."""
        message = f"{context}\0{text}".encode()
        return [
            hmac.new(key, message, hashlib.sha256).hexdigest()[:32]
            for key in self._keys.values()
        ]
