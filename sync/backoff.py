"""How long an IdP waits for its next automatic run after one that failed.

Runs that are made by hand, or that somebody confirms, wait for nothing.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from identity.gate import database_now
from identity.models import IdentityProvider
from sync.models import SyncRun

State = SyncRun.State
WAITS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""After the first failure in a row, the second, and each of those that follow if the
cycle does not come round later than that. Never longer than the cycle."""
QUOTA = timedelta(days=1)
"""After the vendor said that the month's calls are used up. It may be longer than the
cycle; more calls can be bought before the month is over."""
READ = (State.SUCCESS, State.PARTIAL, State.HELD)
"""States of runs that the vendor let read: a held plan is no failure."""


def count(run: SyncRun) -> None:
    """Take a full run that is over into account, whoever began it."""
    full = run.breadth == SyncRun.Breadth.FULL and run.purpose == SyncRun.Purpose.SYNC
    if full and run.state in READ:
        failing = IdentityProvider.objects.filter(pk=run.idp_id, failed_runs__gt=0)
        failing.update(failed_runs=0, retry_at=None)
    elif full and run.state == State.FAILED:
        _failed(run)


def _failed(run: SyncRun) -> None:
    with transaction.atomic():
        rows = IdentityProvider.objects.filter(pk=run.idp_id)
        idp = rows.select_for_update(no_key=True).first()
        if idp is None:
            return
        failed = min(idp.failed_runs + 1, 9999)
        wait = _wait(idp, failed, quota=run.error_code == "quota")
        rows.update(failed_runs=failed, retry_at=Now() + wait if wait else None)


def _wait(idp: IdentityProvider, failed: int, *, quota: bool) -> timedelta | None:
    """How long; None if the cycle says when."""
    if not idp.auto_sync:
        return None
    if quota:
        return QUOTA
    wait = min(WAITS[min(failed, len(WAITS)) - 1], idp.cycle)
    due = idp.next_due_at
    late = due is not None and due >= database_now() + wait
    return None if failed > len(WAITS) and late else wait
