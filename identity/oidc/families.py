"""What was given out for one code: used up once, ended together (RFC 9700, 2.2.2).

A session's row is held first by everyone who gives out or ends something in it, so that
two who come at the same time come one after the other.
"""

import logging

from django.conf import settings
from django.utils import timezone
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError

from identity.models import AccessToken, Grant, LogonSession, RefreshToken

log = logging.getLogger(__name__)


def hold(session_id: int | None) -> LogonSession | None:
    """A session as it is now, held until the caller's transaction ends."""
    rows = LogonSession.objects.select_for_update(of=("self",), no_key=True)
    if session_id is None:
        return None
    return rows.select_related("account").filter(pk=session_id).first()


def redeem(grant: Grant) -> None:
    """Use a code up; raises InvalidGrantError if somebody was faster."""
    unused = Grant.objects.filter(pk=grant.pk, redeemed_at=None)
    if not unused.update(redeemed_at=timezone.now()):
        raise InvalidGrantError


def use_up(token: RefreshToken) -> None:
    """Use a refresh token up, with its access token; raises InvalidGrantError."""
    unused = RefreshToken.objects.filter(pk=token.pk, revoked=None)
    if not unused.update(revoked=timezone.now()):
        raise InvalidGrantError
    AccessToken.objects.filter(refresh_token=token).delete()


def has_lasted(token: RefreshToken) -> bool:
    """Whether the family of a refresh token has had its time, which is a session's
    longest. The session may be younger: it goes on when its person logs on again in the
    same browser, and a stolen token must not go on with it (RFC 9700, 4.14.2)."""
    family = RefreshToken.objects.filter(token_family=token.token_family)
    begun = family.order_by("created").values_list("created", flat=True).first()
    return begun is None or timezone.now() - begun >= settings.EMPLOYEE_SESSION[1]


def see(session: LogonSession) -> None:
    """A session is seen where its person's application refreshes a token."""
    LogonSession.objects.filter(pk=session.pk).update(seen_at=timezone.now())


def end_grant(grant: Grant) -> None:
    """A code was shown twice: one of the two stole it, so both lose all of it."""
    log.warning("code %s of application %s reused", grant.pk, grant.application_id)
    now = timezone.now()
    RefreshToken.objects.filter(grant=grant, revoked=None).update(revoked=now)
    AccessToken.objects.filter(grant=grant).delete()
