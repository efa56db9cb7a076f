"""Lists of people: of a department or the company, by status and search text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    UUIDField,
    Value,
)
from django.db.models.lookups import Exact

from identity.models import IdentityProvider
from sync.models import Department, Employee, Membership
from sync.org.departments import Lineage, below
from sync.org.matching import matching
from sync.org.search import Walked, ranked

PAGE = 50
PLACES = 3
"""Departments of a person in a list; the rest is a number."""


class PeopleCursor(NamedTuple):
    """The last person of a page; the next page begins after it."""

    status: str
    rank: int
    name: str
    pk: int


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """Which people. `department` None is the whole company; `status` "" is any.

    `title` "" is any; `no_email` and `no_mobile` keep those who have none. `hidden`
    says that the reader may not see mobiles, nor find them by a part.
    """

    idp: IdentityProvider
    department: Department | None = None
    sub: bool = False
    status: str = Employee.Status.ACTIVE
    text: str = ""
    title: str = ""
    no_email: bool = False
    no_mobile: bool = False
    hidden: bool = True

    def conditions(self) -> Q:
        """What of a person's own values is asked for; empty if nothing is."""
        wanted = matching(self.text, hidden=self.hidden) if self.text else Q()
        if self.title:
            wanted &= Q(title=self.title)
        if self.no_email:
            wanted &= Q(email="")
        if self.no_mobile:
            wanted &= Q(mobile="")
        return wanted


@dataclass(frozen=True, slots=True)
class Person:
    """An employee with some of the departments and the number of the others."""

    employee: Employee
    departments: tuple[Department, ...]
    others: int = 0


@dataclass(frozen=True, slots=True)
class People:
    """A page of people; `after` begins the next one, None on the last."""

    rows: tuple[Person, ...]
    after: PeopleCursor | None = None


def people(
    query: PeopleQuery,
    lineage: Lineage,
    after: PeopleCursor | None = None,
    size: int = PAGE,
    places: int = PLACES,
) -> People:
    """A page of people by name; two queries. `lineage` is that of the department.

    Of people whom a text finds, those come first whose name it is, then those whose
    name begins with it.
    """
    found = _matching(query, lineage).annotate(rank=_rank(query))
    if after:
        found = found.filter(_follows(query, after))
    # Keys first, so that no whole row is sorted but those of the page.
    keys = found.order_by(*_order(query))[: size + 1].values("pk")
    shown = Employee.objects.filter(pk__in=keys).annotate(rank=_rank(query))
    rows = sorted(shown, key=lambda row: (row.status, row.rank, row.name, row.pk))
    page = rows[:size]
    last = page[-1] if len(rows) > size else None
    return People(
        tuple(_with_departments(query.idp, page, places)),
        PeopleCursor(last.status, last.rank, last.name, last.pk) if last else None,
    )


def count(query: PeopleQuery, lineage: Lineage) -> int:
    """How many people all pages of a list hold together; one query."""
    return _matching(query, lineage).count()


def _matching(query: PeopleQuery, lineage: Lineage) -> QuerySet[Employee]:
    wanted = query.conditions()
    if not wanted:
        found = Employee.objects.filter(idp=query.idp)
        chosen = Q(status=query.status)
    else:
        # One walk over the table finds them; an index would be followed row by row.
        idp = Walked(F("idp"), output_field=UUIDField())
        found = Employee.objects.filter(wanted, Exact(idp, query.idp.pk))
        chosen = Q(Exact(Walked(F("status")), query.status))
    return _placed(found.filter(chosen) if query.status else found, query, lineage)


def _placed(
    found: QuerySet[Employee], query: PeopleQuery, lineage: Lineage
) -> QuerySet[Employee]:
    """Those in the department, or in it and below."""
    if query.department is None or (query.sub and lineage.whole):
        return found
    if not query.sub:
        return found.filter(memberships__department=query.department)
    members = Membership.objects.filter(department__in=below(query.department))
    if lineage.wide and not query.conditions():
        return found.filter(Exists(members.filter(employee=OuterRef("pk"))))
    return found.filter(pk__in=members.values("employee"))


def _rank(query: PeopleQuery) -> Case | Value:
    return ranked(query.text) if query.text else Value(0)


def _order(query: PeopleQuery) -> list[str]:
    """The order of the list, without what is the same for all."""
    status = [] if query.status else ["status"]
    rank = ["rank"] if query.text else []
    return [*status, *rank, "name", "pk"]


def _follows(query: PeopleQuery, last: PeopleCursor) -> Q:
    follows = Q(name__gte=last.name) & (Q(name__gt=last.name) | Q(pk__gt=last.pk))
    if query.text:
        follows = Q(rank__gt=last.rank) | (Q(rank=last.rank) & follows)
    if query.status:
        return follows
    in_status = Q(status__gt=last.status) | (Q(status=last.status) & follows)
    return Q(status__gte=last.status) & in_status


def _with_departments(
    idp: IdentityProvider, employees: Sequence[Employee], places: int
) -> Iterator[Person]:
    """People with their departments, the first of each by path; one query."""
    rows = Membership.objects.filter(
        employee__in=employees, department__idp=idp
    ).select_related("department")
    held: dict[int, list[Department]] = {}
    for row in rows.order_by("department__path"):
        held.setdefault(row.employee_id, []).append(row.department)
    for employee in employees:
        mine = held.get(employee.pk, [])
        yield Person(employee, tuple(mine[:places]), max(0, len(mine) - places))


def count_gone(idp: IdentityProvider) -> dict[str, int]:
    """How many people are not active, by status; one query.

    Active people are not counted here: departments store their numbers.
    """
    gone = Employee.objects.filter(
        idp=idp, status__in=[Employee.Status.LEFT, Employee.Status.OUT_OF_SCOPE]
    )
    return dict(gone.values_list("status").annotate(count=Count("pk")).order_by())
