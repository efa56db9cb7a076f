"""Real sockets on this machine: a server that can break any rule of HTTP, and the
simulator on a port, so that its faults meet the product's own connections."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from waitress import wasyncore
from waitress.server import BaseWSGIServer

from identity.connectors.dingtalk.simulator import serving
from identity.connectors.dingtalk.simulator.api import Simulator

Handler = Callable[[socket.socket, str], None]
Listen = Callable[[Handler], str]


@pytest.fixture
def listen(settings: Any) -> Iterator[Listen]:
    """Serve a function on loopback as both of DingTalk's hosts; gives the address.

    The function gets a socket and the head of one request, and may do anything.
    """
    servers: list[socketserver.ThreadingTCPServer] = []
    settings.DINGTALK_TRANSPORT, settings.DINGTALK_RATE = "", 0

    def start(handle: Handler) -> str:
        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                head = self.request.recv(65536).decode(errors="replace")
                with contextlib.suppress(OSError):  # a client that goes away may
                    handle(self.request, head)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        settings.DINGTALK_OAPI_URL = settings.DINGTALK_API_URL = base
        return base

    yield start
    for server in servers:
        server.shutdown()
        server.socket.close()


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer with an honest length, unless a header says another one."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if not any(line.lower().startswith("content-length") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def on_a_port(simulator: Simulator, settings: Any) -> Iterator[Simulator]:
    """The simulator behind a real port; the client goes there through the network."""
    server = serving.listen(simulator, 0)
    assert isinstance(server, BaseWSGIServer)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.effective_port}"
    settings.DINGTALK_TRANSPORT = ""
    settings.DINGTALK_OAPI_URL = f"{base}/oapi"
    settings.DINGTALK_API_URL = f"{base}/api"
    settings.DINGTALK_LOGIN_URL = f"{base}/login"
    yield simulator
    # In its own thread: it may be waiting for these sockets just now.
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    thread.join(5)
