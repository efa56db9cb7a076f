"""Events at work: which are due, and whether a narrow or a full run reads them again.

`work` is all that tasks need. It goes on until nothing is due, so that an event which
comes while another worker is at it needs no second ring.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from identity.connectors.records import EventKind
from identity.models import IdentityProvider
from sync import cuts, rereading, runs, settling, worklist
from sync.models import InboxEvent, SyncRun, full_runs
from sync.worklist import Batch

log = logging.getLogger(__name__)
State = InboxEvent.State
BUSY = timedelta(seconds=10)
"""How long events wait for a full run that may have read before they came."""
OVER = (State.DEAD, State.APPLIED, State.IGNORED)


def work(idp_id: str, stop: Callable[[], bool] = lambda: False) -> None:
    """Work on the events of an IdP until none is due or another worker does."""
    while not stop():
        idp = IdentityProvider.objects.filter(pk=idp_id).first()
        if idp is None or not _step(idp, stop):
            return


def again(events: QuerySet[InboxEvent]) -> int:
    """Work on these once more, as if they had just come; how many that are."""
    known = events.exclude(kind__in=(EventKind.VERIFY, EventKind.OTHER))
    return known.filter(state__in=OVER).update(
        state=State.PENDING,
        outcome="",
        attempts=0,
        alone=False,
        due_at=Now(),
        run=None,
        handled_at=None,
        error_code="",
        error_cause="",
    )


def approve(idp: IdentityProvider) -> int:
    """Let the held events of an IdP pass the guard; how many that are."""
    held = InboxEvent.objects.filter(idp=idp, state=State.HELD)
    return held.update(state=State.PENDING, approved=True, due_at=Now())


def _step(idp: IdentityProvider, stop: Callable[[], bool]) -> bool:
    """Work on what is due now; whether there may be more."""
    if idp.is_draft or idp.status == IdentityProvider.Status.CLOSED:
        _park(idp)
        return False
    _cover(idp)
    _leave_full_runs(idp)
    batch = worklist.due(idp)
    if not batch.events:
        return False
    if batch.wide:
        _read_all(idp, batch)
        return False
    run = worklist.claim(batch, idp)
    if run is None:
        return False
    try:
        rereading.carry_out(run, batch, stop)
    except rereading.TooWide:
        _read_all(idp, batch)
        return False
    return True


def _park(idp: IdentityProvider) -> None:
    """A closed IdP lets nobody in; a full run comes before these when it is enabled."""
    waiting = InboxEvent.objects.filter(idp=idp, state__in=InboxEvent.WAITING)
    waiting.update(state=State.PARKED)


def _cover(idp: IdentityProvider) -> None:
    """Settle what a full run has read since it came; who is cut needs a second look."""
    last = worklist.last_complete(idp)
    if last is None:
        return
    older = InboxEvent.objects.filter(idp=idp, number__lt=last.first_read)
    waiting = older.filter(state__in=(*InboxEvent.WAITING, State.PARKED, State.DEAD))
    events = list(waiting.defer(*worklist.LIGHT))
    cut = set(cuts.cut_among(idp)) if events else set()
    unsure = [event for event in events if cut.intersection(event.userids)]
    settling.cover([event for event in events if event not in unsure], last.pk)
    waking = [event.pk for event in unsure if event.state in (State.PARKED, State.DEAD)]
    InboxEvent.objects.filter(pk__in=waking).update(
        state=State.PENDING, due_at=Now(), attempts=0, handled_at=None
    )


def _leave_full_runs(idp: IdentityProvider) -> None:
    """Events that waited for a full run which is over, and did not settle them."""
    waited = InboxEvent.objects.filter(
        idp=idp, state=State.PENDING, run__breadth=SyncRun.Breadth.FULL
    ).exclude(run__state__in=SyncRun.OPEN)
    for run in SyncRun.objects.filter(events__in=waited).distinct():
        events = list(waited.filter(run=run).defer(*worklist.LIGHT))
        if run.state in (SyncRun.State.SUCCESS, SyncRun.State.PARTIAL):
            cut = set(cuts.cut_among(idp))
            unsure = [e for e in events if cut.intersection(e.userids)]
            settling.release(unsure)
            settling.cover([e for e in events if e not in unsure], run.pk)
        elif run.state == SyncRun.State.HELD:
            settling.hold(events)
        else:
            code, cause = run.error_code or run.state, run.error_cause
            settling.fail(events, code, cause, mortal=False)


def _read_all(idp: IdentityProvider, batch: Batch) -> None:
    """One full run instead of many calls; the events wait for it.

    A held plan waits for a person, and is not pushed aside by events.
    """
    newest = full_runs().filter(idp=idp).order_by("-pk").first()
    approved = all(event.approved for event in batch.events)
    if newest and newest.state == SyncRun.State.HELD and not approved:
        settling.hold(batch.events)
        return
    try:
        run = runs.enqueue(idp, trigger=SyncRun.Trigger.EVENT)
    except runs.AlreadyRunning:
        settling.release(batch.events, BUSY)
    else:
        log.info("run %s for %s events of IdP %s", run.pk, len(batch.events), idp.pk)
        worklist.assign(batch, run)
