"""Events at work: which are due, and whether a narrow or a full run reads them again.

`work` is all that tasks need. It goes on until nothing is due, so that an event which
comes while another worker is at it needs no second ring.
"""

import logging
from collections.abc import Callable, Collection
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from identity.connectors.records import EventKind
from identity.gate import current_read
from identity.models import IdentityProvider
from sync import covering, rereading, runs, settling, worklist
from sync.models import InboxEvent, SyncRun, full_runs
from sync.worklist import Batch

log = logging.getLogger(__name__)
State = InboxEvent.State
BUSY = timedelta(seconds=10)
"""How long events wait for a full run that may have read before they came, and for
each other before one that reads them all."""
OVER = (State.DEAD, State.APPLIED, State.IGNORED)


def work(idp_id: str, stop: Callable[[], bool] = lambda: False) -> None:
    """Work on the events of an IdP until none is due or another worker does."""
    while not stop():
        idp = IdentityProvider.objects.filter(pk=idp_id).first()
        if idp is None or not _step(idp, stop):
            return


def again(events: QuerySet[InboxEvent]) -> int:
    """Work on these once more, as if they had just come; how many that are.

    They get the number of the newest read, or an old full run would answer them.
    """
    known = events.exclude(kind__in=(EventKind.VERIFY, EventKind.OTHER))
    return known.filter(state__in=OVER).update(
        state=State.PENDING,
        number=current_read(),
        outcome="",
        attempts=0,
        alone=False,
        approved=False,
        due_at=Now(),
        run=None,
        handled_at=None,
        error_code="",
        error_cause="",
    )


def approve(idp: IdentityProvider, only: Collection[int] | None = None) -> int:
    """Let the held events of an IdP pass the guard, or those of them that somebody was
    shown; how many that are."""
    held = InboxEvent.objects.filter(idp=idp, state=State.HELD)
    if only is not None:
        held = held.filter(pk__in=only)
    return held.update(state=State.PENDING, approved=True, due_at=Now())


def _step(idp: IdentityProvider, stop: Callable[[], bool]) -> bool:
    """Work on what is due now; whether there may be more."""
    if idp.is_draft or idp.status == IdentityProvider.Status.CLOSED:
        _park(idp)
        return False
    covering.cover(idp)
    covering.leave_full_runs(idp)
    batch = worklist.due(idp)
    if not batch.events:
        return False
    if batch.wide:
        _read_all(idp, batch)
        return True
    run = worklist.claim(batch, idp)
    if run is None:
        return False
    try:
        return rereading.carry_out(run, batch, stop)
    except rereading.TooWide:
        _read_all(idp, _widening(batch))
        return True


def _park(idp: IdentityProvider) -> None:
    """A closed IdP lets nobody in; a full run comes before these when it is enabled."""
    waiting = InboxEvent.objects.filter(idp=idp, state__in=InboxEvent.WAITING)
    waiting.update(state=State.PARKED)


def _widening(batch: Batch) -> Batch:
    """Of events that touch too much those that can be why; the others go on."""
    named = {event.pk for event in batch.events if event.departments}
    others = [event for event in batch.events if event.pk not in named]
    if not named or not others:
        return batch
    settling.release(others)
    return batch.only(named)


def _read_all(idp: IdentityProvider, batch: Batch) -> None:
    """One full run instead of many calls; the events wait for it.

    A held plan waits for a person, and is not pushed aside by events. While more of
    them come a moment is waited, so that one run reads them all.
    """
    newest = full_runs().filter(idp=idp).order_by("-pk").first()
    if newest and newest.held_by_guard:
        settling.hold(batch.events)
        return
    ages = [timezone.now() - event.received_at for event in batch.events]
    if min(ages) < worklist.LAG and max(ages) < BUSY:
        settling.release(batch.events, worklist.LAG)
        return
    try:
        run = runs.enqueue(idp, trigger=SyncRun.Trigger.EVENT)
    except runs.AlreadyRunning:
        settling.release(batch.events, BUSY)
    else:
        log.info("run %s for %s events of IdP %s", run.pk, len(batch.events), idp.pk)
        worklist.assign(batch, run)
