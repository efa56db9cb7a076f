"""Employees' rows: created, updated, taken back, replaced, ended."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Protocol, TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from identity.connectors.records import EmployeeRecord, Lookup, MembershipRecord
from identity.mapping import ATTRIBUTE
from identity.models import IdentityProvider
from sync import cuts, erasure, history, plan, sound
from sync.models import Change, Employee, Kept, Membership
from sync.staging import NotNew, Stage, attributes_of
from sync.statements import COLUMNS

CHUNK = 500
"""Changes in one transaction: keeps SQLite's write lock below 100 ms."""

T = TypeVar("T")
Kind = Change.Kind
EMPLOYEE = str(Change.Entity.EMPLOYEE)


class Fenced(Protocol):
    """Opens a transaction in which the run is certainly ours."""

    def __call__(self) -> AbstractContextManager[None]: ...


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk


class PeopleWriter:
    """Writes one run's changes of employees; `counts` says what was really done."""

    def __init__(
        self,
        idp: IdentityProvider,
        run_id: int,
        stage: Stage,
        fenced: Fenced,
        rules: plan.Rules,
        counts: Counter[str],
    ) -> None:
        self._idp = idp
        self._run_id = run_id
        self._stage = stage
        self._fenced = fenced
        self._rules = rules
        self._counts = counts

    def insert_new(self) -> Iterator[int]:
        """Add people whose userid was never here, set-based; yields chunk sizes."""
        self._stage.spell_new(CHUNK * 4)
        first = not Employee.objects.filter(idp=self._idp).exists()
        after = ""
        while True:
            upto, count = self._stage.next_new(after, CHUNK)
            if not count:
                return
            try:
                with self._fenced():
                    places = self._stage.insert_new(self._run_id, after, upto, count)
                    if not first:
                        self._stage.record_places(self._run_id, after, upto)
            except NotNew:
                self._stage.compare_employees_again()
                continue
            self._counts["memberships_added"] += places
            self._counts["created"] += count
            after = upto
            yield count

    def apply(
        self, changes: Iterable[plan.Change], *, if_unchanged: bool = False
    ) -> Iterator[int]:
        """Write updates, returns and replacements; yields chunk sizes. `if_unchanged`:
        no update of a row whose content is not the one that was compared any more."""
        for chunk in chunks(changes):
            with self._fenced():
                updates = self._update(chunk, if_unchanged=if_unchanged)
                lines = [*updates, *self._create(chunk)]
                history.write(self._run_id, lines)
            yield len(chunk)

    def end(
        self,
        lookups: Sequence[tuple[str, Kind, Lookup]],
        holders: Mapping[str, str] | None = None,
    ) -> Iterator[int]:
        """End the active status of people whom a lookup confirmed; chunk sizes.
        `holders`: only if they have these unionids."""
        for chunk in chunks(lookups):
            with self._fenced():
                for userid, kind, lookup in chunk:
                    holder = None if holders is None else holders[userid]
                    self._end(userid, kind, lookup.read, holder)
            yield len(chunk)

    def note_gone(self, reads: Mapping[str, int]) -> Iterator[int]:
        """Give rows of people who were not active the numbers of the reads that did
        not find them: an older read of a full run resurrects nobody."""
        for chunk in chunks(reads.items()):
            with self._fenced():
                for userid, read in chunk:
                    Employee.objects.filter(
                        idp=self._idp, userid=userid, read_number__lt=read
                    ).exclude(status=Employee.Status.ACTIVE).update(read_number=read)
            yield 0

    def release(self, kept: Sequence[int]) -> Iterator[int]:
        """Remove rows of what was kept, by their ids, that have done their work."""
        if kept:
            with self._fenced():
                Kept.objects.filter(pk__in=kept).delete()
        yield 0

    # --- one chunk ---

    def _update(
        self, chunk: Sequence[plan.Change], *, if_unchanged: bool
    ) -> Iterator[history.Line]:
        """Write over active rows that no later read refreshed."""
        wanted = [c for c in chunk if c.kind is plan.Kind.UPDATE]
        numbers = self._numbers([change.key for change in wanted])
        written: list[tuple[EmployeeRecord, str]] = []
        for planned in wanted:
            read = numbers.get(planned.key, _person(planned.after).read)
            for change in self._as_it_is_now(planned, read, if_unchanged):
                record = _person(change.after)
                written.append((record, plan.fingerprint(record, self._rules)))
                yield history.line(
                    EMPLOYEE, Kind.UPDATE, change.key, change.before, change.after
                )
        self._stage.update_employees(written)
        self._counts["updated"] += len(written)

    def _as_it_is_now(
        self, change: plan.Change, read: int, if_unchanged: bool
    ) -> Iterable[plan.Change]:
        """What is left to do of an update. `read` is the row's number; if it is not the
        one that was compared, another run has written since."""
        if read == _person(change.before).read:
            return [change]
        if read >= _person(change.after).read:
            return []
        row = Employee.objects.get(
            idp=self._idp, userid=change.key, status=Employee.Status.ACTIVE
        )
        present, before = record_of(row), _person(change.before)
        if if_unchanged and replace(present, read=before.read) != before:
            return []
        now = plan.diff_employees([present], [_person(change.after)], self._rules)
        return [change for change in now if change.kind is plan.Kind.UPDATE]

    def _create(self, chunk: Sequence[plan.Change]) -> Iterator[history.Line]:
        """People whose userid was here before: back again, or somebody else."""
        wanted = [c for c in chunk if c.kind in (plan.Kind.CREATE, plan.Kind.REPLACE)]
        rows = self._rows([change.key for change in wanted])
        for change in wanted:
            yield from self._admit(_person(change.after), rows[change.key])

    def _admit(
        self, record: EmployeeRecord, rows: Sequence[Employee]
    ) -> Iterator[history.Line]:
        if any(row.read_number > record.read for row in rows):
            return  # a later read knows better: a stale one resurrects nobody
        same = next((row for row in rows if _same_person(row, record)), None)
        for row in rows:
            if row is not same and row.status != Employee.Status.LEFT:
                yield from self._replaced(row, record)
        if same is None:
            _fill(Employee(idp=self._idp), record, self._rules).save()
            self._counts["created"] += 1
            yield history.line(EMPLOYEE, Kind.CREATE, record.userid, None, record)
        else:
            yield from self._take_back(same, record)

    def _take_back(
        self, row: Employee, record: EmployeeRecord
    ) -> Iterator[history.Line]:
        """Somebody who has a row; another run may have taken them back already."""
        before = record_of(row)
        record = plan.settle(before, record, self._rules)
        status, there = row.status, row.status == Employee.Status.ACTIVE
        differs = (record.values, record.unionid) != (before.values, before.unionid)
        _fill(row, record, self._rules).save()
        if not there or differs:
            self._counts["updated" if there else "returned"] += 1
            kind = Kind.UPDATE if there else Kind.RETURN
            was = "" if there else status
            yield history.line(EMPLOYEE, kind, record.userid, before, record, was=was)

    def _replaced(
        self, row: Employee, record: EmployeeRecord
    ) -> Iterator[history.Line]:
        """The old holder of a userid that another person has now: left."""
        was = "" if row.status == Employee.Status.ACTIVE else row.status
        _leave(row, Employee.Status.LEFT, record.read)
        self._counts["replaced"] += 1
        before = record_of(row)
        yield history.line(EMPLOYEE, Kind.REPLACE, row.userid, before, None, was=was)
        yield from emptied(row.memberships.all(), self._counts)

    def _end(
        self, userid: str, kind: Kind, read: int, holder: str | None = None
    ) -> None:
        row = Employee.objects.filter(
            idp=self._idp,
            userid=userid,
            status=Employee.Status.ACTIVE,
            read_number__lt=read,
        ).first()
        if row is None or holder not in (None, row.unionid):
            return
        before = record_of(row)
        _leave(row, Employee.Status(kind if kind != Kind.LEAVE else "left"), read)
        lines = [history.line(EMPLOYEE, kind, userid, before, None)]
        history.write(
            self._run_id, [*lines, *emptied(row.memberships.all(), self._counts)]
        )
        self._counts["left" if kind == Kind.LEAVE else "out_of_scope"] += 1

    # --- reading rows ---

    def _numbers(self, userids: Sequence[str]) -> dict[str, int]:
        rows = Employee.objects.filter(
            idp=self._idp, userid__in=userids, status=Employee.Status.ACTIVE
        )
        return dict(rows.values_list("userid", "read_number"))

    def _rows(self, userids: Sequence[str]) -> dict[str, list[Employee]]:
        """All rows of these userids: not-left ones first, then the newest."""
        found: dict[str, list[Employee]] = defaultdict(list)
        for row in Employee.objects.filter(idp=self._idp, userid__in=userids).order_by(
            "-read_number", "-pk"
        ):
            found[row.userid].append(row)
        for rows in found.values():
            rows.sort(key=lambda row: row.status == Employee.Status.LEFT)
        return found


def emptied(
    memberships: QuerySet[Membership], counts: Counter[str]
) -> Iterator[history.Line]:
    """Remove memberships, count them, and say for the history which those were."""
    rows = list(memberships.select_related("employee", "department"))
    memberships.delete()
    counts["memberships_removed"] += len(rows)
    for row in rows:
        userid, department = row.employee.userid, row.department.source_id
        before = MembershipRecord(userid, department, row.order, row.leader)
        key = f"{userid}/{department}"
        yield history.line(Change.Entity.MEMBERSHIP, Kind.REMOVE, key, before, None)


def record_of(row: Employee) -> EmployeeRecord:
    """A row as the planner sees it."""
    values = {name: text for name in COLUMNS if (text := getattr(row, name))}
    values |= {f"{ATTRIBUTE}{name}": text for name, text in row.attributes.items()}
    return EmployeeRecord(row.userid, row.unionid, values, read=row.read_number)


def _person(record: plan.Record | None) -> EmployeeRecord:
    if not isinstance(record, EmployeeRecord):
        raise TypeError("a change of an employee carries an employee's record")
    return record


def _same_person(row: Employee, record: EmployeeRecord) -> bool:
    """Whether a row is of the person who has its userid now.

    Somebody who left is taken back only by a unionid that is known and equal: userids
    are given again (T-12). Of somebody whose values were erased its mark is known.
    """
    if row.unionid and record.unionid:
        erased = row.erased_at is not None
        now = erasure.mark(row.idp_id, record.unionid) if erased else record.unionid
        return row.unionid == now
    return row.status != Employee.Status.LEFT


def _fill(row: Employee, record: EmployeeRecord, rules: plan.Rules) -> Employee:
    row.userid, row.unionid = record.userid, record.unionid
    row.status, row.left_at, row.erased_at = Employee.Status.ACTIVE, None, None
    row.read_number, row.changed_at = record.read, timezone.now()
    row.fingerprint = plan.fingerprint(record, rules)
    row.attributes = attributes_of(record.values)
    for name in COLUMNS:
        setattr(row, name, record.values.get(name, ""))
    row.sound = sound.spell(row.name)
    return row


def _leave(row: Employee, status: Employee.Status, read: int) -> None:
    row.status, row.read_number = status, read
    row.left_at = row.changed_at = timezone.now()
    row.save(update_fields=["status", "read_number", "left_at", "changed_at"])
    cuts.settle(row)
