"""History that is older than the company wants to keep is removed, in small steps.

The runs that the engine looks at stay, whatever their age, and so does what waits for
an administrator. Keys of settled notices are kept for 400 days at least, so that a
replay of one is known (T-03).
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from identity.models import Enterprise, IdentityProvider
from sync.models import Change, InboxEvent, SyncRun, full_runs

KEYS_KEPT = timedelta(days=400)
PORTION, PORTIONS = 500, 200
"""Rows in one transaction, and transactions in one go."""
READ = (SyncRun.State.SUCCESS, SyncRun.State.PARTIAL)
WAITS = (*SyncRun.OPEN, SyncRun.State.HELD)
SETTLED = (InboxEvent.State.APPLIED, InboxEvent.State.IGNORED)


def prune(stop: Callable[[], bool] = lambda: False) -> int:
    """Remove changes, runs and settled notices that are too old; how many rows."""
    days = timedelta(days=Enterprise.load().history_days)
    now = timezone.now()
    _note(now - days)
    removed = 0
    for idp in IdentityProvider.objects.all():
        removed += _remove(_changes(idp, now - days), stop)
        removed += _remove(_runs(idp, now - days), stop)
    events = InboxEvent.objects.filter(
        state__in=SETTLED, received_at__lt=now - max(KEYS_KEPT, days)
    )
    return removed + _remove(events, stop)


def _note(cutoff: datetime) -> None:
    """Write down from when on history is whole, before any of it goes."""
    whole = Q(history_from=None) | Q(history_from__lt=cutoff)
    if Change.objects.filter(at__lt=cutoff).exists():
        Enterprise.objects.filter(whole, pk=1).update(history_from=cutoff)


def _changes(idp: IdentityProvider, cutoff: datetime) -> QuerySet[Change]:
    """Old changes, but those that the next full run may have to clean up after."""
    rows = Change.objects.filter(run__idp=idp, at__lt=cutoff, run_id__lt=_last(idp))
    return rows.exclude(run__state__in=WAITS)


def _runs(idp: IdentityProvider, cutoff: datetime) -> QuerySet[SyncRun]:
    """Old runs of which no change is left, but those that the engine looks at."""
    old = SyncRun.objects.filter(idp=idp, finished_at__lt=cutoff, pk__lt=_last(idp))
    left = Change.objects.filter(run=OuterRef("pk"))
    kept = old.exclude(state__in=WAITS).exclude(pk__in=_looked_at(idp))
    return kept.exclude(Exists(left))


def _last(idp: IdentityProvider) -> int:
    """The newest full run that wrote all it could; 0 if there is none."""
    rows = full_runs().filter(idp=idp, state__in=READ).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def _looked_at(idp: IdentityProvider) -> list[int]:
    """The newest run of each sort that the engine asks for."""
    full = full_runs().filter(idp=idp)
    sorts = (
        full.filter(state=SyncRun.State.SUCCESS, people=True),
        full.filter(state__in=READ, people=True),
        full.filter(unannounced__isnull=False),
        SyncRun.objects.filter(idp=idp, breadth=SyncRun.Breadth.NARROW, state__in=READ),
    )
    found = (
        rows.order_by("-pk").values_list("pk", flat=True).first() for rows in sorts
    )
    return [pk for pk in found if pk]


def _remove(
    rows: QuerySet[Change] | QuerySet[SyncRun] | QuerySet[InboxEvent],
    stop: Callable[[], bool],
) -> int:
    removed = 0
    for _portion in range(PORTIONS):
        gone = list(rows.order_by("pk").values_list("pk", flat=True)[:PORTION])
        if not gone or stop():
            break
        rows.model._default_manager.filter(pk__in=gone).delete()
        removed += len(gone)
    return removed
