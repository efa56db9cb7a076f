"""Sessions: one row each, ended together with what opened them.

Nothing of a session outlives its row: `middleware` asks for it at every request, and
tokens are worth nothing without it.
"""

from datetime import timedelta
from typing import cast

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone

from identity import agents
from identity.models import (
    AccessToken,
    Application,
    IdentityProvider,
    IDToken,
    LogonSession,
    LogoutNotice,
    RefreshToken,
    User,
)
from identity.signals import notices_written

IDP_CLOSED, IDP_DELETED = "idp_closed", "idp_deleted"
LOGGED_OFF, EXPIRED, REPLACED, BY_HAND = "logged_off", "expired", "replaced", "by_hand"
IDLE, PASSWORD, SECOND_FACTOR = "idle", "password", "second_factor"
ACCOUNT = "account"
ENDED = "console_session_ended"
"""Where the logon page finds why somebody has to log on again."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a session was seen last."""


def begin(request: HttpRequest, account: User) -> LogonSession:
    """Keep the row of the session that Django has just opened for this account.

    Who logs on again in the same browser goes on in the same row, under a new key;
    somebody else's session in it is over.
    """
    key, now = _fresh_key(request), timezone.now()
    with transaction.atomic():
        row = _before(request)
        if row is not None and row.account_id != account.pk:
            end(LogonSession.objects.filter(pk=row.pk), REPLACED)
            row = None
        row = row or LogonSession(account=account)
        row.session_key, row.sub = key, account.sub
        # Of the console, until `through` says otherwise: the account's role may be new.
        row.idp, row.way = None, ""
        row.created_at = row.seen_at = row.confirmed_at = now
        row.address = agents.address_of(request)
        row.agent = agents.name_of(request)
        row.save()
    return row


def _fresh_key(request: HttpRequest) -> str:
    """A key that no row has had: Django keeps it where the same account logs on again."""
    if request.session.session_key is None:
        request.session.save()  # Django threw somebody else's session away for it
    if present(request) is not None:
        request.session.cycle_key()
    return cast(str, request.session.session_key)


def leave(request: HttpRequest) -> None:
    """Throw Django's session of this browser away. Its row is held before, as `end` does
    it: in another order the two would wait for each other."""
    _before(request)
    request.session.flush()


def _before(request: HttpRequest) -> LogonSession | None:
    """The open session that this browser came with, held: whoever ends it meanwhile
    comes before, and it is not this one, or after, and ends what it has become."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    rows = LogonSession.objects.select_for_update(no_key=True)
    return rows.filter(session_key=key, ended_at=None).first()


def through(request: HttpRequest, idp: IdentityProvider, way: str) -> None:
    """Note by which IdP and how the session that was just opened came about."""
    key = request.session.session_key
    LogonSession.objects.filter(session_key=key).update(idp=idp, way=way)


def present(request: HttpRequest) -> LogonSession | None:
    """The row of this request's session, open or not."""
    key = request.session.session_key
    return LogonSession.objects.filter(session_key=key).first() if key else None


def is_open(request: HttpRequest) -> bool:
    """Whether this request's session may go on; notes that it was seen."""
    row, now = present(request), timezone.now()
    if row is None:
        return False
    if row.ended_at or (why := _over_because(row)):
        end(LogonSession.objects.filter(pk=row.pk), "" if row.ended_at else why)
        return False
    # A page that refreshes itself is no sign of somebody who is there.
    if now - row.seen_at >= SEEN_EVERY and "HX-Request" not in request.headers:
        LogonSession.objects.filter(pk=row.pk).update(seen_at=now)
    return True


def close(request: HttpRequest) -> None:
    """End the row of a session that its holder leaves."""
    key = request.session.session_key
    if key:
        end(LogonSession.objects.filter(session_key=key), LOGGED_OFF)


def is_live(row: LogonSession) -> bool:
    """Whether a session is open now and within its limits: what tokens are asked for."""
    return row.ended_at is None and not _over_because(row)


def why_ended(request: HttpRequest) -> str:
    """Why the console's session is over that this browser came with; "" if it is not,
    or if nobody was logged on."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return ""
    row = LogonSession.objects.filter(session_key=key[:64], idp=None).first()
    return row.ended_because if row is not None and row.ended_at else ""


def follow(request: HttpRequest, former_key: str | None) -> None:
    """Go on in the same row after Django has given this request's session a new key."""
    rows = LogonSession.objects.filter(session_key=former_key, ended_at=None)
    rows.update(session_key=request.session.session_key)


@transaction.atomic(savepoint=False)
def end(sessions: QuerySet[LogonSession], because: str) -> int:
    """End those that are open, and have their applications told, in one transaction, the
    caller's if there is one; how many that were."""
    opened = dict(
        sessions.filter(ended_at=None).order_by("pk").values_list("pk", "session_key")
    )
    if not opened:
        return 0
    ended = LogonSession.objects.filter(pk__in=opened, ended_at=None)
    count = ended.update(ended_at=Now(), ended_because=because)
    Session.objects.filter(session_key__in=opened.values()).delete()
    _tell(opened)
    return count


def end_all_of(idp: IdentityProvider, because: str) -> int:
    """End every open session through an IdP, in the caller's transaction (F-27)."""
    return end(LogonSession.objects.filter(idp=idp), because)


def _over_because(row: LogonSession) -> str:
    """Which of its limits a session has passed; "" if none."""
    now = timezone.now()
    limits = settings.EMPLOYEE_SESSION if row.idp_id else settings.CONSOLE_SESSION
    idle, longest = limits
    if now - row.created_at >= longest:
        return EXPIRED
    return IDLE if now - row.seen_at >= idle else ""


def end_overdue(most: int = 500) -> int:
    """End sessions whose time is over although their browser never came back, so that
    applications hear of it; how many that were, `most` at the most."""
    now, over = timezone.now(), Q()
    for idp_missing, (idle, longest) in (
        (False, settings.EMPLOYEE_SESSION),
        (True, settings.CONSOLE_SESSION),
    ):
        late = Q(seen_at__lte=now - idle) | Q(created_at__lte=now - longest)
        over |= Q(idp__isnull=idp_missing) & late
    found = LogonSession.objects.filter(over, ended_at=None).order_by("pk")
    due = list(found.values_list("pk", flat=True)[:most])
    if not due:
        return 0
    with transaction.atomic():
        return end(LogonSession.objects.filter(over, pk__in=due), EXPIRED)


def _tell(opened: dict[int, str]) -> None:
    """Put a notice into the outbox for each application that wants to hear of it: every
    one that was given something in the session, also the one that asked for its end
    (Back-Channel Logout 2.5). A disabled one too: its own sessions may still be open."""
    wanted = Application.objects.exclude(backchannel_logout_uri="")
    given = [
        model.objects.filter(session__in=list(opened), application__in=wanted)
        .order_by()
        .values_list("session", "application")
        for model in (IDToken, AccessToken, RefreshToken)
    ]
    notices = [
        LogoutNotice(session_id=session, application_id=application)
        for session, application in given[0].union(*given[1:])
    ]
    if notices:
        LogoutNotice.objects.bulk_create(notices, ignore_conflicts=True)
        notices_written.send(sender=LogoutNotice)
