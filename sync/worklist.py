"""Which events are due, and who works on them: claimed into a run of their own.

An event is in work while the run that it names is open; if that one's worker dies, its
lease ends, and the event is due again by itself (F-72).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from identity.connectors.records import Scope
from identity.models import IdentityProvider
from sync.lease import close_dead, lease_of
from sync.models import InboxEvent, SyncRun, full_runs
from sync.seeking import MOST

State = InboxEvent.State
LIGHT = ("sealed",)
"""What work on an event does not need."""
MOST_EVENTS = 5000
"""Events that are worked on together; the next ones follow."""
PORTION = MOST // 2
"""People and departments of a narrow run that does in portions what a full run left."""
LAG = timedelta(seconds=2)
"""How long a vendor's reads may lag its notices: a read that began sooner than this
after one is no proof that there is nothing new."""
UNREAD = "partial"
"""The code of events that a full run did not settle, as it could not read everything."""
RESTING = (State.HELD, State.PARKED, State.DEAD)
"""States that wait for a person or for a full run."""


@dataclass
class Batch:
    """Events that are read again together."""

    events: list[InboxEvent] = field(default_factory=list)
    departments: set[str] = field(default_factory=set)
    employees: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    """Departments that an administrator wants read with those who are in them."""
    bounded: bool = True
    """False: a full run could not settle these, so that narrow ones ask for all."""

    def add(self, event: InboxEvent) -> None:
        """Take one more in."""
        self.events.append(event)
        self.departments.update(event.departments)
        self.employees.update(event.userids)
        if event.way == InboxEvent.Way.CONSOLE:
            self.listed.update(event.departments)

    def fits(self, event: InboxEvent, most: int) -> bool:
        """Whether it stays within so many objects with one more."""
        departments = self.departments.union(event.departments)
        return len(departments) + len(self.employees.union(event.userids)) <= most

    def only(self, pks: set[int]) -> "Batch":
        """The same with these events alone."""
        kept = Batch(bounded=self.bounded)
        for event in self.events:
            if event.pk in pks:
                kept.add(event)
        return kept

    @property
    def wide(self) -> bool:
        """Whether a full synchronization reads this with fewer calls (F-66)."""
        return self.bounded and len(self.departments) + len(self.employees) > MOST

    @property
    def scope(self) -> Scope:
        """What they ask to read, each object once."""
        return Scope(
            frozenset(self.departments), frozenset(self.employees), False, False
        )


def due(idp: IdentityProvider) -> Batch:
    """Events to be worked on now, the oldest first: all that have not failed by
    themselves, else one of those that have.

    What an administrator approved, or a full run left, comes in portions: another full
    run would be held, or leave it, once more.
    """
    batch, left = Batch(), []
    for event in _due(idp).filter(alone=False)[:MOST_EVENTS]:
        if event.approved or event.error_code == UNREAD:
            left.append(event)
        else:
            batch.add(event)
    if left and not batch.wide:
        _fill(batch, left)
    for event in () if batch.events else _due(idp).filter(alone=True)[:1]:
        batch.bounded = not (event.approved or event.error_code == UNREAD)
        batch.add(event)
    return batch


def _fill(batch: Batch, events: Iterable[InboxEvent]) -> None:
    """Add a portion of these; one event by itself however many objects it names."""
    batch.bounded = bool(batch.events)
    for event in events:
        if batch.events and not batch.fits(event, PORTION):
            return
        batch.add(event)


def idps_with_work() -> Iterator[str]:
    """Public ids of IdPs with events that are due, or that a full run has read."""
    ids = set(_free().order_by().values_list("idp_id", flat=True).distinct())
    rest = InboxEvent.objects.filter(state__in=RESTING).order_by()
    resting = rest.values_list("idp_id", flat=True).distinct()
    for idp in IdentityProvider.objects.filter(
        pk__in=set(resting) - ids,
        status=IdentityProvider.Status.ENABLED,
        confirmed_at__isnull=False,
    ):
        if answered(idp).exists():
            ids.add(idp.pk)
    yield from sorted(map(str, ids))


def answered(idp: IdentityProvider) -> QuerySet[InboxEvent]:
    """Events that wait for a person or for a full run, and need not any more.

    Each is answered once by one run, so that nothing is done over and over.
    """
    events = InboxEvent.objects.filter(idp=idp, state__in=RESTING)
    parked, asked = Q(state=State.PARKED), Q(pk=None)
    newest = full_runs().filter(idp=idp).order_by("-pk").first()
    if newest and not newest.is_open:
        asked |= parked & Q(received_at__lt=newest.queued_at)
    if last := last_complete(idp):
        asked |= read_by(last) & (parked | Q(due_at__lt=last.started_at))
    return events.filter(asked)


def read_by(run: SyncRun) -> Q:
    """Events that a full run has surely read: it began after they came, and not so
    soon that its answers could lag them."""
    if run.started_at is None:
        return Q(pk=None)
    before = run.started_at - LAG
    return Q(number__lt=run.first_read, received_at__lt=before)


def claim(batch: Batch, idp: IdentityProvider) -> SyncRun | None:
    """A running narrow run that has these events, which is less if somebody else took
    some; None if another worker is at it.

    One narrow run of an IdP at a time: the database's constraint decides.
    """
    try:
        with transaction.atomic():
            close_dead(idp)
            run = _new_run(idp)
            _assign(batch, run)
            if not batch.events:
                raise _Taken
    except (IntegrityError, _Taken):
        return None
    run.refresh_from_db()
    return run


class _Taken(Exception):
    """Another worker has done these events since they were listed."""


def assign(batch: Batch, run: SyncRun) -> None:
    """Let events wait for the end of an open run."""
    with transaction.atomic():
        _assign(batch, run)


def _new_run(idp: IdentityProvider) -> SyncRun:
    run = SyncRun.objects.create(
        idp=idp,
        breadth=SyncRun.Breadth.NARROW,
        trigger=SyncRun.Trigger.EVENT,
        state=SyncRun.State.RUNNING,
        stage=SyncRun.Stage.FETCH,
        fence=1,
        attempts=1,
    )
    SyncRun.objects.filter(pk=run.pk).update(
        started_at=Now(), lease_until=Now() + lease_of(run)
    )
    return run


def _assign(batch: Batch, run: SyncRun) -> None:
    """Give a run the events that nobody else took; the others leave the batch."""
    ids = [event.pk for event in batch.events]
    for start in range(0, len(ids), 500):
        free = _free().filter(pk__in=ids[start : start + 500])
        InboxEvent.objects.filter(
            pk__in=list(free.values_list("pk", flat=True))
        ).update(run=run)
    rows = InboxEvent.objects.filter(run=run, state=State.PENDING)
    mine = batch.only(set(rows.values_list("pk", flat=True)))
    for event in mine.events:
        event.run_id = run.pk
    batch.events, batch.bounded = mine.events, mine.bounded
    batch.departments, batch.employees = mine.departments, mine.employees
    batch.listed = mine.listed


def _free() -> QuerySet[InboxEvent]:
    """Due events that nobody works on."""
    open_run = Q(run__state__in=SyncRun.OPEN, run__lease_until__gte=Now())
    return InboxEvent.objects.filter(state=State.PENDING, due_at__lte=Now()).exclude(
        open_run
    )


def _due(idp: IdentityProvider) -> QuerySet[InboxEvent]:
    return _free().filter(idp=idp).defer(*LIGHT).order_by("pk")


def last_complete(idp: IdentityProvider) -> SyncRun | None:
    """The newest full run that read everything."""
    done = full_runs().filter(idp=idp, state=SyncRun.State.SUCCESS, people=True)
    return done.order_by("-pk").first()
