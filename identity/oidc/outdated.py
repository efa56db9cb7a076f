"""Removes what was given out and can be worth nothing any more, in portions.

Everything ends with its session, so what is older than the longest one is only in the
way: hundreds of rows a day for each session whose application refreshes. (The session's
own row stays longer, see `identity.pruning`.) Rows are looked at from the oldest on, so
that to find nothing due costs one portion, however many there are.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from identity.models import (
    AccessToken,
    Application,
    Grant,
    IDToken,
    LogoutNotice,
    RefreshToken,
)

BESIDES = timedelta(days=1)
"""How much longer than the longest session: a reuse of a token is noticed meanwhile."""
NOTICES = timedelta(days=30)
"""How long the outbox tells of what was sent, or could not be."""
PORTION, PORTIONS = 500, 10


def remove() -> int:
    """Remove what is due; how many rows, some thousands of a kind at the most."""
    now = timezone.now()
    before = now - settings.EMPLOYEE_SESSION[1] - BESIDES
    told = LogoutNotice.objects.exclude(state=LogoutNotice.State.WAITING)
    return (
        _remove(RefreshToken.objects.all(), "created", before)
        + _remove(AccessToken.objects.filter(refresh_token=None), "created", before)
        + _remove(IDToken.objects.exclude(pk__in=_last_used()), "created", before)
        # Who logged on once more in the same session may still refresh by an old one.
        + _remove(Grant.objects.filter(refresh_tokens=None), "created", before)
        + _remove(told, "due_at", now - NOTICES)
    )


def _remove(rows: QuerySet[Any], at: str, before: datetime) -> int:
    """Those of the oldest rows that are older than this and that `rows` has."""
    removed = 0
    for _portion in range(PORTIONS):
        oldest = rows.model._default_manager.order_by("pk").values_list("pk", at)
        due = [pk for pk, when in oldest[:PORTION] if when < before]
        gone, _ = rows.filter(pk__in=due).delete() if due else (0, {})
        removed += gone
        if not gone or len(due) < PORTION:
            break
    return removed


def _last_used() -> list[int]:
    """The newest ID token of each application: it tells when it was used last."""
    given = IDToken.objects.filter(application=OuterRef("pk")).order_by("-pk")
    newest = Application.objects.annotate(last=Subquery(given.values("pk")[:1]))
    return list(newest.exclude(last=None).values_list("last", flat=True))
