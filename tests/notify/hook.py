"""A receiver of webhooks on loopback that verifies by the spec, with code of its own."""

import base64
import binascii
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Hook:
    """What came and was good; `answer` decides the status of each."""

    port: int = 0
    secrets: list[str] = field(default_factory=list)
    answer: Callable[[int], int] = lambda number: 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    came: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?way=1"

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Every change of every message that was taken, each message id once."""
        once = {one["id"]: one for one in self.came if one["status"] < 300}
        return [c for one in once.values() for c in one["data"].get("changes", [])]


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Standard Webhooks 1.0.0: HMAC-SHA256 over id.timestamp.body, any of the v1 ones."""
    assert secret.startswith("whsec_")
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    assert 24 <= len(key) <= 64
    stamp = headers["webhook-timestamp"]
    if abs(time.time() - int(stamp)) > 300:
        return False
    signed = b".".join((headers["webhook-id"].encode(), stamp.encode(), body))
    wanted = hmac.new(key, signed, hashlib.sha256).digest()
    for one in headers["webhook-signature"].split(" "):
        version, _, given = one.partition(",")
        try:
            right = hmac.compare_digest(base64.b64decode(given, validate=True), wanted)
        except binascii.Error:
            right = False
        if version == "v1" and right:
            return True
    return False


@contextmanager
def hooked() -> Iterator[Hook]:
    """A receiver that listens."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if not all(verified(one, headers, body) for one in hook.secrets):
                hook.refused += 1
                return self._say(401)
            status = hook.answer(len(hook.came))
            got = json.loads(body) | {"id": headers["webhook-id"], "status": status}
            hook.came.append(got | {"signatures": headers["webhook-signature"]})
            return self._say(status)

        def _say(self, status: int) -> None:
            self.send_response_only(status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(hook.body)))
            self.end_headers()
            self.wfile.write(hook.body)

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None  # type: ignore[method-assign]
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield hook
    server.shutdown()
    server.server_close()
    thread.join(5)
