"""Frames of stream mode: a text in, what it says and the reply to it out. Pure.

developerpedia: learn/stream/protocol. `data` is JSON inside of a JSON string.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from identity.connectors.dingtalk import events
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.records import Event

LARGEST = 64 * 1024
"""Bytes of a frame that is looked at, as with HTTP push."""
LONGEST_ID = 256
SYSTEM, EVENT = "SYSTEM", "EVENT"
PING, DISCONNECT = "ping", "disconnect"


@dataclass(frozen=True, slots=True)
class Frame:
    """What DingTalk sent. One without a `message_id` cannot be replied to."""

    type: str
    topic: str
    message_id: str
    headers: Mapping[str, Any] = field(repr=False)
    data: str = field(repr=False)

    @property
    def pings(self) -> bool:
        """Whether DingTalk asks if somebody is there."""
        return (self.type, self.topic) == (SYSTEM, PING)

    @property
    def disconnects(self) -> bool:
        """Whether DingTalk closes this connection soon."""
        return (self.type, self.topic) == (SYSTEM, DISCONNECT)

    @property
    def tells(self) -> bool:
        """Whether it brings an event."""
        return self.type == EVENT

    def event(self) -> Event:
        """The event in it; raises Malformed."""
        return events.streamed(self.headers, self.data)


def read(raw: bytes) -> Frame:
    """The frame in a message; raises Malformed."""
    try:
        content = json.loads(raw)
        data = _data(content.get("data")) if isinstance(content, Mapping) else ""
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(content, Mapping):
        raise Malformed("not a JSON object")
    headers = content.get("headers")
    if not isinstance(headers, Mapping):
        raise Malformed("headers are missing")
    return Frame(
        _word(content.get("type")),
        _word(headers.get("topic")),
        _word(headers.get("messageId")),
        headers,
        data,
    )


def taken(frame: Frame) -> str:
    """The reply that DingTalk takes for "never send this again"."""
    return _reply(frame, 200, "OK", _status("SUCCESS", "ok"))


def later(frame: Frame) -> str:
    """The reply that makes DingTalk send it again."""
    return _reply(frame, 200, "OK", _status("LATER", "not kept"))


def pong(frame: Frame) -> str:
    """The reply to a ping: what came with it, which holds its opaque word."""
    return _reply(frame, 200, "OK", frame.data)


def refused(frame: Frame) -> str:
    """The reply to what cannot be read."""
    return _reply(frame, 500, "malformed", "{}")


def unwanted(frame: Frame) -> str:
    """The reply to what we did not subscribe to."""
    return _reply(frame, 404, "no such topic here", "{}")


def _reply(frame: Frame, code: int, message: str, data: str) -> str:
    headers = {"messageId": frame.message_id, "contentType": "application/json"}
    reply = {"code": code, "message": message, "headers": headers, "data": data}
    return json.dumps(reply, ensure_ascii=False)


def _status(status: str, message: str) -> str:
    return json.dumps({"status": status, "message": message})


def _word(value: object) -> str:
    fits = isinstance(value, str) and value.isascii() and len(value) <= LONGEST_ID
    return str(value) if fits else ""


def _data(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value or {})
    # Half of a surrogate pair, written as an escape, can neither be kept nor sent.
    return text.encode(errors="replace").decode()
