"""An application's back-channel logout address on loopback, which answers as told."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Receiver:
    """What came, and what is answered: a status, headers, a body, in slow drops."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drops: bool = False
    silent: bool = False
    came: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/logout?way=back"

    @property
    def tokens(self) -> list[str]:
        return [one["form"]["logout_token"][0] for one in self.came]


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver, over = Receiver(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = parse_qs(self.rfile.read(length).decode())
            receiver.came.append(
                {"path": self.path, "headers": dict(self.headers), "form": form}
            )
            if receiver.silent:
                over.wait(20)
                return
            self.send_response_only(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self._write()

        def _write(self) -> None:
            try:
                if receiver.drops:
                    while not over.wait(0.05):
                        self.wfile.write(b"x")
                        self.wfile.flush()
                self.wfile.write(receiver.body)
            except OSError:
                return

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield receiver
    over.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


def wait_for(receiver: Receiver, number: int, seconds: float = 5.0) -> None:
    """Until so many have come."""
    ends = time.monotonic() + seconds
    while len(receiver.came) < number and time.monotonic() < ends:
        time.sleep(0.02)
