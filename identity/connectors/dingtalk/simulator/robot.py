"""A group with a custom robot: takes messages as DingTalk's does, and keeps them."""

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Any

from identity.connectors.dingtalk.simulator.wire import Call, Reply, plain_error

HOUR = 3600_000
MORE = "more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"
PER_MINUTE = 20
PUNISHED = 600.0


@dataclass
class Robot:
    """One robot of a group: its secrets, and what it was given to say."""

    token: str
    secret: str = field(repr=False)
    messages: list[dict[str, Any]] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    """When each of them came, and each that was one too many."""
    silenced_until: float = 0.0

    @classmethod
    def of_app(cls, app_key: str) -> "Robot":
        """The same two secrets for the same app, in DingTalk's shapes."""
        token, secret = (
            hashlib.sha256(f"{name} {app_key}".encode()).hexdigest()
            for name in ("robot", "signature")
        )
        return cls(token, f"SEC{secret}")

    def refusal(self, call: Call) -> Reply | None:
        """Why a message is not taken."""
        stamp = call.query.get("timestamp", "")
        if not stamp.isdigit() or abs(time.time() * 1000 - int(stamp)) > HOUR:
            return plain_error(310000, f"invalid timestamp, {MORE}")
        text = f"{stamp}\n{self.secret}".encode()
        wanted = hmac.new(self.secret.encode(), text, hashlib.sha256).digest()
        if call.query.get("sign") != base64.b64encode(wanted).decode():
            return plain_error(310000, f"sign not match, {MORE}")
        markdown = call.values.get("markdown")
        if call.values.get("msgtype") != "markdown" or not isinstance(markdown, dict):
            return plain_error(40035, "缺少参数 msgtype")
        if not markdown.get("title") or not markdown.get("text"):
            return plain_error(40035, "缺少参数 markdown")
        return self._too_fast()

    def _too_fast(self) -> Reply | None:
        now = time.time()
        self.moments = [one for one in self.moments if one > now - 60] + [now]
        if len(self.moments) > PER_MINUTE and now >= self.silenced_until:
            self.silenced_until = now + PUNISHED
        if now < self.silenced_until:
            return plain_error(130101, "send too fast, exceed 20 times per minute")
        return None
