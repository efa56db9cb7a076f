"""Takes everything that belongs to a closed IdP out of the database, in small steps.

No step holds a lock for long, so that events and logons of other IdPs go on, and each
judges anew whether the IdP is still closed. The IdP's own row goes last: a removal that
was interrupted is finished by beginning it again.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Now

from identity import sessions
from identity.models import IdentityProvider, LogonAttempt, LogonSession
from sync.models import (
    AccessCut,
    Change,
    Department,
    Employee,
    InboxEvent,
    Membership,
    SyncRun,
)

STEP = 300
"""Rows of one table that are removed under one lock."""
PAUSE = 0.002
"""Seconds between two steps: SQLite's writers queue by trying again."""


class NotClosed(Exception):
    """The IdP is enabled, or was enabled while it was being removed."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Does up to a step's rows, and says whether there may be more.

    `deletes`: what it has done, nobody can bring back.
    """

    work: Callable[[], bool]
    deletes: bool = True


def holdings(idp: IdentityProvider) -> dict[str, int]:
    """How many rows go with an IdP, by what they are."""
    return {
        "employees": idp.employees.count(),
        "departments": idp.directory_departments.count(),
        "memberships": Membership.objects.filter(department__idp=idp).count(),
        "runs": idp.runs.count(),
        "changes": Change.objects.filter(run__idp=idp).count(),
        "events": idp.events.count(),
        "reports": idp.reports.count(),
        "secrets": idp.secrets.values("name").distinct().count(),
    }


def remove(
    idp: IdentityProvider,
    *,
    first: Callable[[IdentityProvider], Any],
    last: Callable[[IdentityProvider], Any],
    seconds: float,
    size: int = STEP,
) -> bool:
    """Remove an IdP with everything that is its own; False if `seconds` were not enough.

    `first` is called in the transaction that deletes something first, `last` in the one
    that removes the row itself. Raises NotClosed; DoesNotExist if somebody else has
    finished the removal.
    """
    until = time.monotonic() + seconds
    begun = False
    for step in _steps(idp, size):
        while _under_lock(idp, step, first=None if begun else first):
            begun = begun or step.deletes
            if time.monotonic() > until:
                return False
            time.sleep(PAUSE)
    with transaction.atomic():
        row = _held(idp)
        if not begun:
            first(row)
        last(row)
        IdentityProvider.objects.filter(pk=row.pk).delete()
    return True


def _steps(idp: IdentityProvider, size: int) -> Iterator[_Step]:
    opened = LogonSession.objects.filter(idp=idp, ended_at__isnull=True)
    yield _Step(partial(_ended, opened, size), deletes=False)
    yield _Step(partial(_people, idp, size))
    yield _Step(partial(_rows, Department.objects.filter(idp=idp), size))
    yield _Step(partial(_rows, InboxEvent.objects.filter(idp=idp), size))
    for run in list(SyncRun.objects.filter(idp=idp).values_list("pk", flat=True)):
        yield _Step(partial(_rows, Change.objects.filter(run=run), size))
        yield _Step(partial(_rows, SyncRun.objects.filter(pk=run), size))
    for logons in (LogonAttempt, LogonSession):
        rows = logons._default_manager.filter(idp=idp)
        yield _Step(partial(_detached, rows, size), deletes=False)


def _under_lock(
    idp: IdentityProvider,
    step: _Step,
    first: Callable[[IdentityProvider], Any] | None,
) -> bool:
    with transaction.atomic():
        row = _held(idp)
        more = step.work()
        if more and step.deletes and first:
            first(row)
        return more


def _held(idp: IdentityProvider) -> IdentityProvider:
    """The row, locked: still closed, and with no run that could write anything."""
    # A run that writes holds its own row and asks for this one's key: no circle.
    row = IdentityProvider.objects.select_for_update(no_key=True).get(pk=idp.pk)
    if row.is_draft or row.status != IdentityProvider.Status.CLOSED:
        raise NotClosed
    # Its fence is gone with the state: a worker that is at it writes nothing more.
    SyncRun.objects.filter(idp=row, state__in=SyncRun.OPEN).update(
        state=SyncRun.State.SUPERSEDED, finished_at=Now()
    )
    return row


def _people(idp: IdentityProvider, size: int) -> bool:
    """Remove some employees with their memberships and cuts."""
    found = list(Employee.objects.filter(idp=idp).values_list("pk", flat=True)[:size])
    Membership.objects.filter(employee__in=found).delete()
    AccessCut.objects.filter(employee__in=found).delete()
    # Nothing else points at them; Django's own way would load each row to look.
    rows = Employee.objects.filter(pk__in=found)
    rows._raw_delete(rows.db)
    return bool(found)


def _rows(rows: models.QuerySet[Any], size: int) -> bool:
    found = list(rows.order_by().values_list("pk", flat=True)[:size])
    rows.model._default_manager.filter(pk__in=found).delete()
    return bool(found)


def _ended(opened: models.QuerySet[LogonSession], size: int) -> bool:
    """Nobody keeps a session through what is about to go."""
    found = list(opened.order_by().values_list("pk", flat=True)[:size])
    rows = LogonSession.objects.filter(pk__in=found)
    return bool(sessions.end(rows, sessions.IDP_DELETED))


def _detached(rows: models.QuerySet[Any], size: int) -> bool:
    """Logons stay as records of what happened, and name the IdP no more."""
    found = list(rows.order_by().values_list("pk", flat=True)[:size])
    rows.model._default_manager.filter(pk__in=found).update(idp=None)
    return bool(found)
