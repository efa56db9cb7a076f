"""How a call of DingTalk's server API is made: token, pacing, retries, time.

Every request passes the gate, which spaces and numbers it. What leaves here is a value
or a `ConnectorError`; `CrawlStopped` ends a call whose reader was told to stop.
"""

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _

from identity.connectors.base import CrawlStopped, Gate
from identity.connectors.dingtalk import answers, errcodes, tokens
from identity.connectors.dingtalk.deadline import Limits
from identity.connectors.dingtalk.errcodes import TokenInvalid
from identity.connectors.dingtalk.transport import (
    Reply,
    Request,
    Transport,
    explain,
)
from identity.connectors.errors import (
    ConnectorError,
    CredentialsRejected,
    Throttled,
    Unreachable,
)

PACE = 0.95
"""Part of the allowed rate that is used: measured, nothing is refused at this pace."""
RETRY_GROWTH = 4
LONGEST_WAIT = 30.0

TOKEN = "/v1.0/oauth2/accessToken"

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is repeated after an error of its class, and the longest wait."""

    unreachable: int = 3
    throttled: int = 3
    longest_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """An answer and its read's number."""

    number: int
    value: T


@dataclass(frozen=True, slots=True)
class Call:
    """One request to be made; `name` is the path that is paced and logged."""

    method: str
    name: str
    url: str
    payload: Mapping[str, Any] | None = field(repr=False)
    legacy: bool
    rate: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    hide: tuple[str, ...] = field(default=(), repr=False)
    """What an answer may repeat and nobody shall see."""


class Caller:
    """One app of one company. May be used by several threads at once.

    `stopped` ends waiting and reading when it is set. `pause` waits so many seconds
    and says whether it was stopped meanwhile.
    """

    def __init__(
        self,
        credentials: Mapping[str, str],
        gate: Gate,
        *,
        stopped: threading.Event | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self.app_key = credentials.get("app_key", "")
        self._secret = credentials.get("app_secret", "")
        self.gate = gate
        self.stopped = stopped or threading.Event()
        self.patience = patience or Patience()
        self._pause = pause or self.stopped.wait
        limits = limits or Limits(*settings.DINGTALK_TIMEOUTS)
        self._until = limits.until
        self._transport = Transport(limits, self.stopped.is_set)
        self._slot = tokens.slot_for(api(""), self.app_key, self._secret)
        self._lock = threading.Lock()
        self._calls = 0

    @property
    def calls(self) -> int:
        """Requests sent so far, token requests included."""
        return self._calls

    def close(self) -> None:
        """Close kept connections."""
        self._transport.close()

    # --- one call ---

    def _oapi(
        self,
        path: str,
        payload: Mapping[str, Any] | None,
        parse: Callable[[Mapping[str, Any]], T],
        *,
        method: str = "POST",
        paced: bool = True,
        patience: Patience | None = None,
        hide: tuple[str, ...] = (),
    ) -> Read[T]:
        """A legacy call: its answer in its shape, after retries and one new token."""
        url = settings.DINGTALK_OAPI_URL.rstrip("/") + path
        rate = settings.DINGTALK_RATE * PACE if paced else 0.0
        call = Call(method, path, url, payload, legacy=True, rate=rate, hide=hide)
        read = self._retrying(lambda: self._with_token(call), patience)
        return _shaped(read, parse)

    def _api(
        self,
        call: Call,
        parse: Callable[[Mapping[str, Any]], T],
        patience: Patience | None = None,
    ) -> Read[T]:
        """A v1.0 call that needs no app token: its answer in its shape."""
        return _shaped(self._retrying(lambda: self._send(call), patience), parse)

    def _with_token(self, call: Call) -> Read[Any]:
        token = self._token()
        try:
            return self._send(call, token)
        except TokenInvalid:
            logger.info("%s: the token is refused, asking for a new one", call.name)
        return self._send(call, self._token(refused=token))

    def _token(self, *, refused: str = "") -> str:
        """The app's token; somebody else's request for it is not awaited for ever."""
        left = self._until - time.monotonic()
        within = None if math.isinf(left) else max(left, 0.0)
        try:
            return self._slot.get(self._fetch_token, refused=refused, within=within)
        except TimeoutError:
            message, remedy = explain("deadline")
        raise Unreachable(message, code="deadline", remedy=remedy, reason="deadline")

    def _check_given(self) -> None:
        if not (self.app_key and self._secret):
            raise CredentialsRejected(
                _("AppKey or AppSecret is not set."),
                code="blank",
                remedy=_("Enter both in Basic Configurations."),
            )

    def _fetch_token(self) -> tokens.Token:
        self._check_given()
        payload = {"appKey": self.app_key, "appSecret": self._secret}
        call = Call("POST", TOKEN, api(TOKEN), payload, legacy=False)
        value, seconds = answers.token(self._send(call).value)
        return tokens.Token.lasting(value, seconds)

    def _send(self, call: Call, token: str = "") -> Read[Any]:
        """Pass the gate, send, judge. Raises ConnectorError with the read's number."""
        if self.stopped.is_set():
            raise CrawlStopped
        number = self.gate.enter(self.app_key, call.name, call.rate)
        if self.stopped.is_set():  # while it waited for its turn
            raise CrawlStopped
        with self._lock:
            self._calls += 1
        hide = (self._secret, token, *call.hide)
        params = {"access_token": token} if token else {}
        request = Request(call.method, call.url, params, call.payload, call.headers)
        began, code = time.perf_counter(), "0"
        try:
            reply = self._transport.send(request, hide=hide)
            self._judge(reply, call, hide)
            return Read(number, reply.body)
        except ConnectorError as error:
            error.read, code = number, error.code
            raise
        finally:
            took = (time.perf_counter() - began) * 1000
            logger.debug("%s %s %.0f ms", call.name, code, took)

    def _judge(self, reply: Reply, call: Call, hide: tuple[str, ...]) -> None:
        if error := errcodes.judge(
            reply.status,
            reply.body,
            legacy=call.legacy,
            app_key=self.app_key,
            hide=hide,
        ):
            raise error

    # --- again ---

    def _retrying(
        self, attempt: Callable[[], T], patience: Patience | None = None
    ) -> T:
        """Repeat by class of error: Unreachable and Throttled, and nothing else."""
        patience = left = patience or self.patience
        while True:
            try:
                return attempt()
            except Unreachable as error:
                wait = self._backoff(patience.unreachable - left.unreachable)
                if not left.unreachable or error.reason == "tls" or self._late(wait):
                    raise
                left = replace(left, unreachable=left.unreachable - 1)
            except Throttled as error:
                wait = error.retry_after
                if not left.throttled or error.quota or self._late(wait):
                    raise
                if wait > left.longest_wait:
                    raise
                wait += self._backoff(patience.throttled - left.throttled) / 4
                left = replace(left, throttled=left.throttled - 1)
            if self._pause(min(wait, left.longest_wait)):
                raise CrawlStopped

    def _late(self, wait: float) -> bool:
        """Whether there is no time left for a try after this wait."""
        return time.monotonic() + wait >= self._until

    def _backoff(self, tries: int) -> float:
        """Seconds before the next try, growing and jittered."""
        longest: float = settings.DINGTALK_RETRY_BASE * RETRY_GROWTH**tries
        return min(longest, LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311


def _shaped(read: Read[Any], parse: Callable[[Mapping[str, Any]], T]) -> Read[T]:
    try:
        return Read(read.number, parse(read.value))
    except ConnectorError as error:
        error.read = read.number
        raise


def api(path: str) -> str:
    """The address of a path on the v1.0 host."""
    return str(settings.DINGTALK_API_URL).rstrip("/") + path
