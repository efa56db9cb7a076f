"""Changes of a run as people read them: what it was about, and before and after."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from identity.models import IdentityProvider
from sync.models import Change, Department, Employee
from sync.org.history import differences
from sync.org.person import label_of
from sync.views.veil import Veil

Entity, Kind = Change.Entity, Change.Kind
BOTH_SIDES = (Kind.UPDATE, Kind.RETURN)
"""Kinds whose two sides are worth comparing; the others begin or end something."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person or a department that a change is about; `url` "" if it is not there.

    `note` tells people of one name apart.
    """

    name: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a change, as this reader may see it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """A change with its subject, of a membership with the department too."""

    change: Change
    subject: Subject
    department: Subject | None
    lines: tuple[Line, ...]


def told(changes: Sequence[Change], idp: IdentityProvider, veil: Veil) -> list[Told]:
    """Changes of one IdP with names and links; two queries however many they are."""
    people = _people(
        idp, {_userid(c) for c in changes if c.entity != Entity.DEPARTMENT}
    )
    departments = _departments(
        idp, {_department(c) for c in changes if c.entity != Entity.EMPLOYEE}
    )
    return [_told(change, people, departments, veil) for change in changes]


def _told(
    change: Change,
    people: dict[str, Employee],
    departments: dict[str, Department],
    veil: Veil,
) -> Told:
    person = people.get(_userid(change))
    mobile = person.mobile if person else ""
    place = departments.get(_department(change))
    if change.entity == Entity.DEPARTMENT:
        subject, department = _of_department(place, change.label or change.key), None
    else:
        subject = _of_person(person, veil.text(change.label or _userid(change), mobile))
        department = (
            _of_department(place, _department(change))
            if change.entity == Entity.MEMBERSHIP
            else None
        )
    return Told(change, subject, department, tuple(_lines(change, veil, mobile)))


def _lines(change: Change, veil: Veil, mobile: str) -> Iterable[Line]:
    if change.kind not in BOTH_SIDES:
        return
    for difference in differences(change):
        yield Line(
            _label(difference.field),
            veil.value(difference.field, difference.before, mobile),
            veil.value(difference.field, difference.after, mobile),
        )


def _label(field: str) -> str:
    """What a field of a change is called."""
    structure = {
        "parent_id": _("Parent department"),
        "order": _("Order"),
        "leader": _("Leader"),
        "unionid": "unionid",
    }
    return structure.get(field) or label_of(field)


def _of_person(person: Employee | None, name: str) -> Subject:
    if person is None:
        return Subject(name)
    return Subject(
        person.name, reverse("sync:employee", args=[person.pk]), person.title
    )


def _of_department(department: Department | None, name: str) -> Subject:
    if department is None:
        return Subject(name)
    return Subject(department.name, reverse("sync:department", args=[department.pk]))


def _userid(change: Change) -> str:
    if change.entity == Entity.MEMBERSHIP:
        return change.key.rpartition("/")[0]
    return change.key


def _department(change: Change) -> str:
    return change.key.rpartition("/")[2]


def _people(idp: IdentityProvider, userids: set[str]) -> dict[str, Employee]:
    """People by userid; of several the one who has not left, else the newest."""
    rows = Employee.objects.filter(idp=idp, userid__in=userids).order_by("pk")
    return {row.userid: row for row in sorted(rows, key=_present)}


def _present(row: Employee) -> bool:
    return row.status != Employee.Status.LEFT


def _departments(idp: IdentityProvider, keys: set[str]) -> dict[str, Department]:
    rows = Department.objects.filter(idp=idp, source_id__in=keys)
    return {row.source_id: row for row in rows}
