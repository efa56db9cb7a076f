"""Whether this browser's person may be sent back with a code, and the code."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing as notes
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from identity import sessions
from identity.models import AccessToken, Application, Grant, LogonSession, User
from identity.oidc import families, noting
from identity.oidc.asking import Asked, Declined
from identity.oidc.validator import validator

AGAIN = "again"
"""The parameter of ours that a request carries while its person logs on once more."""
SALT = "identity.oidc.again"
PATIENCE = timedelta(hours=1)
READING = timedelta(minutes=10)
"""How long after that logon the note counts: the question may have to be read. Later, the
same address is a new request."""
FRESH = frozenset(("login", "select_account"))


@dataclass(frozen=True, slots=True)
class Standing:
    """What a request needs of its person before it gets a code."""

    session: LogonSession | None
    logon: bool = False
    consent: bool = False


def session_of(request: HttpRequest) -> LogonSession | None:
    """The session of the employee who is logged on in this browser.

    A session of the console is nobody's here: administrators get no code.
    """
    account = request.user
    if not isinstance(account, User) or account.role != User.Role.EMPLOYEE:
        return None
    row = sessions.present(request)
    if row is None or row.idp_id is None or not sessions.is_live(row):
        return None
    return row


def standing(request: HttpRequest, asked: Asked) -> Standing:
    """What is missing; raises Declined if it may not be asked for, or never comes."""
    session = session_of(request)
    silent = "none" in asked.prompts
    if session is None or _must_be_fresher(session, asked, _since(request)):
        if silent:
            raise Declined(asked.place, "login_required")
        return Standing(session, logon=True)
    if asked.subjects - {session.sub}:
        raise Declined(asked.place, "login_required", "Somebody else is logged on.")
    consent = "consent" in asked.prompts or not _has_agreed(session, asked)
    if consent and silent:
        raise Declined(asked.place, "consent_required")
    return Standing(session, consent=consent)


def _must_be_fresher(
    session: LogonSession, asked: Asked, since: datetime | None
) -> bool:
    """Whether the password has to be entered (again) for this request."""
    entered = session.confirmed_at or session.created_at
    age = timezone.now() - entered
    if since is not None and entered >= since and age <= READING:
        return False
    if asked.prompts & FRESH:
        return True
    return asked.max_age is not None and age > timedelta(seconds=asked.max_age)


def _has_agreed(session: LogonSession, asked: Asked) -> bool:
    """Whether the person need not be asked, or was asked in this session already."""
    application = asked.place.application
    if application.skip_authorization:
        return True
    if _may_be_another(application, asked.place.redirect_uri):
        return False
    agreed: set[str] = set()
    for rows in (Grant.objects, AccessToken.objects):
        for scope in rows.filter(session=session, application=application).values_list(
            "scope", flat=True
        ):
            agreed.update(scope.split())
    return set(asked.scopes) <= agreed


def _may_be_another(application: Application, redirect_uri: str) -> bool:
    """Whether any program of the device may pass for it, so that a yes of before counts
    for nothing (RFC 8252 8.6). An https address belongs to its owner."""
    public = application.client_type == Application.CLIENT_PUBLIC
    return public and not redirect_uri.startswith("https:")


def issue(session: LogonSession, asked: Asked) -> str:
    """Where to send the person with a code; raises Declined.

    Everything is asked again in the transaction that keeps the code (T-15).
    """
    code = f"sbc_{secrets.token_urlsafe(32)}"
    application = asked.place.application
    with transaction.atomic():
        held, asks = families.hold(session.pk), validator()
        admitted = held is not None and asks.admits(held, application)
        if held is not None and admitted:
            asks.save_code(
                code,
                held,
                application=application,
                redirect_uri=asked.place.redirect_uri,
                scope=" ".join(asked.scopes),
                nonce=asked.nonce,
                code_challenge=asked.code_challenge,
            )
    if not admitted:
        noting.refused(held, application, session.address)
        raise Declined(asked.place, "access_denied")
    return asked.place.with_answer(code=code)


def note(request_digest: str) -> str:
    """A note for this request that a logon from now on is fresh enough for it."""
    now: Any = timezone.now().timestamp()
    return notes.dumps([request_digest, now], salt=SALT)


def digest_of(request: HttpRequest) -> str:
    """Which request it is: its parameters without our note."""
    kept = request.GET.copy()
    kept.pop(AGAIN, None)
    return hashlib.sha256(kept.urlencode().encode()).hexdigest()


def _since(request: HttpRequest) -> datetime | None:
    """When this request sent its person to log on again, None if it did not."""
    try:
        digest, at = notes.loads(
            request.GET.get(AGAIN, ""), salt=SALT, max_age=PATIENCE
        )
    except (notes.BadSignature, ValueError, TypeError):
        return None
    if digest != digest_of(request):
        return None
    return datetime.fromtimestamp(float(at), tz=timezone.get_current_timezone())
