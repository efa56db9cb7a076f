"""What of a run can be taken back, as everything is now: the plan of an undo.

What was changed again since the run stays as it is: that is newer. A department stays
while something of another run's is in it. Who somebody is, is never taken back.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from identity.connectors.records import (
    DepartmentRecord,
    EmployeeRecord,
    Fault,
    FaultKind,
    MembershipRecord,
)
from identity.models import IdentityProvider
from sync import history, plan, regrowing
from sync.directory import departments_of
from sync.inverse import Before, Past, Wish, reverted, wishes
from sync.models import Change, Employee, Membership, SyncRun
from sync.people import chunks, record_of
from sync.plan import Entity, Kind
from sync.since import Since

DEPARTMENT, EMPLOYEE, MEMBERSHIP = map(str, Entity)
Agreed = Mapping[tuple[str, str], Change]
"""What an administrator agreed to, by entity and key."""


class Undoable:
    """What would take one run back. `known` are the gates that a restored record knows:
    all, for its values are those of a row."""

    def __init__(self, idp: IdentityProvider, known: frozenset[str]) -> None:
        self.idp = idp
        self._known = known
        self.kept: list[Fault] = []
        """What stays as it is, and why."""
        self.departments: list[plan.Change] = []
        self.people: list[plan.Change] = []
        """Values, and people who come back."""
        self.ends: list[plan.Change] = []
        self.memberships: list[plan.Change] = []
        self._there: set[str] = set()
        self._since = Since(idp)

    def find(self, run: SyncRun) -> None:
        """Fill the plan from what a run wrote."""
        self._since = Since(self.idp, run)
        wanted: dict[str, dict[str, Wish]] = defaultdict(dict)
        for (entity, key), wish in wishes(_past(run)).items():
            wanted[entity][key] = wish
        self._plan_departments(wanted[DEPARTMENT])
        self._regrow()
        self._plan_people(wanted[EMPLOYEE])
        self._plan_memberships(wanted[MEMBERSHIP])
        self._spare_what_is_in_use()

    def only(self, wanted: Callable[[plan.Change], bool]) -> None:
        """Leave the other changes out, and what cannot be made without them."""
        self.departments = [*filter(wanted, self.departments)]
        self.people = [*filter(wanted, self.people)]
        self.ends = [*filter(wanted, self.ends)]
        self.memberships = [*filter(wanted, self.memberships)]
        self._regrow()
        self._spare_what_is_in_use()

    def changes(self) -> Iterator[plan.Change]:
        """All of it, in one order that is always the same."""
        for part in (self.departments, self.people, self.ends, self.memberships):
            yield from part

    def lines(self) -> Iterator[history.Line]:
        """The same for the history."""
        for change in self.changes():
            kind = kind_of(change)
            yield history.line(
                change.entity, kind, change.key, change.before, change.after
            )

    def digest(self) -> str:
        """Of all of it; the same for the same plan."""
        said = hashlib.sha256()
        for entity, kind, key, _label, before, after in self.lines():
            said.update(f"{entity}{kind}{key}{before}{after}\0".encode())
        return said.hexdigest()

    def _plan_departments(self, wanted: Mapping[str, Wish]) -> None:
        now = {record.id: record for record in departments_of(self.idp)}
        for id, wish in sorted(wanted.items()):
            row = now.get(id)
            if wish.state is Before.NOTHING and row:
                _add(self.departments, Kind.REMOVE, DEPARTMENT, id, row, None)
            elif wish.state is Before.SOMETHING and not row:
                record = _department(id, wish.values)
                _add(self.departments, Kind.CREATE, DEPARTMENT, id, None, record)
            elif wish.state is Before.OTHER_VALUES and row:
                record = _department(id, reverted(_told(row), wish))
                if replace(record, read=row.read) != row:
                    _add(self.departments, Kind.UPDATE, DEPARTMENT, id, row, record)

    def _regrow(self) -> None:
        """Leave out what has no place in the tree, and places in what is not there."""
        now = {record.id: record for record in departments_of(self.idp)}
        self.departments, unmade = regrowing.whole(self.departments, now)
        for change in unmade:
            self.keep(name_of(change), _("The department above is gone."))
        self._there = {c.key for c in self.departments} | now.keys()
        self.memberships = [
            c
            for c in self.memberships
            if c.after is None or c.key.rpartition("/")[2] in self._there
        ]

    def _plan_people(self, wanted: Mapping[str, Wish]) -> None:
        for chunk in chunks(sorted(wanted.items())):
            self._since.look(userid for userid, _wish in chunk)
            rows = Employee.objects.filter(idp=self.idp, userid__in=dict(chunk))
            by_userid: dict[str, list[Employee]] = defaultdict(list)
            for row in rows.order_by("pk"):
                by_userid[row.userid].append(row)
            for userid, wish in chunk:
                self._plan_person(userid, wish, by_userid[userid])

    def _plan_person(self, userid: str, wish: Wish, rows: list[Employee]) -> None:
        active = next((r for r in rows if r.status == Employee.Status.ACTIVE), None)
        other = wish.state is Before.SOMEBODY_ELSE or userid in self._since.handed_on
        if other:
            self.keep(wish.label or userid, _("This user id has another holder now."))
        elif wish.state is Before.NOTHING:
            if active and userid in self._since.back:
                self.keep(wish.label or userid, _("They came back after that run."))
            elif active:
                before = record_of(active)
                _add(self.ends, Kind.REMOVE, EMPLOYEE, userid, before, None)
        elif wish.state is Before.OTHER_VALUES:
            if active:
                self._plan_values(active, wish)
        elif not active:
            self._plan_return(userid, wish)

    def _plan_values(self, row: Employee, wish: Wish) -> None:
        now = record_of(row)
        values = reverted(now.values, _without_identity(wish))
        if values != dict(now.values):
            after = replace(now, values=values, known=self._known)
            _add(self.people, Kind.UPDATE, EMPLOYEE, row.userid, now, after)

    def _plan_return(self, userid: str, wish: Wish) -> None:
        unionid = str(wish.values.get("unionid") or "")
        values = _without_identity(wish).values
        if not values:  # erased, since they left long ago
            self.keep(wish.label or userid, _("Their values are not kept any more."))
            return
        told = {name: value for name, value in values.items() if value}
        record = EmployeeRecord(userid, unionid, told, known=self._known)
        _add(self.people, Kind.CREATE, EMPLOYEE, userid, None, record)

    def _plan_memberships(self, wanted: Mapping[str, Wish]) -> None:
        """Places of people who are here once it is done; who ends loses all of them."""
        ends = {change.key for change in self.ends}
        back = {change.key for change in self.people if change.kind is Kind.CREATE}
        for chunk in chunks(sorted(wanted.items())):
            pairs = {key: tuple(key.rpartition("/")[::2]) for key, _wish in chunk}
            userids = {userid for userid, _place in pairs.values()}
            self._since.look(userids)
            newer = self._since.handed_on | self._since.back
            here = back | self._active(userids) - newer
            rows = self._memberships(pairs)
            for key, wish in chunk:
                userid, department = pairs[key]
                if userid in here - ends and department in self._there:
                    self._plan_membership(userid, department, wish, rows.get(key))

    def _active(self, userids: Iterable[str]) -> set[str]:
        rows = Employee.objects.filter(
            idp=self.idp, userid__in=userids, status=Employee.Status.ACTIVE
        )
        return set(rows.values_list("userid", flat=True))

    def _plan_membership(
        self,
        userid: str,
        department: str,
        wish: Wish,
        row: MembershipRecord | None,
    ) -> None:
        key, add = f"{userid}/{department}", self.memberships
        if wish.state is Before.NOTHING and row:
            _add(add, Kind.REMOVE, MEMBERSHIP, key, row, None)
        elif wish.state is Before.SOMETHING and not row:
            record = _membership(userid, department, wish.values)
            _add(add, Kind.CREATE, MEMBERSHIP, key, None, record)
        elif wish.state is Before.OTHER_VALUES and row:
            told = {"order": row.order, "leader": row.leader}
            record = _membership(userid, department, reverted(told, wish))
            if replace(record, read=row.read) != row:
                _add(add, Kind.UPDATE, MEMBERSHIP, key, row, record)

    def _memberships(self, keys: Iterable[str]) -> dict[str, MembershipRecord]:
        wanted = set(keys)
        rows = Membership.objects.filter(
            employee__idp=self.idp,
            employee__userid__in={key.rpartition("/")[0] for key in wanted},
            employee__status=Employee.Status.ACTIVE,
        ).values_list(
            "employee__userid",
            "department__source_id",
            "order",
            "leader",
            "read_number",
        )
        found = {f"{row[0]}/{row[1]}": MembershipRecord(*row) for row in rows}
        return {key: record for key, record in found.items() if key in wanted}

    def _spare_what_is_in_use(self) -> None:
        """A department stays if anybody or anything of another run's is in it."""
        gone = {c.key for c in self.departments if c.kind is Kind.REMOVE}
        used = self._used(gone)
        while spared := used & gone:
            gone -= spared
            used = self._used(gone)
        for change in list(self.departments):
            if change.kind is Kind.REMOVE and change.key not in gone:
                self.departments.remove(change)
                self.keep(name_of(change), _("There are people or departments in it."))

    def _used(self, gone: set[str]) -> set[str]:
        """Of these departments those in which something would be left."""
        moves = {c.key: c.after for c in self.departments if c.kind is Kind.UPDATE}
        used = set()
        for record in departments_of(self.idp):
            after = moves.get(record.id, record)
            if record.id not in gone and isinstance(after, DepartmentRecord):
                used.add(after.parent_id or "")
        for change in self.departments:
            if change.kind is Kind.CREATE and isinstance(
                change.after, DepartmentRecord
            ):
                used.add(change.after.parent_id or "")
        ends = {change.key for change in self.ends}
        leaving = {c.key for c in self.memberships if c.kind is Kind.REMOVE}
        pairs = Membership.objects.filter(
            department__idp=self.idp, department__source_id__in=gone
        ).values_list("employee__userid", "department__source_id")
        for userid, department in pairs:
            if userid not in ends and f"{userid}/{department}" not in leaving:
                used.add(department)
        return used

    def keep(self, what: str, why: str) -> None:
        """Say that something stays as it is."""
        self.kept.append(Fault(FaultKind.NOT_UNDONE, what, why))

    def stay_out(self, change: plan.Change, why: str) -> None:
        """Take somebody who would come back out of the plan, with their places."""
        self.people.remove(change)
        self.memberships = [
            each
            for each in self.memberships
            if each.key.rpartition("/")[0] != change.key
        ]
        self.keep(name_of(change), why)


def _add(
    part: list[plan.Change],
    kind: Kind,
    entity: str,
    key: str,
    before: plan.Record | None,
    after: plan.Record | None,
) -> None:
    part.append(plan.Change(kind, Entity(entity), key, before, after))


def _past(run: SyncRun) -> Iterator[Past]:
    """What a run wrote, the newest first."""
    rows = Change.objects.filter(run=run, applied=True).order_by("-pk")
    for row in rows.iterator(chunk_size=2000):
        yield Past(row.entity, row.key, row.kind, row.label, row.before, row.after)


def kind_of(change: plan.Change) -> str:
    """How the history calls it: who is ended by an undo has not left the company."""
    if change.entity is Entity.EMPLOYEE and change.kind is Kind.REMOVE:
        return str(Change.Kind.OUT_OF_SCOPE)
    if change.entity is Entity.EMPLOYEE and change.kind is Kind.CREATE:
        return str(Change.Kind.RETURN)
    return str(change.kind)


def _without_identity(wish: Wish) -> Wish:
    """Who somebody is, is never taken back."""
    return replace(
        wish, values={k: v for k, v in wish.values.items() if k != "unionid"}
    )


def _told(row: DepartmentRecord) -> dict[str, Any]:
    return {"name": row.name, "parent_id": row.parent_id, "order": row.order}


def _department(id: str, values: Mapping[str, Any]) -> DepartmentRecord:
    return DepartmentRecord(
        id, values.get("name") or "", values.get("parent_id"), values.get("order") or 0
    )


def _membership(
    userid: str, department: str, values: Mapping[str, Any]
) -> MembershipRecord:
    return MembershipRecord(
        userid, department, values.get("order"), values.get("leader")
    )


def name_of(change: plan.Change) -> str:
    record = change.after or change.before
    if isinstance(record, EmployeeRecord):
        return record.values.get("name") or change.key
    return record.name if isinstance(record, DepartmentRecord) else change.key
