"""States of 256 bits: each is good for one answer, in one browser, of one IdP (T-18)."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from identity.connection import addresses_of, connector_for
from identity.connectors.records import LogonStage, LogonWay
from identity.logon.outcomes import Outcome, Refused
from identity.models import IdentityProvider, LogonState, User

COOKIE = f"{'__Host-' if settings.HTTPS else ''}sasebridge_browser"
VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
"""How 32 bytes look in base64url."""
DRAWN = "sasebridge.browser"
KEPT = timedelta(hours=1)
"""How long a state that is over is known, so that it can be told from no state."""
SWEPT = 500
"""Old states that one new one removes at most."""
TRIES = 2


@dataclass(frozen=True, slots=True)
class Begun:
    """A logon that may be finished in one of two ways: by the vendor's full page, or by
    the vendor's page in a frame of ours. Each carries a state of its own, so that the
    answer tells which one it was."""

    page: str
    frame: str


def begin(
    request: HttpRequest,
    idp: IdentityProvider,
    *,
    onward: str = "",
    tester: User | None = None,
) -> Begun:
    """Keep states of 256 bits for this browser, this IdP and this way onward (T-18).

    The response must go through `remember_browser`. `onward` is one that `onwards`
    allowed.
    """
    _sweep()
    connector, callback = connector_for(idp), addresses_of(idp).callback
    browser = digest_of("browser", _browser(request))
    texts = {way: _new() for way in (LogonWay.PAGE, LogonWay.QR)}
    LogonState.objects.bulk_create(
        LogonState(
            digest=digest_of("state", text),
            idp=idp,
            browser=browser,
            way=way,
            onward=onward,
            tester=tester,
        )
        for way, text in texts.items()
    )
    page, frame = (
        connector.logon_url(way, callback=callback, state=text)
        for way, text in texts.items()
    )
    return Begun(page, frame)


def remember_browser(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Give the browser the cookie that states are bound to, unless it has one."""
    value = _browser(request)
    if value != request.COOKIES.get(COOKIE):
        response.set_cookie(
            COOKIE, value, secure=settings.HTTPS, httponly=True, samesite="Lax"
        )
    return response


def digest_of(kind: str, value: str) -> str:
    """What is kept of a value; of one kind it is never that of another (T-19)."""
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()


def find(text: str) -> LogonState:
    """The logon that began with this state; raises Refused."""
    if not text:
        raise Refused(LogonStage.STATE, Outcome.NO_STATE)
    rows = LogonState.objects.select_related("idp", "tester")
    row = rows.filter(digest=digest_of("state", text)).first()
    if row is None:
        raise Refused(LogonStage.STATE, Outcome.UNKNOWN_STATE)
    return row


def take(request: HttpRequest, state: LogonState, kind: str) -> None:
    """Use a state up, if the answer belongs to it; raises Refused.

    In a foreign browser, or at the address of another vendor, it stays as it is: whoever
    sees somebody's state must not be able to spoil their logon.
    """
    outcome = _fault(request, state, kind)
    if outcome is None and not _use(state):
        outcome = Outcome.USED
    if outcome is not None:
        raise Refused(LogonStage.STATE, outcome)


def give_back(state: LogonState) -> None:
    """Let a state be used once more: the vendor could not be asked (F-80)."""
    used = LogonState.objects.filter(pk=state.pk, uses__lt=TRIES)
    used.update(used_at=None)


def _fault(request: HttpRequest, state: LogonState, kind: str) -> Outcome | None:
    """Why an answer is not one to this state; None if it is."""
    cookie = request.COOKIES.get(COOKIE, "")
    if not secrets.compare_digest(state.browser, digest_of("browser", cookie)):
        return Outcome.OTHER_BROWSER
    if state.idp.kind != kind:
        return Outcome.OTHER_IDP
    if state.created_at < timezone.now() - LogonState.LIFETIME:
        return Outcome.EXPIRED
    return None


def _use(state: LogonState) -> bool:
    """Of several answers with one state the database lets one pass."""
    free = LogonState.objects.filter(pk=state.pk, used_at=None)
    return bool(free.update(used_at=timezone.now(), uses=F("uses") + 1))


def _browser(request: HttpRequest) -> str:
    """The browser's own value: of its cookie, or drawn for this request."""
    known = request.COOKIES.get(COOKIE, "")
    if VALUE.fullmatch(known):
        return known
    return str(request.META.setdefault(DRAWN, _new()))


def _new() -> str:
    return secrets.token_urlsafe(32)


def _sweep() -> None:
    """Remove what is long over, in portions."""
    old = LogonState.objects.filter(created_at__lt=timezone.now() - KEPT)
    gone = list(old.order_by("created_at").values_list("pk", flat=True)[:SWEPT])
    if gone:
        LogonState.objects.filter(pk__in=gone).delete()
