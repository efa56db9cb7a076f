"""Events and full runs: what one has read need not be read again.

A full run settles an event only if it surely read after it (`worklist.read_by`), and
if nothing that the event says is still open: who is cut needs a second look.
"""

from collections.abc import Iterable

from django.db.models import QuerySet

from identity.models import IdentityProvider
from sync import cuts, settling, worklist
from sync.models import InboxEvent, SyncRun

State = InboxEvent.State
UNREAD = "The full synchronization could not read everything."


def cover(idp: IdentityProvider) -> None:
    """Settle what the last complete run has read since it came, and wake what waited
    for a run that is over."""
    answered = set(worklist.answered(idp).values_list("pk", flat=True))
    if last := worklist.last_complete(idp):
        states = (State.PENDING, *worklist.RESTING)
        read = InboxEvent.objects.filter(idp=idp, state__in=states)
        events = _light(read.filter(worklist.read_by(last)))
        unsure = _settle(idp, events, last)
        settling.look_again([e for e in unsure if e.pk in answered], idp)
        answered -= {event.pk for event in events}
    if answered:
        rest = InboxEvent.objects.filter(pk__in=worklist.answered(idp).values("pk"))
        settling.wake(_light(rest))


def leave_full_runs(idp: IdentityProvider) -> None:
    """Events that waited for a full run which is over, and did not settle them."""
    waited = InboxEvent.objects.filter(
        idp=idp, state=State.PENDING, run__breadth=SyncRun.Breadth.FULL
    ).exclude(run__state__in=SyncRun.OPEN)
    for run in SyncRun.objects.filter(events__in=waited).distinct():
        events = _light(waited.filter(run=run))
        if run.state == SyncRun.State.SUCCESS:
            read = set(
                waited.filter(worklist.read_by(run)).values_list("pk", flat=True)
            )
            sure = [event for event in events if event.pk in read]
            unsure = _settle(idp, sure, run)
            settling.look_again(unsure, idp)
            settling.wake([event for event in events if event.pk not in read])
        elif run.held_by_guard:
            settling.hold(events)
        elif run.state == SyncRun.State.HELD:  # it was never meant to write
            settling.wake(events)
        elif run.state == SyncRun.State.PARTIAL:
            settling.fail(events, worklist.UNREAD, UNREAD, mortal=True)
        else:
            code, cause = run.error_code or run.state, run.error_cause
            settling.fail(events, code, cause, mortal=code == "internal")


def _settle(
    idp: IdentityProvider, events: Iterable[InboxEvent], run: SyncRun
) -> list[InboxEvent]:
    """Settle what a run has read; gives back events of people whose access is cut."""
    rows = list(events)
    cut = set(cuts.cut_among(idp)) if rows else set()
    settling.cover([e for e in rows if cut.isdisjoint(e.userids)], run.pk)
    return [event for event in rows if not cut.isdisjoint(event.userids)]


def _light(events: QuerySet[InboxEvent]) -> list[InboxEvent]:
    return list(events.defer(*worklist.LIGHT))
