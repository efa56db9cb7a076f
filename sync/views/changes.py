"""Changes of a run as people read them: what it was about, and before and after."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _

from identity.models import IdentityProvider
from sync.erasure import is_mark
from sync.models import Change, Employee
from sync.org.departments import Trails, trails
from sync.org.history import department_of, differences, flat, userid_of
from sync.org.person import MOBILE, label_of
from sync.views.veil import Veil

Entity, Kind = Change.Entity, Change.Kind
BOTH_SIDES = (Kind.UPDATE, Kind.RETURN)
"""Kinds whose two sides are worth comparing; the others begin or end something."""
PLANNED = (*BOTH_SIDES, Kind.CREATE, Kind.REPLACE)
"""Of a plan there is no row yet that would show what a create makes."""


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


@dataclass(frozen=True, slots=True)
class Cast:
    """The people, by userid, and departments, by id, that changes are about."""

    people: Mapping[str, Employee]
    departments: Trails
    holders: Mapping[tuple[str, str], Employee] = field(default_factory=dict)
    """People by userid and unionid: a userid may have had several."""

    def whom(self, change: Change) -> Employee | None:
        """The person of a change; of an ended one it says which one that was."""
        userid, before = userid_of(change), change.before or {}
        one = self.holders.get((userid, str(before.get("unionid", ""))))
        return one or self.people.get(userid)


def cast_of(changes: Sequence[Change], idp: IdentityProvider) -> Cast:
    """Whom and what changes of an IdP are about; two queries."""
    rows = Employee.objects.filter(
        idp=idp, userid__in={userid_of(change) for change in changes}
    )
    # Of several with one userid the one who has not left counts, else the newest.
    ordered = sorted(rows.order_by("pk"), key=_present)
    people = {row.userid: row for row in ordered}
    holders = {(row.userid, row.unionid): row for row in ordered}
    return Cast(people, trails(idp, (), *map(department_of, changes)), holders)


def _present(row: Employee) -> bool:
    return row.status != Employee.Status.LEFT


def told(changes: Iterable[Change], cast: Cast, veil: Veil) -> list[Told]:
    """Changes with names, links and what this reader may see of the values."""
    return [_told(change, cast, veil) for change in changes]


def _told(change: Change, cast: Cast, veil: Veil) -> Told:
    userid, key = userid_of(change), department_of(change)
    person = cast.whom(change)
    mobile = person.mobile if person else _mobile_in(change)
    lines = tuple(_lines(change, veil, mobile))
    if change.entity == Entity.DEPARTMENT:
        return Told(change, _of_department(cast, key, change.label), None, lines)
    if person is None:
        subject = Subject(veil.text(change.label or userid, mobile))
    else:
        subject = subject_of(person, veil)
    department = _of_department(cast, key) if key else None
    return Told(change, subject, department, lines)


def _lines(change: Change, veil: Veil, mobile: str) -> Iterable[Line]:
    if change.kind not in (BOTH_SIDES if change.applied else PLANNED):
        return
    for difference in differences(change):
        if difference.field == "status":
            statuses = map(_status, (difference.before, difference.after))
            yield Line(_label(difference.field), *statuses)
            continue
        yield Line(
            _label(difference.field),
            veil.value(difference.field, _kept(difference.before), mobile),
            veil.value(difference.field, _kept(difference.after), mobile),
        )


def _status(value: str) -> str:
    """A status as people read it."""
    return str(dict(Employee.Status.choices).get(value, value))


def _kept(value: str) -> str:
    """A value, or that only a mark is left of it."""
    return _("erased") if is_mark(value) else value


def _label(field: str) -> str:
    """What a field of a change is called."""
    structure = {
        "parent_id": _("Parent department"),
        "order": _("Order"),
        "leader": _("Leader"),
        "unionid": "unionid",
        "status": _("Status"),
    }
    return structure.get(field) or label_of(field)


def subject_of(person: Employee, veil: Veil) -> Subject:
    """Somebody with the way to their page, as this reader may see them."""
    title = veil.value("title", person.title, person.mobile)
    address = reverse("sync:employee", args=[person.pk])
    return Subject(veil.name(person), address, title)


def _mobile_in(change: Change) -> str:
    """The mobile of somebody who is planned, or is not there any more."""
    return flat(change.after).get(MOBILE) or flat(change.before).get(MOBILE, "")


def _of_department(cast: Cast, key: str, label: str = "") -> Subject:
    if step := cast.departments.get(key):
        return Subject(step.name, reverse("sync:department", args=[step.pk]))
    return Subject(label or key)
