"""The simulator as a WSGI app: lets calls in as DingTalk does, and counts them.

State is in `state` and `company`, replies in `departments`, `users` and `access`, pushes
in `pusher` and `stream`, faults in `faults` and `effects`; this module only leads a call past them.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from identity.connectors.dingtalk.simulator import (
    access,
    control,
    departments,
    groups,
    login,
    pages,
    storage,
    users,
)
from identity.connectors.dingtalk.simulator.effects import Broken, Effect
from identity.connectors.dingtalk.simulator.faults import Faults
from identity.connectors.dingtalk.simulator.pusher import (
    Outcome,
    Pusher,
    Subscription,
)
from identity.connectors.dingtalk.simulator.register import Impossible
from identity.connectors.dingtalk.simulator.routes import Route
from identity.connectors.dingtalk.simulator.state import Platform
from identity.connectors.dingtalk.simulator.stream import Stream
from identity.connectors.dingtalk.simulator.wire import (
    API,
    CONTROL,
    LOGIN,
    OAPI,
    Call,
    Refused,
    Reply,
    address_rejected,
    legacy,
    modern,
    parse_query,
    permission_missing,
    plain_error,
    platform_error,
    request_id,
    throttled,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

OPEN_STREAM = "/v1.0/gateway/connections/open"


def _open_stream(app: Platform, call: Call) -> Reply:
    """A ticket for a push connection, for whoever has the app's key and secret."""
    keys = (call.values.get("clientId"), call.values.get("clientSecret"))
    if keys != (app.app_key, app.app_secret):
        return modern(401, "authFailed", "鉴权失败")
    endpoint, ticket = cast(Simulator, app).stream.open()
    return Reply(content={"endpoint": endpoint, "ticket": ticket})


ROUTES: dict[str, Route] = (
    access.ROUTES
    | departments.ROUTES
    | users.ROUTES
    | groups.ROUTES
    | {OPEN_STREAM: Route(_open_stream, app_token=False, any_address=True)}
)
_CORP_TOKEN = re.compile(r"/v1\.0/oauth2/([^/]+)/token")
SLEEP = "simulator.sleep"
"""Environ key: how to wait; an in-process caller has its own way."""


@dataclass(eq=False)
class Simulator(Platform):
    """One DingTalk with one company and one app. See the package's docstring."""

    do_not_call_in_templates: ClassVar[bool] = True
    """A WSGI app is a callable, which Django's templates would call."""
    rate: int = 0
    """Calls a second per API before 90018; 0 is no limit."""
    latency: float = 0.0
    """Seconds that each API answer takes."""
    faults: Faults = field(default_factory=Faults)
    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    """Calls above `rate`, by path."""
    pusher: Pusher | None = None
    """Set while somebody is subscribed to events."""
    stream: Stream = field(init=False)
    """Stream mode; idle until somebody asks for a ticket."""
    _kept: Path | None = None
    """Where the subscription stands, for the next start."""
    _seconds: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What belongs to this one alone."""
        super().__post_init__()
        self.stream = Stream(self)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        try:
            reply = self.respond(_call_of(environ))
        except Broken:
            if SLEEP in environ:
                raise
            reply = Reply(body=b"{", headers={"Content-Length": "1000"})
        body = reply.encoded()
        if isinstance(body, bytes):
            reply.headers.setdefault("Content-Length", str(len(body)))
        status = f"{reply.status} {responses.get(reply.status, 'Simulated')}"
        start_response(status, list(reply.headers.items()))
        return [body] if isinstance(body, bytes) else body

    def respond(self, call: Call) -> Reply:
        """Answer one call; raises `Broken` where there shall be no answer."""
        if call.family not in (OAPI, API):
            return self._page(call)
        with self.company.lock:
            self.calls[call.path] += 1
            over = self._over_rate(call)
        if self.latency:
            call.sleep(self.latency)
        if over:
            return throttled(call, self.rate)
        return self._through(self.faults.striking(call), call)

    def keep(self, path: Path) -> None:
        """Save the company to a file now and after each change; beside it the event
        subscription, which goes on if one stands there already."""
        self.company.save(path)
        self.company.listeners.append(lambda event: self.company.save(path))
        self._kept = path.with_suffix(".subscription.json")
        if self._kept.exists():
            self._push(Pusher(self, Subscription(**storage.read(self._kept))))

    def subscribe(self, subscription: Subscription) -> Outcome:
        """Save an event subscription: check_url first, then push what happens."""
        pusher = Pusher(self, subscription)
        outcome = pusher.check_url()
        if outcome.fine:
            self.unsubscribe()
            self._push(pusher)
            if self._kept:
                storage.write(self._kept, asdict(subscription))
        return outcome

    def unsubscribe(self) -> None:
        """Push no longer."""
        if self.pusher is not None:
            self.pusher.stop()
            self.pusher = None
            if self._kept:
                self._kept.unlink(missing_ok=True)

    def _push(self, pusher: Pusher) -> None:
        self.pusher = pusher
        pusher.start()

    def _page(self, call: Call) -> Reply:
        if call.family == CONTROL:
            return control.answer(self, call, sorted(ROUTES))
        if call.family == LOGIN:
            return self._through(self.faults.striking(call), call)
        return pages.not_found() if call.family else pages.redirect("/control")

    def _through(self, effects: list[Effect], call: Call) -> Reply:
        if effects:
            return effects[0](call, lambda: self._through(effects[1:], call))
        with self.company.lock:
            try:
                return self._answer(call)
            except Refused as refusal:
                return refusal.reply
            except Impossible as fault:
                return plain_error(60003, f"部门不存在 {fault}")

    def _answer(self, call: Call) -> Reply:
        if call.family == LOGIN:
            return login.answer(self, call)
        route = ROUTES.get(call.path)
        if route is None or call.path.startswith("/v1.0/") != (call.family == API):
            return _unknown(call)
        if call.method != route.method:
            return _wrong_verb(call, route.method)
        self._let_in(call, route)
        return route.answer(self, call)

    def _let_in(self, call: Call, route: Route) -> None:
        if route.app_token:
            self._check_token(call)
        if not route.any_address:
            self._check_app(call)
        if route.permission and route.permission not in self.permissions:
            raise Refused(permission_missing(call, route.permission, self.app_key))

    def _check_app(self, call: Call) -> None:
        allowed = self.allowed_addresses
        if allowed is not None and call.address not in allowed:
            raise Refused(address_rejected(call, self.app_key))
        if self.stopped:
            raise Refused(
                platform_error(call, "50003", "应用已停用", 400, "app.stopped")
            )

    def _check_token(self, call: Call) -> None:
        token = call.query.get("access_token") or call.form.get("access_token")
        if not token:
            raise Refused(legacy(call, "40000", "access_token is blank"))
        if not self.accepts(token):
            raise Refused(legacy(call, "40014", "不合法的access_token"))

    def _over_rate(self, call: Call) -> bool:
        """DingTalk counts by the second of the clock."""
        if not self.rate:
            return False
        second, count = self._seconds.get(call.path, (0, 0))
        now = int(time.time())
        count = count + 1 if second == now else 1
        self._seconds[call.path] = (now, count)
        if count > self.rate:
            self.refused[call.path] += 1
        return count > self.rate


def _call_of(environ: "WSGIEnvironment") -> Call:
    raw = environ.get("PATH_INFO", "/").encode("latin-1").decode(errors="replace")
    family, _, rest = raw.lstrip("/").partition("/")
    path, path_values = f"/{rest}", {}
    if found := _CORP_TOKEN.fullmatch(path):
        path, path_values = "/v1.0/oauth2/{corpId}/token", {"corpId": found[1]}
    length = int(environ.get("CONTENT_LENGTH") or 0)
    headers = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    } | {"content-type": environ.get("CONTENT_TYPE", "")}
    return Call(
        family=family,
        path=path,
        method=environ["REQUEST_METHOD"],
        query=parse_query(environ.get("QUERY_STRING", "")),
        headers=headers,
        body=environ["wsgi.input"].read(length) if length else b"",
        address=environ.get("REMOTE_ADDR", ""),
        sleep=environ.get(SLEEP, time.sleep),
        path_values=path_values,
    )


def _unknown(call: Call) -> Reply:
    if call.family == OAPI:
        name = "dingtalk.oapi." + call.path.strip("/").removeprefix("topapi/").replace(
            "/", "."
        )
        text = f"不合法ApiName，ApiName = {name}"
        content = {
            "errcode": 22,
            "errmsg": f"Invalid method[submsg={text}]",
            "sub_code": "isv.invalid-method",
            "sub_msg": text,
            "request_id": request_id(),
        }
        return Reply(content=content)
    if call.path.startswith("/v1.0/"):
        text = "Specified api is not found, please check your url and method."
        return modern(404, "InvalidAction.NotFound", text)
    return Reply(content={"errcode": 404, "errmsg": "请求的URI地址不存在"})


def _wrong_verb(call: Call, wanted: str) -> Reply:
    if call.family == API:
        return _unknown(call)
    code = "43001" if wanted == "GET" else "43002"
    return legacy(call, code, f"需要{wanted}请求")
