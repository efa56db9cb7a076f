"""A gate that only counts, and a server on loopback that can break any rule of HTTP."""

import contextlib
import itertools
import socket
import socketserver
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from identity.connectors.dingtalk import tokens
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.connector import DingTalk


class CountingGate:
    """Numbers reads and remembers who passed; paces nothing."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.passed: dict[str, list[int]] = defaultdict(list)
        self.rates: dict[str, set[float]] = defaultdict(set)
        self.released: list[str] = []

    def enter(self, app: str, path: str, rate: float) -> int:
        with self._lock:
            number = next(self._numbers)
            self.passed[path].append(number)
            self.rates[path].add(rate)
            return number

    def release(self) -> None:
        self.released.append(threading.current_thread().name)


@pytest.fixture(autouse=True)
def _no_token_of_another_test() -> Iterator[None]:
    tokens.forget()
    yield
    tokens.forget()


@pytest.fixture
def gate() -> CountingGate:
    return CountingGate()


@pytest.fixture
def dingtalk(credentials: dict[str, str], gate: CountingGate) -> DingTalk:
    """The connector, wired to the simulator."""
    return DingTalk(credentials, gate)


@pytest.fixture
def client(credentials: dict[str, str], gate: CountingGate) -> Iterator[Client]:
    """A client of the simulator whose waits take no time."""
    client = Client(credentials, gate, pause=lambda seconds: False)
    yield client
    client.close()


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
