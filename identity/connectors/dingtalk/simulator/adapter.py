"""Calls the simulator in process: a `requests` adapter that opens no socket.

Hosts oapi.*, api.* and login.* lead to the three parts; any other host is taken to be
the simulator itself, with the parts as prefixes of the path.
"""

import io
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)

from identity.connectors.dingtalk.simulator.api import SLEEP, Simulator
from identity.connectors.dingtalk.simulator.effects import Broken
from identity.connectors.dingtalk.simulator.wire import API, LOGIN, OAPI

CALLER = "203.0.113.9"
"""The address from which in-process calls seem to come."""


class WsgiAdapter(HTTPAdapter):
    """Any number of threads may use one adapter, as with a real one.

    Waiting is real up to the caller's time-out; a longer wait fails at once, so that
    tests of time-outs are quick.
    """

    def __init__(self, simulator: Simulator, address: str = CALLER) -> None:
        super().__init__()
        self.simulator = simulator
        self.address = address

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer one request, or raise what a network would."""
        limit = timeout[1] if isinstance(timeout, tuple) else timeout

        def sleep(seconds: float) -> None:
            if limit is not None and seconds > limit:
                raise requests.ReadTimeout("Read timed out.", request=request)
            time.sleep(seconds)

        try:
            response = self._run(request, self._environ(request) | {SLEEP: sleep})
        except Broken as fault:
            raise _network_error(str(fault), request) from fault
        if not stream:
            response.content  # noqa: B018 - reads it, as the real adapter does
        return response

    def _run(
        self, request: requests.PreparedRequest, environ: dict[str, Any]
    ) -> requests.Response:
        begun: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            begun.append((int(status.split()[0]), headers))

        body = self.simulator(environ, start)
        status, headers = begun[0]
        raw = HTTPResponse(
            body=io.BufferedReader(_Stream(body)),
            headers={"Date": formatdate(usegmt=True)} | dict(headers),
            status=status,
            preload_content=False,
            request_method=request.method,
        )
        return self.build_response(request, raw)

    def _environ(self, request: requests.PreparedRequest) -> dict[str, Any]:
        parts = urlsplit(request.url or "")
        host = parts.hostname or ""
        path = unquote(str(parts.path))
        for family in (OAPI, API, LOGIN):
            if host.startswith(f"{family}."):
                path = f"/{family}{path}"
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        headers = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in request.headers.items()
        }
        return headers | {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(content)),
            "REMOTE_ADDR": self.address,
            "wsgi.input": io.BytesIO(content),
        }


class _Stream(io.RawIOBase):
    """A WSGI body as a file that is read as it comes."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts: Iterator[bytes] = iter(parts)
        self._rest = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the next part goes; 0 at the end."""
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = part
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _network_error(
    kind: str, request: requests.PreparedRequest
) -> requests.RequestException:
    """What `requests` raises for a fault of the network."""
    host = urlsplit(request.url or "").hostname or ""
    pool, connection = HTTPConnectionPool(host), HTTPConnection(host)
    url = request.url or ""
    if kind == "timeout":
        return requests.ReadTimeout("Read timed out.", request=request)
    if kind == "tls":
        untrusted = SSLError("certificate verify failed: self-signed certificate")
        return requests.exceptions.SSLError(
            MaxRetryError(pool, url, untrusted), request=request
        )
    if kind == "dns":
        missing = socket.gaierror(-2, "Name or service not known")
        return requests.ConnectionError(
            MaxRetryError(pool, url, NameResolutionError(host, connection, missing)),
            request=request,
        )
    if kind == "refused":
        refused = NewConnectionError(connection, "Connection refused")
        return requests.ConnectionError(
            MaxRetryError(pool, url, refused), request=request
        )
    reset = ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
    return requests.ConnectionError(reset, request=request)
