"""The directory at a past moment, out of the rows and the changes since.

The order of a company's changes is the order of their ids, because all runs of an IdP
write one after the other; clocks may step. A moment is therefore a change, the `pivot`:
the newest one that was made no later. All that came after it is taken back
(`sync.org.past`); rows are read before changes, which that allows.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from identity import mapping
from identity.models import Enterprise, IdentityProvider
from sync.models import Change, Department, Employee, Membership
from sync.org.past import UNIONID, Person, Picture, Seat, Step, Unit

COLUMNS = tuple(field.key for field in mapping.CATALOGUE)
STEP = ("entity", "kind", "key", "before")
DEPARTMENT, MEMBERSHIP = str(Change.Entity.DEPARTMENT), str(Change.Entity.MEMBERSHIP)
EMPLOYEE = str(Change.Entity.EMPLOYEE)
PORTION = 500
"""Keys in one query."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A past moment of an IdP: when, and the newest change made by then."""

    at: datetime
    pivot: int


def moment(idp: IdentityProvider, at: datetime) -> Moment:
    """A moment with its pivot, 0 before the first change; one query."""
    made = _made(idp).filter(at__lte=at)
    return Moment(at, made.order_by("-pk").values_list("pk", flat=True).first() or 0)


def began(idp: IdentityProvider) -> datetime | None:
    """From when on the history of an IdP is whole; None if nothing has happened yet."""
    oldest = _made(idp).order_by("pk").values_list("at", flat=True).first()
    whole = Enterprise.load().history_from
    if whole is None or idp.confirmed_at is None or idp.confirmed_at > whole:
        return oldest
    return whole


def _made(idp: IdentityProvider) -> QuerySet[Change]:
    """What was done to the directory of an IdP. The plus keeps a database from sorting
    all changes of its runs, instead of walking from the newest one."""
    runs = idp.runs.values("pk")
    return Change.objects.annotate(of=F("run") + 0).filter(of__in=runs, applied=True)


def steps(
    idp: IdentityProvider,
    after: int,
    *,
    until: int | None = None,
    entities: Collection[str] = (),
    keys: Collection[str] | None = None,
    fields: Collection[str] | None = None,
) -> Iterator[Step]:
    """What was done after a change, newest first, up to another one; only of these
    entities and keys. Where of people no more than some fields matter, updates of others
    are not even read."""
    if keys is not None and len(keys) > PORTION:
        wanted = set(keys)
        found = steps(idp, after, until=until, entities=entities, fields=fields)
        yield from (step for step in found if step.key in wanted)
        return
    rows = _made(idp).filter(pk__gt=after)
    if until is not None:
        rows = rows.filter(pk__lte=until)
    if entities:
        rows = rows.filter(entity__in=entities)
    if keys is not None:
        rows = rows.filter(key__in=keys)
    if fields is not None:
        names = {UNIONID, *fields}
        rows = rows.exclude(
            ~Q(before__has_any_keys=sorted(names)),
            entity=EMPLOYEE,
            kind=Change.Kind.UPDATE,
        )
    lines = rows.order_by("-pk").values_list(*STEP)
    yield from map(Step._make, lines.iterator(chunk_size=2000))


def picture(idp: IdentityProvider, at: Moment | None = None) -> Picture:
    """The whole directory with all values, now or at a moment."""
    found = Picture(
        units(idp),
        people(Employee.objects.filter(idp=idp)),
        seats(Membership.objects.filter(employee__idp=idp)),
    )
    if at is not None:
        found.take_back(steps(idp, at.pivot))
    return found


def units(idp: IdentityProvider) -> dict[str, Unit]:
    """The departments as they are, by id."""
    rows = Department.objects.filter(idp=idp)
    lines = rows.values_list("source_id", "name", "parent_source_id", "order")
    return {key: Unit(name, parent, order) for key, name, parent, order in lines}


def people(rows: QuerySet[Employee]) -> dict[str, list[Person]]:
    """People as they are with their values, by userid."""
    found: dict[str, list[Person]] = {}
    columns = ("userid", "pk", "status", "unionid", "attributes", *COLUMNS)
    for userid, pk, status, unionid, attributes, *values in rows.values_list(*columns):
        held = dict(zip(COLUMNS, values, strict=True))
        held |= {f"{mapping.ATTRIBUTE}{k}": text for k, text in attributes.items()}
        held = {key: text for key, text in held.items() if text}
        found.setdefault(userid, []).append(Person(pk, status, unionid, held))
    return found


def seats(rows: QuerySet[Membership]) -> dict[str, dict[str, Seat]]:
    """Memberships as they are, by userid and department."""
    columns = ("employee__userid", "department__source_id", "order", "leader")
    found: dict[str, dict[str, Seat]] = {}
    for userid, department, order, leader in rows.values_list(*columns):
        found.setdefault(userid, {})[department] = Seat(order, leader)
    return found


def portions(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys in lists that fit into one query."""
    held: list[Any] = sorted(keys)
    for begin in range(0, len(held), PORTION):
        yield held[begin : begin + PORTION]
