"""What names people by the way, and is worth nothing once it is old, is emptied.

Bodies of notices that are over, the values of plans that were decided long ago, and the
names in reports of missed events: they go after as many days as the values of people who
left, whomever they name. The rows and their numbers stay.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from identity.models import Enterprise, IdentityProvider
from sync.models import Change, InboxEvent, SyncRun

PORTION, PORTIONS = 500, 200
"""Rows in one transaction, and transactions in one go."""
State = InboxEvent.State
OVER = (State.APPLIED, State.IGNORED, State.DEAD)
"""A failed notice can be tried again without its body: it names what is to be read."""


def empty(stop: Callable[[], bool] = lambda: False) -> int:
    """Empty what is too old; how many rows."""
    cutoff = Now() - timedelta(days=Enterprise.load().erase_after_days)
    emptied = 0
    for idp in IdentityProvider.objects.all():
        emptied += _update(_bodies(idp, cutoff), stop, sealed="")
        emptied += _update(_plans(idp, cutoff), stop, label="", before=None, after=None)
        emptied += _shorten_reports(idp, cutoff, stop)
    return emptied


def _bodies(idp: IdentityProvider, cutoff: CombinedExpression) -> QuerySet[InboxEvent]:
    rows = InboxEvent.objects.filter(idp=idp, state__in=OVER, received_at__lt=cutoff)
    return rows.exclude(sealed="")


def _plans(idp: IdentityProvider, cutoff: CombinedExpression) -> QuerySet[Change]:
    """People in plans that nobody can decide about any more, and that no run needs."""
    old = SyncRun.objects.filter(idp=idp, finished_at__lt=cutoff)
    undecided = Q(state=SyncRun.State.HELD, approved_at=None)
    over = old.exclude(held_because=[]).exclude(undecided)
    needed = SyncRun.objects.filter(
        idp=idp, state__in=SyncRun.OPEN, approves__isnull=False
    )
    runs = over.exclude(pk__in=needed.values("approves"))
    told = ~Q(label="") | Q(before__isnull=False) | Q(after__isnull=False)
    return Change.objects.filter(
        told, run__in=runs, entity=Change.Entity.EMPLOYEE, applied=False
    )


def _shorten_reports(
    idp: IdentityProvider, cutoff: CombinedExpression, stop: Callable[[], bool]
) -> int:
    """Of old reports of missed events only the numbers stay."""
    rows = SyncRun.objects.filter(
        idp=idp, finished_at__lt=cutoff, unannounced__first__0__isnull=False
    )
    shortened = 0
    for pk, report in list(rows.order_by("pk").values_list("pk", "unannounced")):
        if stop():
            break
        SyncRun.objects.filter(pk=pk).update(
            unannounced={**(report or {}), "first": []}
        )
        shortened += 1
    return shortened


def _update(
    rows: QuerySet[InboxEvent] | QuerySet[Change],
    stop: Callable[[], bool],
    **values: Any,
) -> int:
    emptied = 0
    model: type[Model] = rows.model
    for _portion in range(PORTIONS):
        found = list(rows.order_by("pk").values_list("pk", flat=True)[:PORTION])
        if not found or stop():
            break
        model._default_manager.filter(pk__in=found).update(**values)
        emptied += len(found)
    return emptied
