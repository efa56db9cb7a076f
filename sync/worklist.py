"""Which events are due, and who works on them: claimed into a run of their own.

An event is in work while the run that it names is open; if that one's worker dies, its
lease ends, and the event is due again by itself (F-72).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from identity.connectors.records import Scope
from identity.models import IdentityProvider
from sync.lease import close_dead, lease_of
from sync.models import InboxEvent, SyncRun, full_runs
from sync.narrow import MOST

State = InboxEvent.State
LIGHT = ("sealed",)
"""What work on an event does not need."""


@dataclass
class Batch:
    """Events that are read again together."""

    events: list[InboxEvent] = field(default_factory=list)
    departments: set[str] = field(default_factory=set)
    employees: set[str] = field(default_factory=set)

    def add(self, event: InboxEvent) -> None:
        """Take one more in."""
        self.events.append(event)
        self.departments.update(event.departments)
        self.employees.update(event.userids)

    @property
    def wide(self) -> bool:
        """Whether a full synchronization reads this with fewer calls (F-66)."""
        return len(self.departments) + len(self.employees) > MOST

    @property
    def scope(self) -> Scope:
        """What they ask to read, each object once."""
        return Scope(
            frozenset(self.departments), frozenset(self.employees), False, False
        )


def due(idp: IdentityProvider) -> Batch:
    """Events to be worked on now, the oldest first: all that have not failed by
    themselves, else one of those that have."""
    waiting = _due(idp)
    batch = Batch()
    for event in waiting.filter(alone=False).iterator(chunk_size=2000):
        batch.add(event)
    for event in () if batch.events else waiting.filter(alone=True)[:1]:
        batch.add(event)
    return batch


def idps_with_work() -> Iterator[str]:
    """Public ids of IdPs that have events which are due."""
    ids = _free().values_list("idp_id", flat=True).order_by("idp_id").distinct()
    yield from map(str, ids)


def claim(batch: Batch, idp: IdentityProvider) -> SyncRun | None:
    """A running narrow run that has these events; None if another worker is at it.

    One narrow run of an IdP at a time: the database's constraint decides.
    """
    with transaction.atomic():
        close_dead(idp)
        try:
            with transaction.atomic():
                run = _new_run(idp)
        except IntegrityError:
            return None
        _assign(batch, run)
    run.refresh_from_db()
    return run


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
    ids = [event.pk for event in batch.events]
    for start in range(0, len(ids), 500):
        rows = InboxEvent.objects.filter(pk__in=ids[start : start + 500])
        rows.filter(state=State.PENDING).update(run=run)


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
