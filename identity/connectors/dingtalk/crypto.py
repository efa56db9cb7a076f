"""How DingTalk seals and signs pushed events: plain Python, proven by its vectors.

https://open.dingtalk.com/document/development/configure-stream-push

The signature does not cover the AES key, so a wrong token and a wrong AES key are
told apart: the first never passes the signature, the second fails after it.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import string
import time
from dataclasses import dataclass, field

from Crypto.Cipher import AES

PAD_TO = 32
_RANDOM_LENGTH, _COUNT_LENGTH = 16, 4
_LETTERS = string.ascii_letters + string.digits


class InvalidKey(ValueError):
    """The AES key itself cannot be one: 43 characters of base64 are due."""


class CannotOpen(Exception):
    """A sealed message that is refused. Answer all of them alike (no oracle)."""


class SignatureMismatch(CannotOpen):
    """The token is another one, or something was changed on the way."""


class KeyMismatch(CannotOpen):
    """The signature is right and the text unreadable: the AES key is another one."""


class Damaged(CannotOpen):
    """The signature is right and the text is not even base64 of whole blocks."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside; `owner` is the AppKey or CorpId that it was sealed for."""

    message: str
    owner: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted message with everything its reader needs."""

    encrypt: str
    signature: str
    timestamp: str
    nonce: str

    def body(self) -> dict[str, str]:
        """As an acknowledgement spells it."""
        return {
            "msg_signature": self.signature,
            "timeStamp": self.timestamp,
            "nonce": self.nonce,
            "encrypt": self.encrypt,
        }


@dataclass(frozen=True)
class Cipher:
    """The two secrets of an event subscription at work."""

    aes_key: str = field(repr=False)
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key that cannot work; raises InvalidKey."""
        self._key()

    def signature(self, timestamp: str, nonce: str, encrypt: str) -> str:
        """Lowercase hex SHA-1 over the sorted parts."""
        parts = sorted([self.token, timestamp, nonce, encrypt])
        # The algorithm is DingTalk's choice, not ours.
        return hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324

    def open(
        self, encrypt: str, *, signature: str, timestamp: str, nonce: str
    ) -> Opened:
        """Check the signature, then decrypt. Raises a `CannotOpen`."""
        expected = self.signature(timestamp, nonce, encrypt)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise SignatureMismatch("the signature does not match the token")
        try:
            blocks = base64.b64decode(encrypt, validate=True)
        except (binascii.Error, ValueError):
            raise Damaged("the text is not base64") from None
        if not blocks or len(blocks) % AES.block_size:
            raise Damaged("the text does not consist of whole blocks")
        return _unpack(_unpad(self._aes().decrypt(blocks)))

    def seal(
        self,
        message: str,
        owner: str,
        *,
        timestamp: str | None = None,
        nonce: str | None = None,
        random: bytes | None = None,
    ) -> Sealed:
        """Encrypt and sign a message; the last three are drawn unless given."""
        timestamp = timestamp or str(time.time_ns() // 1_000_000)
        nonce = nonce or "".join(secrets.choice(_LETTERS) for _ in range(16))
        text = message.encode()
        count = len(text).to_bytes(_COUNT_LENGTH)
        plain = (random or secrets.token_bytes(16)) + count + text + owner.encode()
        encrypt = base64.b64encode(self._aes().encrypt(_pad(plain))).decode()
        return Sealed(
            encrypt, self.signature(timestamp, nonce, encrypt), timestamp, nonce
        )

    def _key(self) -> bytes:
        # Real keys carry stray low bits in their last character; decode leniently.
        try:
            key = base64.b64decode(self.aes_key + "=")
        except (binascii.Error, ValueError):
            key = b""
        if len(self.aes_key) != 43 or len(key) != 32:
            raise InvalidKey("an AES key has 43 letters and digits")
        return key

    def _aes(self) -> "AES._mode_cbc.CbcMode":  # type: ignore[name-defined]
        key = self._key()
        return AES.new(key, AES.MODE_CBC, iv=key[:16])


def _pad(plain: bytes) -> bytes:
    size = PAD_TO - len(plain) % PAD_TO
    return plain + bytes([size]) * size


def _unpad(padded: bytes) -> bytes:
    size = padded[-1]
    if not 1 <= size <= PAD_TO or padded[-size:] != bytes([size]) * size:
        raise KeyMismatch("the AES key does not match: padding")
    return padded[:-size]


def _unpack(plain: bytes) -> Opened:
    start = _RANDOM_LENGTH + _COUNT_LENGTH
    count = int.from_bytes(plain[_RANDOM_LENGTH:start])
    rest = plain[start:]
    # Unchecked, a rubbish length has exhausted the memory of DingTalk's own library.
    if len(plain) < start or count > len(rest):
        raise KeyMismatch("the AES key does not match: length")
    try:
        return Opened(rest[:count].decode(), rest[count:].decode())
    except UnicodeDecodeError:
        raise KeyMismatch("the AES key does not match: not UTF-8") from None
