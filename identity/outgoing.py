"""The one client for addresses that an administrator typed (T-35).

Such an address may name a host that only this server can reach. So a name is resolved
once, what it leads to is judged, and exactly that is connected to; redirects are not
followed, no proxy of the environment is used, and nothing lasts longer than `WHOLE`.
"""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from identity import redirects
from identity.redirects import Kind

CONNECT, WHOLE = 3.0, 5.0
MOST = 64 * 1024
"""Bytes of an answer."""
NAT64 = IPv6Network("64:ff9b::/96")
SPECIAL = tuple(
    map(ip_network, ("192.0.0.0/24", "64:ff9b:1::/48", "3fff::/20", "5f00::/16"))
)
"""Of no use to a receiver, and known to newer versions of Python only: clouds answer
with their secrets in the first one, the second one leads into the network's own."""
Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, what the header Retry-After says, and whether the body, which nobody
    reads, was within `MOST`."""

    status: int
    retry_after: str = ""
    whole: bool = True


class Undelivered(Exception):
    """Why there is no answer: a word, and what belongs to it after a colon."""


def post(url: str, form: Mapping[str, str], resolve: Resolve | None = None) -> int:
    """Send a form; the status of the answer. Raises Undelivered, and nothing else."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = send(url, urlencode(form).encode(), headers, resolve)
    if not answer.whole:
        raise Undelivered("size")
    return answer.status


def send(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    resolve: Resolve | None = None,
    kind: Kind = Kind.BACK_CHANNEL,
) -> Answer:
    """POST a body; the answer, cut at `MOST`. Raises Undelivered, and nothing else."""
    try:
        redirects.check(url, kind)
    except ValidationError as error:
        raise Undelivered("address") from error
    ends = time.monotonic() + WHOLE
    parts = urlsplit(url)
    try:
        with _connected(parts, resolve or system_resolver, ends) as sock:
            return _exchange(sock, parts, body, headers)
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(f"tls:{error.verify_message}"[:100]) from error
    except (OSError, HTTPException, ValueError) as error:
        late = isinstance(error, TimeoutError) or time.monotonic() >= ends
        raise Undelivered("timeout" if late else _named(error)) from error


def _named(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"tls:{error.reason}"[:100]
    return "answer" if isinstance(error, HTTPException | ValueError) else "connect"


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open network, whatever it is wrapped in."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if ip in NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inner or ip
    if any(ip in network for network in SPECIAL):
        return False
    site_local = isinstance(ip, IPv6Address) and ip.is_site_local
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or site_local)


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a name, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _resolved(host: str, port: int, resolve: Resolve) -> list[str]:
    """The same within `CONNECT`: the system's resolver knows no deadline, so it is asked
    in a thread of its own."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError):
            answers.put([])

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=CONNECT)
    except queue.Empty:
        found = []
    if not found:
        raise Undelivered("name")
    return found


@contextmanager
def _connected(
    parts: SplitResult, resolve: Resolve, ends: float
) -> Iterator[socket.socket]:
    """A connection to what the name leads to now, cut when the time is over."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = _resolved(host, port, resolve)
    hidden = [address for address in found if not is_public(address)]
    if hidden and host not in settings.LOGOUT_PRIVATE_HOSTS:
        raise Undelivered(f"private:{hidden[0]}")
    sock = _first(found, port, min(ends, time.monotonic() + CONNECT))
    if parts.scheme == "https":
        context = ssl.create_default_context()
        sock = context.wrap_socket(
            sock, server_hostname=host, do_handshake_on_connect=False
        )
    # A peer that sends a byte a second outlives every time-out of a single read.
    watch = threading.Timer(ends - time.monotonic(), _cut, [sock])
    watch.daemon = True
    watch.start()
    try:
        sock.settimeout(max(ends - time.monotonic(), 0.1))
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        yield sock
    finally:
        watch.cancel()
        sock.close()


def _first(addresses: list[str], port: int, ends: float) -> socket.socket:
    """Connect to the first that answers; they share the time."""
    failure: OSError = TimeoutError()
    for address in addresses:
        left = ends - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, port), timeout=left)
        except OSError as error:
            failure = error
    raise failure


def _cut(sock: socket.socket) -> None:
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS: it has no say
    except OSError:
        return  # over already


def _exchange(
    sock: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """One request and its answer, over this connection."""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    call = HTTPConnection(parts.hostname or "")
    call.sock = sock
    call.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
    call.putheader("Host", parts.netloc)
    for name, value in headers.items():
        call.putheader(name, value)
    call.putheader("Content-Length", str(len(body)))
    call.putheader("Connection", "close")
    call.endheaders(body)
    return _answer(call.getresponse())


def _answer(answer: HTTPResponse) -> Answer:
    whole = len(answer.read(MOST + 1)) <= MOST
    if whole and answer.length:  # it ended, or was cut, before the answer did
        raise HTTPException("incomplete")
    return Answer(answer.status, answer.headers.get("Retry-After", ""), whole)
