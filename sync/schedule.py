"""What is due, what waits unheard, and what to do after a worker died.

Dues are a column, claimed by a conditional update: two schedulers do no harm, and a
missed day gives one run.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from identity.models import IdentityProvider
from sync import runs
from sync.lease import close_dead
from sync.models import SyncRun

ATTEMPTS = 3
"""A run that loses its worker this often is not tried again by itself."""


def start_due() -> Iterator[SyncRun]:
    """Queue a run for each IdP whose cycle is due; yields the new runs."""
    due = IdentityProvider.objects.filter(
        Q(next_due_at__lte=timezone.now()) | Q(next_due_at=None),
        confirmed_at__isnull=False,
        status=IdentityProvider.Status.ENABLED,
        auto_sync=True,
    )
    for idp in due:
        if not _claim(idp):
            continue
        try:
            yield runs.enqueue(
                idp, trigger=SyncRun.Trigger.SCHEDULE, people=idp.sync_users
            )
        except runs.AlreadyRunning:
            continue  # the run that is under way does this cycle's work


def waiting() -> list[int]:
    """Queued runs, oldest first: nobody may have been rung for them."""
    queued = SyncRun.objects.filter(state=SyncRun.State.QUEUED).order_by("pk")
    return list(queued.values_list("pk", flat=True)[:100])


def restart_dead() -> Iterator[SyncRun]:
    """Close runs whose worker died and queue each anew, a few times at most."""
    dead = SyncRun.objects.filter(
        state=SyncRun.State.RUNNING, lease_until__lt=Now()
    ).select_related("idp", "by")
    for run in dead:
        close_dead(run.idp)
        if run.breadth == SyncRun.Breadth.NARROW:
            continue  # its events are work again, and bring a run of their own
        if run.attempts >= ATTEMPTS:
            SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.ABANDONED).update(
                state=SyncRun.State.FAILED
            )
            continue
        try:
            yield runs.enqueue_again(run, attempts=run.attempts)
        except runs.AlreadyRunning:
            continue


def _claim(idp: IdentityProvider) -> bool:
    """Move the due on by one cycle; True for the one scheduler that did it."""
    cycle = timedelta(hours=idp.sync_interval_hours)
    return bool(
        IdentityProvider.objects.filter(pk=idp.pk, next_due_at=idp.next_due_at).update(
            next_due_at=timezone.now() + cycle
        )
    )
