"""Everything that is no push of DingTalk's (I-60), in a form that differs in one thing.

What is not said to be wrong is right: the signature is that of who has the token.
"""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from identity.connectors.dingtalk.crypto import Sealed
from tests.events.sender import (
    CHECK_URL,
    OTHER_KEY,
    OTHER_TOKEN,
    Query,
    Sender,
    query_of,
)

FORM = "application/x-www-form-urlencoded"
Case = Callable[[Sender], Any]

BODIES: dict[str, bytes] = {
    "no body": b"",
    "{}": b"{}",
    "encrypt is a number": b'{"encrypt":1}',
    "encrypt is a list": b'{"encrypt":["x"]}',
    "null": b"null",
    "a list": b'["encrypt"]',
    "10,000 deep": b"[" * 10_000,
    "not UTF-8": b'{"encrypt":"\xff"}',
    "half a surrogate pair": b'{"encrypt":"\\ud800"}',
    "64 KiB and one": b'{"encrypt":"' + b"A" * 65_523 + b'"}',
}


def plain(size: int | bytes, text: bytes = b"{}", owner: bytes = b"") -> bytes:
    """What is sealed, before its padding; `size` is what the length field says."""
    return (
        bytes(16)
        + (size if isinstance(size, bytes) else size.to_bytes(4))
        + (text + owner)
    )


SEALED: dict[str, Callable[[Sender], Sealed]] = {
    "not base64": lambda s: s.signed("%%%"),
    "not ASCII": lambda s: s.signed("中文"),
    "nothing": lambda s: s.signed(""),
    "1 byte": lambda s: s.signed(base64.b64encode(bytes(1)).decode()),
    "15 bytes": lambda s: s.signed(base64.b64encode(bytes(15)).decode()),
    "16 bytes": lambda s: s.signed(base64.b64encode(bytes(16)).decode()),
    "17 bytes": lambda s: s.signed(base64.b64encode(bytes(17)).decode()),
    "48 bytes": lambda s: s.signed(base64.b64encode(bytes(48)).decode()),
    "padding that is none": lambda s: s.raw(plain(2) + b"\x02" * 10, pad=0),
    "padding of 0": lambda s: s.raw(plain(2) + b"\x00" * 10, pad=0),
    "padding of 33": lambda s: s.raw(plain(2) + b"\x21" * 42, pad=0),
    "padding alone": lambda s: s.raw(b""),
    "length field beyond the rest": lambda s: s.raw(plain(3)),
    "length field negative": lambda s: s.raw(plain(b"\xff" * 4)),
    "text not UTF-8": lambda s: s.raw(plain(2, b"\xff\xfe", s.owner.encode())),
    "owner not UTF-8": lambda s: s.raw(plain(2, b"{}", b"\xff")),
    "owner of somebody else": lambda s: s.seal(CHECK_URL, owner="dingsomebodyelse"),
    "owner empty": lambda s: s.seal(CHECK_URL, owner=""),
    "nonce empty": lambda s: s.signed("AAAA", nonce=""),
    "nonce of 10 kB": lambda s: s.seal(CHECK_URL, nonce="n" * 10_000),
    "another token": lambda s: replace(s, token=OTHER_TOKEN).seal(CHECK_URL),
    "another AES key": lambda s: replace(s, aes_key=OTHER_KEY).seal(CHECK_URL),
}

INSIDE: dict[str, object] = {
    "no JSON": "EventType=check_url",
    "a list": [CHECK_URL],
    "null": "null",
    "nothing": "",
    "20,000 deep": '{"EventType":' + "[" * 20_000,
    "a number of 5,000 digits": '{"EventType":"x","a":' + "9" * 5000 + "}",
    "no EventType": {"userId": ["u1"]},
    "EventType null": {"EventType": None},
    "EventType a list": {"EventType": ["check_url"]},
    "EventType blank": {"EventType": " "},
}

QUERIES: dict[str, Callable[[dict[str, Any]], Query]] = {
    "signature in capitals": lambda q: (
        q | dict.fromkeys(("signature", "msg_signature"), q["signature"].upper())
    ),
    "signatures that differ": lambda q: q | {"signature": "0" * 40},
    "signature missing": lambda q: {n: v for n, v in q.items() if "sign" not in n},
    "signature of 41 digits": lambda q: (
        q | dict.fromkeys(("signature", "msg_signature"), q["signature"] + "0")
    ),
    "signature not ASCII": lambda q: (
        q | dict.fromkeys(("signature", "msg_signature"), "é" * 40)
    ),
    "signature twice": lambda q: [*q.items(), ("signature", q["signature"])],
    "msg_signature twice": lambda q: [*q.items(), ("msg_signature", q["signature"])],
    "timestamp twice": lambda q: [*q.items(), ("timestamp", q["timestamp"])],
    "nonce twice": lambda q: [*q.items(), ("nonce", q["nonce"])],
    "something else twice": lambda q: [*q.items(), ("a", "1"), ("a", "1")],
    "timestamp missing": lambda q: {n: v for n, v in q.items() if n != "timestamp"},
    "timestamp of another one": lambda q: q | {"timestamp": "1"},
    "nonce missing": lambda q: {n: v for n, v in q.items() if n != "nonce"},
    "20,000 parameters": lambda q: [*q.items()] + [("a", "1")] * 20_000,
}

HEADERS: dict[str, dict[str, str]] = {
    "gzip": {"HTTP_CONTENT_ENCODING": "gzip"},
    "two encodings": {"HTTP_CONTENT_ENCODING": "identity, br"},
    "JSON that says it is a form": {"content_type": f"{FORM}; charset=utf-8"},
    "JSON that says it is a file": {"content_type": "multipart/form-data; boundary=x"},
}


def cases() -> Iterator[tuple[str, Case]]:
    """Each with its name: sends one thing, gives the response."""
    for name, body in BODIES.items():
        yield f"body: {name}", _with_body(body)
    for name, seal in SEALED.items():
        yield f"sealed: {name}", _sealed(seal)
    for name, content in INSIDE.items():
        yield f"inside: {name}", _inside(content)
    for name, change in QUERIES.items():
        yield f"query: {name}", _queried(change)
    for name, headers in HEADERS.items():
        yield f"header: {name}", _headed(headers)
    yield "form-encoded", _form


def _with_body(body: bytes) -> Case:
    return lambda s: s.post(query_of(s.seal(CHECK_URL)), body)


def _sealed(seal: Callable[[Sender], Sealed]) -> Case:
    return lambda s: s.send(seal(s))


def _inside(content: object) -> Case:
    return lambda s: s.push(content)


def _queried(change: Callable[[dict[str, Any]], Query]) -> Case:
    def send(sender: Sender) -> Any:
        sealed = sender.seal(CHECK_URL)
        return sender.send(sealed, change(query_of(sealed)))

    return send


def _headed(headers: dict[str, str]) -> Case:
    def send(sender: Sender) -> Any:
        sealed = sender.seal(CHECK_URL)
        body = json.dumps({"encrypt": sealed.encrypt})
        return sender.post(query_of(sealed), body, **headers)

    return send


def _form(sender: Sender) -> Any:
    sealed = sender.seal(CHECK_URL)
    body = f"encrypt={sealed.encrypt}"
    return sender.post(query_of(sealed), body, content_type=FORM)
