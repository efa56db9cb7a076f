"""What is due, what waits unheard, and what to do after a worker died.

Dues are a column, claimed by a conditional update: two schedulers do no harm, and a
missed day gives one run.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from identity.cycle import following, is_far, offset_of
from identity.models import IdentityProvider
from sync import backoff, runs
from sync.lease import close_dead
from sync.models import SyncRun

ATTEMPTS = 3
"""A run that loses its worker this often is not tried again by itself."""


def start_due() -> Iterator[SyncRun]:
    """Queue a run for each IdP whose cycle is due; yields the new runs."""
    for idp, now, due in _automatic():
        if not due:
            _bring_near(idp, now)
        elif run := _start(idp, now):
            yield run


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
            run.refresh_from_db()
            backoff.count(run)
            continue
        try:
            yield runs.enqueue_again(run, attempts=run.attempts)
        except runs.AlreadyRunning:
            continue


def _automatic() -> Iterator[tuple[IdentityProvider, datetime, bool]]:
    """IdPs that are synchronized by themselves, what the database's clock says, and
    whether each is due by it (F-24)."""
    regular = Q(retry_at=None) & (Q(next_due_at=None) | Q(next_due_at__lte=Now()))
    due = regular | Q(retry_at__lte=Now())
    rows = IdentityProvider.objects.filter(
        confirmed_at__isnull=False,
        status=IdentityProvider.Status.ENABLED,
        auto_sync=True,
    )
    for idp in rows.annotate(
        now=Now(), due=ExpressionWrapper(due, output_field=BooleanField())
    ):
        yield idp, idp.now, idp.due


def _start(idp: IdentityProvider, now: datetime) -> SyncRun | None:
    """Claim what is due and queue its run, both or neither; None if there is no need."""
    with transaction.atomic():
        if not _move(idp, _next(idp, now), None):
            return None
        try:
            return runs.enqueue(
                idp, trigger=SyncRun.Trigger.SCHEDULE, people=idp.sync_users
            )
        except runs.AlreadyRunning as already:
            if not _does_this(already.run, idp):
                transaction.set_rollback(True)  # still due once that one is over
            return None


def _does_this(run: SyncRun, idp: IdentityProvider) -> bool:
    """Whether a run that is under way does this cycle's work."""
    writes = run.purpose == SyncRun.Purpose.SYNC
    return writes and (run.people or not idp.sync_users)


def _bring_near(idp: IdentityProvider, now: datetime) -> None:
    """A clock was set back, and what it had set would not come for long (F-24)."""
    due, retry = idp.next_due_at, idp.retry_at
    if due is not None and is_far(due, now, idp.cycle):
        due = _next(idp, now)
    if retry is not None and retry > now + backoff.QUOTA:
        retry = now
    if (due, retry) != (idp.next_due_at, idp.retry_at):
        _move(idp, due, retry)


def _next(idp: IdentityProvider, now: datetime) -> datetime:
    return following(idp.next_due_at or now, now, idp.cycle, offset_of(idp.pk))


def _move(idp: IdentityProvider, due: datetime | None, retry: datetime | None) -> bool:
    """Set what is due next; True for the one scheduler that did it."""
    known = IdentityProvider.objects.filter(
        pk=idp.pk,
        next_due_at=idp.next_due_at,
        retry_at=idp.retry_at,
        auto_sync=True,
        status=IdentityProvider.Status.ENABLED,
    )
    return bool(known.update(next_due_at=due, retry_at=retry))
