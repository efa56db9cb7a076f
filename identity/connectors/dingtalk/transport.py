"""One HTTP request, one answer: the only place that knows `requests`.

No proxy of the environment, no redirect, no cookie, TLS always verified, a deadline
for the whole call, and no body above 8 MiB after decompression (R6). What a failure
says carries no address, because DingTalk's legacy token stands in the address.
"""

import http.cookiejar
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from requests.adapters import BaseAdapter
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from identity.connectors.base import CrawlStopped
from identity.connectors.dingtalk import errcodes, said
from identity.connectors.dingtalk.deadline import (
    Deadline,
    DeadlineAdapter,
    Limits,
    obeying,
)
from identity.connectors.errors import ConnectorError, Foreign, Unreachable

MOST_BYTES = 8 * 1024 * 1024
CHUNK = 64 * 1024
CONNECTIONS = 16
"""Kept open for each host; at most this many threads of a read call at a time."""

HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip"}

logger = logging.getLogger(__name__)


class _NoAddresses(logging.Filter):
    """Keeps urllib3 from logging addresses with tokens, whatever its level is."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                said.clean(each) if isinstance(each, str) else each
                for each in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_NoAddresses())


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `payload` is sent as JSON. Secrets may stand anywhere but in `url`."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    payload: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: HTTP status, the Date header, and the JSON in it."""

    status: int
    date: str
    body: Any = field(repr=False)


class Transport:
    """Sends requests; may be used by several threads at once.

    `stopped` is asked while an answer is awaited; True ends it with `CrawlStopped`.
    """

    def __init__(self, limits: Limits, stopped: Callable[[], bool]) -> None:
        self._limits = limits
        self._stopped = stopped
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(
            http.cookiejar.DefaultCookiePolicy(allowed_domains=[])
        )
        adapter = _adapter()
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        """Close kept connections."""
        self._session.close()

    def reach(self, url: str) -> str:
        """Get any answer from a host; returns its Date header. Raises Unreachable."""
        status, date, _text = self._exchange(Request("GET", url))
        logger.debug("reached a host: HTTP %s", status)
        return date

    def send(self, request: Request, *, hide: Iterable[str] = ()) -> Reply:
        """Send one request; raises Unreachable, Throttled or Unexpected.

        `hide` are secrets that may stand in an answer and must not be shown.
        """
        status, date, text = self._exchange(request)
        if 300 <= status < 400:
            raise Foreign(
                _("DingTalk never redirects, but the answer is a redirect."),
                code=f"redirect-{status}",
                remedy=_("Look for a portal or a proxy on the way to DingTalk."),
            )
        try:
            return Reply(status, date, json.loads(text))
        except RecursionError:
            error: ConnectorError = Foreign(
                _("The answer is nested too deeply."), code="deep", remedy=_between()
            )
        except ValueError:
            error = errcodes.not_json(status, text, hide=hide)
        logger.warning("no JSON (HTTP %s): %s", status, said.clean(text, hide))
        raise error

    def _exchange(self, request: Request) -> tuple[int, str, str]:
        """Status, Date header and text of the answer."""
        deadline = Deadline(self._limits, self._stopped)
        try:
            with obeying(deadline):
                return self._read(request, deadline)
        except (requests.RequestException, HTTPError, OSError) as error:
            failure = _failure(error, deadline)
        # Outside of the handler: the library's own error names the address.
        raise failure

    def _read(self, request: Request, deadline: Deadline) -> tuple[int, str, str]:
        with self._session.request(
            request.method,
            request.url,
            params=request.params,
            headers={**HEADERS, **request.headers},
            json=request.payload,
            stream=True,
            allow_redirects=False,
            timeout=(self._limits.connect, self._limits.read),
        ) as response:
            body = bytearray()
            # read1 gives what has come; iter_content would wait for a whole chunk.
            while chunk := response.raw.read1(CHUNK, decode_content=True):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise Foreign(
                        _("The answer is too large."),
                        code="too-large",
                        remedy=_between(),
                    )
                deadline.allow(self._limits.read)
            text = body.decode(errors="replace")
            return response.status_code, response.headers.get("Date", ""), text


def _adapter() -> BaseAdapter:
    if settings.DINGTALK_TRANSPORT:
        adapter: BaseAdapter = import_string(settings.DINGTALK_TRANSPORT)()
        return adapter
    return DeadlineAdapter(pool_connections=4, pool_maxsize=CONNECTIONS)


# --- why a call failed ---


def _failure(error: Exception, deadline: Deadline) -> Exception:
    if deadline.stopped():
        return CrawlStopped()
    reason = "deadline" if deadline.over else _reason(error)
    message, remedy = explain(reason)
    return Unreachable(message, code=reason, remedy=remedy, reason=reason)


def _reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ProxyError):
        return "proxy"
    if isinstance(error, requests.exceptions.SSLError):
        return "tls"
    if isinstance(error, requests.Timeout) or _caused_by(error, TimeoutError):
        return "timeout"
    if _caused_by(error, NameResolutionError):
        return "dns"
    if _caused_by(error, NewConnectionError):
        return "refused"
    return "network"


def _caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether an error of this kind stands anywhere behind `error`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        if isinstance(each, kind):
            return True
        seen.add(id(each))
        waiting += [each.__cause__, each.__context__, getattr(each, "reason", None)]
        waiting += each.args
    return False


def _between() -> str:
    return _(
        "Look for a gateway, a portal or a proxy between this server and DingTalk."
    )


def explain(reason: str) -> tuple[str, str]:
    """What happened and what to do, for people."""
    address = _("Check the server address and server port, and this server's network.")
    again = _("It is tried again by itself.")
    return {
        "dns": (_("The name of DingTalk's server cannot be resolved."), address),
        "refused": (
            _("No connection to DingTalk's server: refused, or no way to it."),
            address,
        ),
        "tls": (
            _("DingTalk's certificate cannot be verified, or the port speaks no TLS."),
            _("Look for a proxy that opens TLS, and check this server's clock."),
        ),
        "timeout": (_("DingTalk's server did not answer in time."), again),
        "deadline": (_("DingTalk's answer took too long as a whole."), again),
        "proxy": (
            _("The proxy between this server and DingTalk refused the connection."),
            _("Let this server reach DingTalk without a proxy."),
        ),
    }.get(reason, (_("The connection to DingTalk broke off."), again))
