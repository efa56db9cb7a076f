"""How the logons of today went, in figures."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from identity.logon import Outcome
from identity.models import IdentityProvider, LogonAttempt, LogonSession


@dataclass(frozen=True, slots=True)
class Figures:
    """Logons since midnight without those that were only tried, and open sessions."""

    succeeded: int
    failed: int
    sessions: int


def today(idp: IdentityProvider | None = None) -> Figures:
    """Of one IdP, or of all; two queries."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = LogonAttempt.objects.filter(at__gte=midnight, test=False)
    opened = LogonSession.objects.filter(ended_at=None, idp__isnull=False)
    if idp is not None:
        rows, opened = rows.filter(idp=idp), opened.filter(idp=idp)
    well = Q(outcome=Outcome.SUCCESS)
    found = rows.aggregate(
        succeeded=Count("pk", filter=well), failed=Count("pk", filter=~well)
    )
    return Figures(sessions=opened.count(), **found)
