"""Changes of the directory as a webhook tells them: their types, and what they carry.

A change carries the person or department as they are when it is sent, no mobile number:
whoever hears it twice, or late, ends with the truth all the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from django.utils.translation import gettext_lazy as _

from identity.models import IdentityProvider
from sync.models import Change, Department, Employee, Membership, SyncRun

Kind = Change.Kind
EMPLOYEE, DEPARTMENT = Change.Entity.EMPLOYEE, Change.Entity.DEPARTMENT
ENVELOPE, MOVED = "directory.changed", "employee.moved"
MOST = 100
"""Changes in one message."""
FAR = 1000
"""Changes of others that are walked through again each time; more are not."""
OF: Mapping[tuple[str, str], str] = {
    (EMPLOYEE, Kind.CREATE): "employee.created",
    (EMPLOYEE, Kind.UPDATE): "employee.updated",
    (EMPLOYEE, Kind.REPLACE): "employee.left",  # the one before; the next is created
    (EMPLOYEE, Kind.RETURN): "employee.returned",
    (EMPLOYEE, Kind.LEAVE): "employee.left",
    (EMPLOYEE, Kind.OUT_OF_SCOPE): "employee.out_of_scope",
    (DEPARTMENT, Kind.CREATE): "department.created",
    (DEPARTMENT, Kind.UPDATE): "department.updated",
    (DEPARTMENT, Kind.REMOVE): "department.removed",
}
TYPES: Mapping[str, Any] = {
    "employee.created": _("An employee is new"),
    "employee.updated": _("Values of an employee changed"),
    "employee.moved": _("The departments of an employee changed"),
    "employee.left": _("An employee left the company"),
    "employee.out_of_scope": _("An employee is out of scope"),
    "employee.returned": _("An employee came back"),
    "department.created": _("A department is new"),
    "department.updated": _("A department was renamed or moved"),
    "department.removed": _("A department was removed"),
}
"""Every type, with what it says for people."""


def type_of(change: Change) -> str:
    """The type of a change; that of a membership is the employee's."""
    return OF.get((change.entity, change.kind), MOVED)


def last(idp: IdentityProvider) -> int:
    """The newest change of an IdP, 0 before the first."""
    rows = Change.objects.filter(run__idp=idp, applied=True).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def after(idp: IdentityProvider, position: int, through: int = 0) -> list[Change]:
    """The next changes that were made, in order; those up to `through` if it is given.

    Each transaction that writes changes of an IdP holds the rows of its open runs
    (`Lease.fence`), takes the ids while it does, and lets go when it commits. So what
    becomes visible of one IdP has higher ids than what was visible before.
    """
    rows = Change.objects.filter(run__idp=idp, applied=True, pk__gt=position)
    if through:
        rows = rows.filter(pk__lte=through)
    return list(rows.order_by("pk")[:MOST])


def passed(idp: IdentityProvider, position: int) -> int:
    """From where `after` need not look again where it has just found nothing: it walks
    all changes since, those of other IdPs too. Inside a transaction.

    Whoever has an id up to the newest one now, and has not committed yet, holds an open
    run: it is waited for, and looked for once more.
    """
    newest = Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    if newest - position < FAR:
        return position
    rows = SyncRun.objects.filter(idp=idp, state__in=SyncRun.OPEN).order_by("pk")
    list(rows.select_for_update().values_list("pk"))
    return position if after(idp, position, newest) else newest


def body(
    idp: IdentityProvider, changes: Sequence[Change], types: Collection[str]
) -> dict[str, Any]:
    """A message of those of these changes that are wanted; no types: all of them."""
    wanted = chosen(changes, types)
    people, places = _People(idp, wanted), _departments(idp, wanted)
    at = wanted[-1].at if wanted else idp.created_at
    return {
        "type": ENVELOPE,
        "timestamp": at.astimezone(UTC).isoformat(),
        "data": {
            "idp": {"id": str(idp.pk), "name": idp.name},
            "changes": [_entry(one, people, places) for one in wanted],
        },
    }


def chosen(changes: Sequence[Change], types: Collection[str]) -> list[Change]:
    """Those of the wanted types."""
    return [one for one in changes if not types or type_of(one) in types]


def _entry(
    change: Change, people: "_People", places: Mapping[str, Department]
) -> dict[str, Any]:
    entry = {
        "id": change.pk,
        "type": type_of(change),
        "at": change.at.astimezone(UTC).isoformat(),
    }
    if change.entity == DEPARTMENT:
        return entry | {"department": _department(change, places.get(change.key))}
    return entry | {"employee": people.shown(change)}


def _department(change: Change, row: Department | None) -> dict[str, Any]:
    if row is not None and change.kind != Kind.REMOVE:
        parent = row.parent_source_id or None
        return {"id": row.source_id, "name": row.name, "parent": parent}
    was = change.before or {}
    name = was.get("name", change.label)
    return {"id": change.key, "name": name, "parent": was.get("parent_id")}


def _departments(
    idp: IdentityProvider, changes: Sequence[Change]
) -> dict[str, Department]:
    keys = {one.key for one in changes if one.entity == DEPARTMENT}
    rows = Department.objects.filter(idp=idp, source_id__in=keys)
    return {row.source_id: row for row in rows}


def _userid(change: Change) -> str:
    """Of a membership the part before the department's id, which has no slash."""
    if change.entity == EMPLOYEE:
        return change.key
    return change.key.rpartition("/")[0]


class _People:
    """The people of some changes, with their departments, in two queries."""

    def __init__(self, idp: IdentityProvider, changes: Sequence[Change]) -> None:
        userids = {_userid(one) for one in changes if one.entity != DEPARTMENT}
        self._rows: dict[str, list[Employee]] = defaultdict(list)
        for row in Employee.objects.filter(idp=idp, userid__in=userids).order_by("pk"):
            self._rows[row.userid].append(row)
        self._places: dict[int, list[str]] = defaultdict(list)
        for employee, place in _memberships(self._rows):
            self._places[employee].append(place)

    def shown(self, change: Change) -> dict[str, Any]:
        """The person a change is about: of several who had the user id the one with the
        unionid that the change names, else the newest."""
        rows = self._rows.get(_userid(change), [])
        unionid = (change.after or change.before or {}).get("unionid")
        row = next((one for one in reversed(rows) if one.unionid == unionid), None)
        row = row or (rows[-1] if rows else None)
        if row is None:
            return {"userid": _userid(change)}
        return {
            "sub": str(row.sub),
            "userid": row.userid,
            "status": row.status,
            "name": row.name,
            "email": row.email,
            "departments": self._places.get(row.pk, []),
        }


def _memberships(rows: Mapping[str, list[Employee]]) -> Iterator[tuple[int, str]]:
    ids = [row.pk for several in rows.values() for row in several]
    found = Membership.objects.filter(employee__in=ids).order_by("department_id")
    yield from found.values_list("employee_id", "department__source_id")
