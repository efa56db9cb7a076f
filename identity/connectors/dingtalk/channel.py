"""One WebSocket to DingTalk: the only place that knows the package `websockets`.

Without it everything but stream mode works. No proxy of the environment, no redirect,
TLS always verified, a limit for the size of what comes, and nothing in the log: the
library would write the ticket and people's names there.
"""

import contextlib
import importlib.util
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from identity.connectors.base import CrawlStopped
from identity.connectors.dingtalk.answers import Gateway
from identity.connectors.dingtalk.deadline import Deadline, Limits, resolve
from identity.connectors.dingtalk.transport import explain
from identity.connectors.errors import (
    ConnectorError,
    Foreign,
    Unexpected,
    Unreachable,
)

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

PACKAGE = "websockets"
MOST_BYTES = 1024 * 1024
"""Of one message; above it the connection ends. What is looked at is less."""
FAREWELL = 0.5
"""Seconds for the closing handshake."""
PORTS = {"wss": 443, "ws": 80}

quiet = logging.getLogger(f"{__name__}.library")
quiet.setLevel(logging.WARNING)


class Channel:
    """An open connection, for one thread."""

    def __init__(self, connection: "ClientConnection") -> None:
        self._connection = connection

    def receive(self, seconds: float) -> bytes | None:
        """The next message; None if there is none in this time. Raises Unreachable."""
        with _as_ours():
            try:
                return self._connection.recv(seconds, decode=False)
            except TimeoutError:
                return None

    def send(self, text: str) -> None:
        """Send a text. Raises Unreachable."""
        with _as_ours():
            self._connection.send(text)


def trouble() -> ConnectorError | None:
    """What stands in the way of stream mode here: the package is not installed."""
    if importlib.util.find_spec(PACKAGE) is not None:
        return None
    return ConnectorError(
        _("Stream Mode needs the Python package %(name)s, which is not installed.")
        % {"name": PACKAGE},
        code="no-package",
        remedy=_("Run pip install %(name)s on this server, or choose HTTP Push.")
        % {"name": PACKAGE},
    )


@contextlib.contextmanager
def opened(gateway: Gateway, stopped: Callable[[], bool]) -> Iterator[Channel]:
    """A connection to where the gateway says; closed at the end.

    Raises a ConnectorError, or CrawlStopped if `stopped` came true meanwhile.
    """
    with contextlib.ExitStack() as stack:
        yield Channel(stack.enter_context(_connected(gateway, stopped)))


def _connected(gateway: Gateway, stopped: Callable[[], bool]) -> "ClientConnection":
    """The connection, with its handshake done."""
    from websockets.sync.client import connect

    parts = _checked(gateway.endpoint)
    mark = "&" if parts.query else "?"
    limits = Limits(*settings.DINGTALK_TIMEOUTS)
    interval, patience = settings.DINGTALK_STREAM_PING
    try:
        with _as_ours():
            sock = _socket(parts, Deadline(limits, stopped))
            try:
                return connect(
                    f"{gateway.endpoint}{mark}ticket={quote(gateway.ticket, safe='')}",
                    # A socket of ours, so that no redirect is followed.
                    sock=sock,
                    compression=None,
                    user_agent_header=None,
                    proxy=None,
                    open_timeout=limits.read,
                    ping_interval=interval,
                    ping_timeout=patience,
                    close_timeout=FAREWELL,
                    max_size=MOST_BYTES,
                    logger=quiet,
                )
            except BaseException:
                sock.close()
                raise
    except ConnectorError:
        if stopped():
            raise CrawlStopped from None
        raise


def _checked(endpoint: str) -> SplitResult:
    """The parts of an address that we may connect to: TLS, or this machine itself."""
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        plain_here = parts.scheme == "ws" and _is_loopback(host)
        fit = (parts.scheme == "wss" or plain_here) and parts.port != 0
    except ValueError:
        fit = False
    if not fit or not host or "@" in parts.netloc or parts.fragment:
        raise Unexpected(
            _("DingTalk named no address that a connection may be opened to."),
            code="endpoint",
            remedy=_("It is tried again by itself."),
        )
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _socket(parts: SplitResult, deadline: Deadline) -> socket.socket:
    """A connected socket; the first address of the name that answers."""
    port = parts.port or PORTS[parts.scheme]
    failure: OSError = TimeoutError()
    for address in resolve(parts.hostname or "", port, deadline):
        limit = deadline.allow(deadline.limits.connect)
        try:
            return socket.create_connection((address, port), limit)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise failure
    raise ConnectionRefusedError(*failure.args)


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """Turn the library's errors into ours: its texts name the address with the ticket."""
    from websockets.exceptions import WebSocketException

    try:
        yield
        return
    except (WebSocketException, OSError, ValueError, EOFError) as error:
        failure = _failure(error)
    raise failure


def _failure(error: Exception) -> ConnectorError:
    from websockets.exceptions import ConnectionClosed, InvalidStatus

    if isinstance(error, ConnectionClosed):
        if error.sent is not None and error.sent.code == 1009:
            return Unexpected(
                _("DingTalk sent more in one piece than an event can be."),
                code="too-large",
                remedy=_("It is tried again by itself."),
            )
        return _unreachable("network")
    if isinstance(error, InvalidStatus) and not 300 <= error.response.status_code < 400:
        status = error.response.status_code
        return Unreachable(
            _("DingTalk did not let the push connection in (HTTP status %(status)s).")
            % {"status": status},
            code=str(status),
            remedy=_("It is tried again by itself."),
            reason="network",
        )
    if isinstance(error, OSError):
        return _unreachable(_reason(error))
    if isinstance(error.__cause__, EOFError | OSError):  # closed in the handshake
        return _unreachable("network")
    return Foreign(
        _("Something else than DingTalk answered where the push connection leads."),
        code="handshake",
        remedy=_(
            "Look for a gateway, a portal or a proxy between this server and DingTalk."
        ),
    )


def _reason(error: OSError) -> str:
    kinds: tuple[tuple[type[OSError], str], ...] = (
        (ssl.SSLError, "tls"),
        (TimeoutError, "timeout"),
        (socket.gaierror, "dns"),
        (ConnectionRefusedError, "refused"),
    )
    return next((name for kind, name in kinds if isinstance(error, kind)), "network")


def _unreachable(reason: str) -> Unreachable:
    message, remedy = explain(reason)
    return Unreachable(message, code=reason, remedy=remedy, reason=reason)
