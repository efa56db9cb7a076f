"""Employees' sessions: one row each, ended together with what opened them."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from identity.models import IdentityProvider, LogonSession

IDP_CLOSED, IDP_DELETED = "idp_closed", "idp_deleted"


def end(sessions: QuerySet[LogonSession], because: str) -> int:
    """End those that are open; how many that were."""
    opened = sessions.filter(ended_at__isnull=True)
    return opened.update(ended_at=Now(), ended_because=because)


def end_all_of(idp: IdentityProvider, because: str) -> int:
    """End every open session through an IdP, in the caller's transaction (F-27)."""
    return end(LogonSession.objects.filter(idp=idp), because)
