"""Pushes as DingTalk makes them, and as nobody should: any part can be another one."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from Crypto.Cipher import AES
from django.test import Client
from django.urls import reverse

from identity.connectors.dingtalk.crypto import CannotOpen, Cipher, Sealed
from identity.models import IdentityProvider

KEY, TOKEN = "SasebridgeTestKey0123456789ABCDEFGHIJKLMNOP", "sbTestToken2026"
OTHER_KEY, OTHER_TOKEN = "Another" + KEY[7:], "anotherToken"
CHECK_URL = {"EventType": "check_url"}
Query = dict[str, str] | list[tuple[str, str]]


def url_of(idp: IdentityProvider) -> str:
    """The path of an IdP's Request URL."""
    return reverse("sync:receive", args=[idp.kind, idp.pk])


def leave(*userids: str, **more: Any) -> dict[str, Any]:
    """An event of the official form that says that these people left."""
    return {"EventType": "user_leave_org", "userId": list(userids)} | more


@dataclass(frozen=True)
class Sender:
    """Whoever knows two keys, and the address."""

    url: str
    owner: str
    aes_key: str = KEY
    token: str = TOKEN
    client: Client = field(default_factory=Client)

    @classmethod
    def of(cls, idp: IdentityProvider, **changes: Any) -> "Sender":
        """DingTalk itself, towards one IdP."""
        return replace(cls(url_of(idp), idp.settings["app_key"]), **changes)

    def seal(self, content: object, **more: Any) -> Sealed:
        """A push's text, or what JSON makes of it, sealed and signed for now."""
        text = content if isinstance(content, str) else json.dumps(content)
        more.setdefault("owner", self.owner)
        return Cipher(self.aes_key, self.token).seal(text, **more)

    def raw(self, plain: bytes, *, pad: int = 32) -> Sealed:
        """Any bytes encrypted as they are; padded to whole blocks with `pad` at most."""
        if pad:
            size = pad - len(plain) % pad
            plain += bytes([size]) * size
        key = base64.b64decode(self.aes_key + "=")
        blocks = AES.new(key, AES.MODE_CBC, iv=key[:16]).encrypt(plain)
        return self.signed(base64.b64encode(blocks).decode())

    def signed(self, encrypt: str, timestamp: str = "", nonce: str = "n") -> Sealed:
        """Any text with a signature that is right."""
        timestamp = timestamp or str(time.time_ns() // 1_000_000)
        parts = "".join(sorted([self.token, timestamp, nonce, encrypt]))
        signature = hashlib.sha1(parts.encode()).hexdigest()  # noqa: S324 - DingTalk's
        return Sealed(encrypt, signature, timestamp, nonce)

    def push(self, content: object, **more: Any) -> Any:
        """Seal and send; gives the response."""
        return self.send(self.seal(content, **more))

    def send(self, sealed: Sealed, query: Query | None = None, **changes: Any) -> Any:
        """Send something sealed; a parameter that is None is left out."""
        if query is None:
            given = query_of(sealed) | changes
            query = {name: value for name, value in given.items() if value is not None}
        return self.post(query, json.dumps({"encrypt": sealed.encrypt}).encode())

    def post(self, query: Query, body: bytes | str = b"", **more: Any) -> Any:
        """Send any query and any body; gives the response."""
        more.setdefault("content_type", "application/json")
        return self.client.generic(
            "POST", f"{self.url}?{urlencode(query)}", body, **more
        )

    def was_taken(self, response: Any) -> bool:
        """Whether it is the sealed "success" that DingTalk waits for."""
        if response.status_code != 200:
            return False
        answer = json.loads(response.content)
        try:
            opened = Cipher(self.aes_key, self.token).open(
                answer["encrypt"],
                signature=answer["msg_signature"],
                timestamp=answer["timeStamp"],
                nonce=answer["nonce"],
            )
        except CannotOpen:
            return False
        return (opened.message, opened.owner) == ("success", self.owner)


def query_of(sealed: Sealed) -> dict[str, Any]:
    """As captures have it: the signature under both names."""
    return {
        "signature": sealed.signature,
        "msg_signature": sealed.signature,
        "timestamp": sealed.timestamp,
        "nonce": sealed.nonce,
    }


def shown(response: Any) -> tuple[Any, ...]:
    """Everything that a sender sees of an answer."""
    return response.status_code, response.content, sorted(response.headers.items())


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails if what happens in it takes longer."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds
