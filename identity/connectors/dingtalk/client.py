"""Calls of DingTalk's server API: token, pacing, retries, and answers with a shape.

Each method names the page of open.dingtalk.com/document/development/ it comes from.
Every request passes the gate, which spaces and numbers it. What leaves here is a value
or a `ConnectorError`; `CrawlStopped` ends a call whose reader was told to stop.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from identity.connectors.base import CrawlStopped, Gate
from identity.connectors.dingtalk import answers, errcodes, tokens
from identity.connectors.dingtalk.deadline import Limits
from identity.connectors.dingtalk.errcodes import TokenInvalid
from identity.connectors.dingtalk.transport import Reply, Request, Transport
from identity.connectors.errors import (
    ConnectorError,
    CredentialsRejected,
    Throttled,
    Unreachable,
)

AGENT = "sasebridge/1"
"""What DingTalk is told that holds a push connection."""
PAGE = 100
"""People a page; DingTalk's most."""
PACE = 0.95
"""Part of the allowed rate that is used: measured, nothing is refused at this pace."""
RETRY_GROWTH = 4
LONGEST_WAIT = 30.0

SCOPES = "/auth/scopes"
DEPARTMENT = "/topapi/v2/department/get"
SUB_DEPARTMENTS = "/topapi/v2/department/listsub"
MEMBERS = "/topapi/v2/user/list"
USER = "/topapi/v2/user/get"
USER_COUNT = "/topapi/user/count"
FAILED_PUSHES = "/call_back/get_call_back_failed_result"
TOKEN = "/v1.0/oauth2/accessToken"
STREAM = "/v1.0/gateway/connections/open"
CORP_TOKEN = "/v1.0/oauth2/{corpId}/token"

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
class _Call:
    """One request to be made; `name` is the path that is paced and logged."""

    method: str
    name: str
    url: str
    payload: Mapping[str, Any] | None
    legacy: bool
    rate: float = 0.0


class Client:
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
        self._transport = Transport(limits, self.stopped.is_set)
        self._slot = tokens.slot_for(_api(""), self.app_key, self._secret)
        self._lock = threading.Lock()
        self._calls = 0

    @property
    def calls(self) -> int:
        """Requests sent so far, token requests included."""
        return self._calls

    def close(self) -> None:
        """Close kept connections."""
        self._transport.close()

    # --- what can be asked ---

    def reach(self, base: str) -> str:
        """Ask a host for anything; its Date header. Raises Unreachable."""
        return self._transport.reach(base)

    def fresh_token(self) -> None:
        """Ask for a token whatever is in memory.

        obtain-the-access-token-of-an-internal-app
        """
        self._retrying(lambda: self._slot.get(self._fetch_token, fresh=True))

    def corp_token(self, corp_id: str) -> None:
        """Ask whether the app lives in this company; raises if not. api-gettoken"""
        payload = {
            "client_id": self.app_key,
            "client_secret": self._secret,
            "grant_type": "client_credentials",
        }
        url = _api(f"/v1.0/oauth2/{quote(corp_id, safe='')}/token")
        self._send(_Call("POST", CORP_TOKEN, url, payload, legacy=False))

    def scopes(self) -> Read[answers.Range]:
        """What the app may read. obtain-corpsecret-authorization-scope"""
        return self._oapi(SCOPES, None, answers.scopes, method="GET")

    def department(self, department: str) -> Read[answers.DepartmentItem]:
        """One department. query-department-details0-v2"""
        return self._oapi(DEPARTMENT, {"dept_id": int(department)}, answers.department)

    def sub_departments(self, department: str) -> Read[answers.Listing]:
        """The direct children. user-management-acquires-the-list-departments"""
        return self._oapi(
            SUB_DEPARTMENTS, {"dept_id": int(department)}, answers.listing
        )

    def members(self, department: str, cursor: int = 0) -> Read[answers.Page]:
        """A page of direct members, access-restricted ones included.

        queries-the-complete-information-of-a-department-user
        """
        payload = {
            "dept_id": int(department),
            "cursor": cursor,
            "size": PAGE,
            "contain_access_limit": True,
        }
        return self._oapi(MEMBERS, payload, answers.page)

    def user(self, userid: str) -> Read[Mapping[str, Any]]:
        """One person with all details. query-user-details"""
        return self._oapi(USER, {"userid": userid}, answers.user)

    def user_count(self) -> Read[int]:
        """How many people there are. user-management-acquires-number-employees"""
        return self._oapi(USER_COUNT, {"only_active": False}, answers.count)

    def failed_pushes(self) -> Read[answers.FailedPushes]:
        """Pushes that failed; what the call before gave is deleted by this one.

        obtain-the-event-list-of-failed-push-messages
        """
        return self._oapi(FAILED_PUSHES, None, answers.failed_pushes, method="GET")

    def open_stream(self) -> Read[answers.Gateway]:
        """A ticket for one push connection: it lives 90 s and is good for one use.

        developerpedia: learn/stream/protocol
        """
        self._check_given()
        payload = {
            "clientId": self.app_key,
            "clientSecret": self._secret,
            "ua": AGENT,
            "subscriptions": [{"type": "EVENT", "topic": "*"}],
        }
        call = _Call("POST", STREAM, _api(STREAM), payload, legacy=False)
        read = self._retrying(lambda: self._send(call))
        return Read(read.number, answers.gateway(read.value))

    # --- one call ---

    def _oapi(
        self,
        path: str,
        payload: Mapping[str, Any] | None,
        parse: Callable[[Mapping[str, Any]], T],
        *,
        method: str = "POST",
    ) -> Read[T]:
        """A legacy call: its answer in its shape, after retries and one new token."""
        url = settings.DINGTALK_OAPI_URL.rstrip("/") + path
        rate = settings.DINGTALK_RATE * PACE
        call = _Call(method, path, url, payload, legacy=True, rate=rate)
        read = self._retrying(lambda: self._with_token(call))
        try:
            return Read(read.number, parse(read.value))
        except ConnectorError as error:
            error.read = read.number
            raise

    def _with_token(self, call: _Call) -> Read[Any]:
        token = self._slot.get(self._fetch_token)
        try:
            return self._send(call, token)
        except TokenInvalid:
            logger.info("%s: the token is refused, asking for a new one", call.name)
        token = self._slot.get(self._fetch_token, refused=token)
        return self._send(call, token)

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
        call = _Call("POST", TOKEN, _api(TOKEN), payload, legacy=False)
        value, seconds = answers.token(self._send(call).value)
        return tokens.Token.lasting(value, seconds)

    def _send(self, call: _Call, token: str = "") -> Read[Any]:
        """Pass the gate, send, judge. Raises ConnectorError with the read's number."""
        if self.stopped.is_set():
            raise CrawlStopped
        number = self.gate.enter(self.app_key, call.name, call.rate)
        with self._lock:
            self._calls += 1
        hide = (self._secret, token)
        params = {"access_token": token} if token else {}
        request = Request(call.method, call.url, params, call.payload)
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

    def _judge(self, reply: Reply, call: _Call, hide: tuple[str, ...]) -> None:
        if error := errcodes.judge(
            reply.status,
            reply.body,
            legacy=call.legacy,
            app_key=self.app_key,
            hide=hide,
        ):
            raise error

    # --- again ---

    def _retrying(self, attempt: Callable[[], T]) -> T:
        """Repeat by class of error: Unreachable and Throttled, and nothing else."""
        left = self.patience
        while True:
            try:
                return attempt()
            except Unreachable as error:
                if not left.unreachable or error.reason == "tls":
                    raise
                wait = self._backoff(self.patience.unreachable - left.unreachable)
                left = replace(left, unreachable=left.unreachable - 1)
            except Throttled as error:
                wait = error.retry_after
                if not left.throttled or error.quota or wait > left.longest_wait:
                    raise
                wait += self._backoff(self.patience.throttled - left.throttled) / 4
                left = replace(left, throttled=left.throttled - 1)
            if self._pause(min(wait, left.longest_wait)):
                raise CrawlStopped

    def _backoff(self, tries: int) -> float:
        """Seconds before the next try, growing and jittered."""
        longest: float = settings.DINGTALK_RETRY_BASE * RETRY_GROWTH**tries
        return min(longest, LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311


def _api(path: str) -> str:
    return str(settings.DINGTALK_API_URL).rstrip("/") + path
