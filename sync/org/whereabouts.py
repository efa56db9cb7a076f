"""Why somebody is in the directory's scope, or what took them out of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from identity.connectors.records import EventKind
from identity.models import IdentityProvider
from sync.models import AccessCut, Change, Employee, InboxEvent, SyncRun, full_runs
from sync.org.departments import Step, path_ids, trails
from sync.org.history import last_end, left_in
from sync.org.person import Seat

SEARCHED = 500
"""Notices of one run, or of one moment, among which that of a person is looked for."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A chosen department that brings somebody in; `below` is the way from it to where
    they are, empty for its own members."""

    chosen: Step
    below: tuple[Step, ...]

    @property
    def path(self) -> str:
        """The way as text."""
        return " › ".join(step.name for step in (self.chosen, *self.below))


@dataclass(frozen=True, slots=True)
class Ended:
    """What took the active status from somebody: a change, the notice that its run went
    after, and the names of the departments that they were in until then."""

    change: Change
    event: InboxEvent | None
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Why access is cut: a notice, or a run that did not find them and was held."""

    cut: AccessCut
    event: InboxEvent | None
    held: SyncRun | None


def brought_in(idp: IdentityProvider, seats: Sequence[Seat]) -> tuple[Brought, ...]:
    """Which chosen departments cover these places; none if everything is synchronized,
    or if nothing covers them. No query."""
    if idp.scope == IdentityProvider.ScopeChoice.ALL:
        return ()
    chosen = set(map(str, idp.departments))
    found = (_way(seat, chosen) for seat in seats)
    return tuple(one for one in found if one)


def _way(seat: Seat, chosen: set[str]) -> Brought | None:
    """From the nearest chosen department down to a place."""
    department = seat.place.department
    way = (*seat.place.way, Step(department.pk, department.name))
    ids = path_ids(department.path)[-len(way) :]
    for at in range(len(way) - 1, -1, -1):
        if ids[at] in chosen:
            return Brought(way[at], way[at + 1 :])
    return None


def ended(person: Employee) -> Ended | None:
    """Of somebody who is not active what says so; at most five queries."""
    if person.status == Employee.Status.ACTIVE:
        return None
    change = last_end(person)
    if change is None:
        return None
    return Ended(change, _event_of(change.run, person), _places(person, change.run))


def _places(person: Employee, run: SyncRun) -> tuple[str, ...]:
    """Names of the departments that somebody was taken out of by a run."""
    ids = left_in(person, run)
    names = {id: step.name for id, step in trails(person.idp, (), *ids).items()}
    gone = Change.objects.filter(run=run, entity=Change.Entity.DEPARTMENT, key__in=ids)
    names |= dict(gone.exclude(label="").values_list("key", "label"))
    return tuple(names.get(id, id) for id in ids)


def notice(person: Employee) -> Notice | None:
    """Why the access of somebody is cut, None if it is not; at most three queries."""
    cut = AccessCut.objects.filter(employee=person).first()
    if cut is None:
        return None
    events = InboxEvent.objects.filter(idp=person.idp_id, number=cut.number)
    event = _naming(events.filter(kind=EventKind.LEFT), person)
    if event is not None:
        return Notice(cut, event, None)
    held = full_runs().filter(idp=person.idp_id, state=SyncRun.State.HELD)
    return Notice(cut, None, held.order_by("-pk").first())


def _event_of(run: SyncRun, person: Employee) -> InboxEvent | None:
    if run.breadth == SyncRun.Breadth.FULL:
        return None
    return _naming(InboxEvent.objects.filter(run=run), person)


def _naming(events: QuerySet[InboxEvent], person: Employee) -> InboxEvent | None:
    """The newest of these events that names a person."""
    rows = events.order_by("-pk").defer("sealed", "error_cause")[:SEARCHED]
    return next((row for row in rows if person.userid in row.userids), None)
