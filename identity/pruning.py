"""Removes what has been over for long, so that the tables of the logon stay bounded.

States and tallies are removed where new ones are made; the audit trail is kept.
"""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db.models import Model, QuerySet
from django.utils import timezone

from identity.connectors.records import LogonStage
from identity.models import LogonAttempt, LogonSession

TRACES_KEPT = timedelta(days=180)
STRAYS_KEPT = timedelta(days=7)
"""Of answers that belong to no logon: anybody can send as many as they like."""
SESSIONS_KEPT = timedelta(days=30)
"""After its end; with a session goes what was given out in it, long worth nothing."""
PORTION, PORTIONS = 500, 200
"""Rows in one transaction, and transactions in one go."""


def prune(stop: Callable[[], bool] = lambda: False) -> int:
    """Remove old traces, sessions that ended long ago, and Django's that nobody came
    back for; how many rows that were."""
    now = timezone.now()
    old: tuple[QuerySet[Model], ...] = (
        LogonAttempt.objects.filter(at__lt=now - TRACES_KEPT),
        LogonAttempt.objects.filter(
            idp=None, stage=LogonStage.STATE, at__lt=now - STRAYS_KEPT
        ),
        LogonSession.objects.filter(ended_at__lt=now - SESSIONS_KEPT),
        Session.objects.filter(expire_date__lt=now),
    )
    removed = 0
    for rows in old:
        for _portion in range(PORTIONS):
            gone = list(rows.order_by("pk").values_list("pk", flat=True)[:PORTION])
            if not gone or stop():
                break
            rows.model._default_manager.filter(pk__in=gone).delete()
            removed += len(gone)
    return removed
