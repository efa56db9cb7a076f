"""Tells applications that sessions have ended (OpenID Connect Back-Channel Logout 1.0).

The outbox is `LogoutNotice`: a row is claimed by a conditional update that also says
when it is due again, so that of two workers one sends, and that of a worker that dies
the next one takes over (F-87).
"""

import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from identity import outgoing
from identity.models import LogoutNotice
from identity.oidc import signing
from identity.outgoing import Undelivered

log = logging.getLogger(__name__)
State = LogoutNotice.State
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
"""Seconds that a logout token is good for (Back-Channel Logout 2.4 recommends so)."""
PAUSES = (15, 45, 180, 360, 15)
"""Seconds after each try until the next: 5 tries in 10 minutes. What follows the last
is for a worker that died in it."""
AT_ONCE = 8
TAKEN = (200, 204)
STOPPED = "stopped"


def is_due() -> bool:
    """Whether somebody is to be told something now."""
    return _due().exists()


def deliver(stop: Callable[[], bool] = lambda: False) -> int:
    """Send what is due until nothing is; how many were taken."""
    taken = 0
    with ThreadPoolExecutor(AT_ONCE, "logout") as pool:
        while not stop() and (mine := [row for row in _next() if _claim(row)]):
            calls = [
                (row.application.backchannel_logout_uri, token_for(row)) for row in mine
            ]
            told = list(zip(mine, pool.map(_send, calls), strict=True))
            for row, fault in told:
                _note(row, fault)
                taken += not fault
            _put_off({row.application_id for row, fault in told if _is_silent(fault)})
    return taken


def token_for(notice: LogoutNotice) -> str:
    """The logout token: which session of whom has ended, and nothing else."""
    now, session = int(time.time()), notice.session
    claims = {
        "iss": settings.OAUTH2_PROVIDER["OIDC_ISS_ENDPOINT"],
        "aud": notice.application.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": uuid.uuid4().hex,
        "sub": session.sub,
        "sid": str(session.sid),
        "events": {EVENT: {}},
    }
    return signing.sign(claims, "logout+jwt")


def _due() -> QuerySet[LogoutNotice]:
    return LogoutNotice.objects.filter(state=State.WAITING, due_at__lte=timezone.now())


def _next() -> list[LogoutNotice]:
    rows = _due().select_related("application", "session").order_by("due_at", "pk")
    return list(rows[:AT_ONCE])


def _is_silent(fault: str) -> bool:
    """Whether nobody answered; that may have taken the whole of its time."""
    return bool(fault) and not fault.startswith("status:")


def _put_off(applications: set[int]) -> None:
    """What else these are to be told waits for the next look and is no try of theirs:
    who does not answer, of thousands of sessions, must not hold all others up."""
    if applications:
        later = timezone.now() + timedelta(seconds=PAUSES[0])
        _due().filter(application__in=applications).update(due_at=later)


def _claim(notice: LogoutNotice) -> bool:
    """Whether this try is ours; one that died in its last try has failed."""
    mine = LogoutNotice.objects.filter(
        pk=notice.pk, state=State.WAITING, attempts=notice.attempts
    )
    if notice.attempts >= len(PAUSES):
        mine.update(state=State.FAILED, error=notice.error or STOPPED)
        return False
    again = timezone.now() + timedelta(seconds=PAUSES[notice.attempts])
    notice.attempts += 1
    return mine.update(attempts=notice.attempts, due_at=again) == 1


def _send(call: tuple[str, str]) -> str:
    """Deliver one; what went wrong, "" if it was taken. Asks no database."""
    address, token = call
    try:
        status = outgoing.post(address, {"logout_token": token})
    except Undelivered as fault:
        return str(fault)
    return "" if status in TAKEN else f"status:{status}"


def _note(notice: LogoutNotice, fault: str) -> None:
    """Keep how a try ended, unless a later one has begun."""
    mine = LogoutNotice.objects.filter(pk=notice.pk, attempts=notice.attempts)
    if not fault:
        mine.update(state=State.SENT, sent_at=timezone.now(), error="")
        return
    last = notice.attempts >= len(PAUSES)
    log.warning("logout notice %s, try %s: %s", notice.pk, notice.attempts, fault)
    mine.update(state=State.FAILED if last else State.WAITING, error=fault[:200])
