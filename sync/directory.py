"""The directory: rows as records, and a run's changes written into rows in bulk.

Every writing transaction is short (SQLite's write lock is held for a chunk at a time)
and asks the lease's fence first. Newest read wins: a row that a later read refreshed
is never written by an older one.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from identity.connectors.records import DepartmentRecord, MembershipRecord
from identity.models import IdentityProvider
from sync import cuts, history, judging, neighbours, plan, seating, shape, sound
from sync.lease import Lease
from sync.models import Change, Department, Employee, Membership, SyncRun
from sync.people import PeopleWriter, chunks, emptied
from sync.staging import Stage

log = logging.getLogger(__name__)
DEPARTMENT = str(Change.Entity.DEPARTMENT)
MEMBERSHIP = str(Change.Entity.MEMBERSHIP)


def departments_of(
    idp: IdentityProvider, ids: Iterable[str] | None = None
) -> list[DepartmentRecord]:
    """All departments of an IdP, or these, ordered by id."""
    found = Department.objects.filter(idp=idp)
    return _records(found if ids is None else found.filter(source_id__in=list(ids)))


class Writer:
    """Writes one run's changes in the order that the rows need.

    `still` is asked in each transaction after the fence, and raises if what was read
    must not be written any more.
    """

    def __init__(
        self,
        idp: IdentityProvider,
        lease: Lease,
        stage: Stage,
        rules: plan.Rules,
        counts: Counter[str],
        still: Callable[[], None] = lambda: None,
    ) -> None:
        self.counts = counts
        self._still = still
        self._idp = idp
        self._lease = lease
        self._stage = stage
        self.people = PeopleWriter(
            idp, lease.run.pk, stage, self._fenced, rules, self.counts
        )

    @contextmanager
    def _fenced(self) -> Iterator[None]:
        """A transaction in which the run is certainly ours."""
        self._lease.check()
        with transaction.atomic():
            self._lease.fence()
            self._still()
            yield

    @property
    def moved(self) -> bool:
        """Whether it wrote anything that the tree's numbers depend on."""
        return any(n for name, n in self.counts.items() if name != "updated")

    def hold(self, changes: Iterable[plan.Change], verdicts: Mapping[str, str]) -> None:
        """Store a plan as changes that were not applied; `verdicts` of people."""
        for chunk in chunks(changes):
            with self._fenced():
                lines = judging.planned(self._lease.run, chunk, verdicts)
                history.plan(self._lease.run.pk, lines)

    def hold_lines(self, lines: Iterable[history.Line]) -> None:
        """Store what a plan would write into the history."""
        for chunk in chunks(lines):
            with self._fenced():
                history.plan(self._lease.run.pk, ((line, "", False) for line in chunk))

    # --- departments ---

    def place_departments(
        self, changes: Sequence[plan.Change], *, if_unchanged: bool = False
    ) -> Iterator[int]:
        """Create and update departments; yields chunk sizes. `if_unchanged`: no update
        of one whose content is not the one that was compared any more."""
        wanted = [c for c in changes if c.kind is not plan.Kind.REMOVE]
        ways = shape.chains(self._parents_after(wanted))
        for planned in chunks(wanted):
            with self._fenced():
                chunk = list(self._as_it_is_now(planned, if_unchanged))
                self._create_departments(chunk, ways)
                self._update_departments(chunk)
                self._record(DEPARTMENT, chunk)
            yield len(planned)

    def _as_it_is_now(
        self, planned: Sequence[plan.Change], if_unchanged: bool
    ) -> Iterator[plan.Change]:
        """What is left to do of these: a run beside this one may have written since
        they were planned, and the later read counts. What it removed is not made anew:
        a department's id is never given again."""
        keys = [change.key for change in planned]
        rows = Department.objects.filter(idp=self._idp, source_id__in=keys)
        now = {record.id: record for record in _records(rows)}
        gone = neighbours.removed_beside(self._lease.run, keys)
        for change in planned:
            record, row = _department(change.after), now.get(change.key)
            if row is None:
                if change.kind is plan.Kind.CREATE and change.key not in gone:
                    yield change
            elif if_unchanged and _content(row) != _content(change.before):
                continue
            elif row.read < record.read:
                yield from plan.diff_departments([row], [record])

    def remove_departments(self, changes: Iterable[plan.Change]) -> Iterator[int]:
        """Remove departments that a complete read proved gone; yields chunk sizes."""
        for chunk in chunks(c for c in changes if c.kind is plan.Kind.REMOVE):
            with self._fenced():
                removed = [change for change in chunk if self._remove(change)]
                self._record(DEPARTMENT, removed)
                self.counts["departments_removed"] += len(removed)
            yield len(chunk)

    def _remove(self, change: plan.Change) -> bool:
        """Delete a department unless a later read saw it; whether that was done."""
        rows = Department.objects.filter(
            idp=self._idp,
            source_id=change.key,
            read_number__lte=_department(change.before).read,
        )
        held = Membership.objects.filter(department__in=rows)
        history.write(self._lease.run.pk, emptied(held, self.counts))
        return bool(rows.delete()[0])

    def touch(self, departments: Iterable[DepartmentRecord]) -> Iterator[int]:
        """Give what was read the numbers of the reads, changed or not; chunk sizes."""
        for chunk in chunks(departments):
            with self._fenced():
                for record in chunk:
                    Department.objects.filter(
                        idp=self._idp,
                        source_id=record.id,
                        read_number__lt=record.read,
                    ).update(read_number=record.read)
            yield 0
        with self._fenced():
            self._stage.touch()
        yield 0

    def review(self, found: Mapping[str, int], began: datetime) -> tuple[str, ...]:
        """Give access back to those whom the reads clear of a notice; who that was."""
        with self._fenced():
            return cuts.review(self._idp, found, began)

    def _parents_after(self, changes: Iterable[plan.Change]) -> dict[str, str | None]:
        """Each department's parent once the changes are made."""
        parents = {d.id: d.parent_id for d in departments_of(self._idp)}
        for change in changes:
            record = _department(change.after)
            parents[record.id] = record.parent_id
        return parents

    def _create_departments(
        self, chunk: Iterable[plan.Change], ways: Mapping[str, tuple[str, ...]]
    ) -> None:
        records = [_department(c.after) for c in chunk if c.kind is plan.Kind.CREATE]
        rows = (
            Department(
                idp=self._idp,
                source_id=record.id,
                parent_source_id=record.parent_id or "",
                name=record.name[:200],
                sound=sound.spell(record.name[:200], person=False),
                order=record.order,
                path="/" + "/".join(ways[record.id]) + "/",
                depth=len(ways[record.id]) - 1,
                read_number=record.read,
            )
            for record in records
        )
        # A run beside this one may make the same at the same instant; it will do.
        Department.objects.bulk_create(rows, ignore_conflicts=True)
        self.counts["departments_created"] += len(records)

    def _update_departments(self, chunk: Iterable[plan.Change]) -> None:
        for change in chunk:
            if change.kind is plan.Kind.UPDATE:
                record = _department(change.after)
                self.counts["departments_updated"] += Department.objects.filter(
                    idp=self._idp, source_id=record.id, read_number__lt=record.read
                ).update(
                    name=record.name[:200],
                    sound=sound.spell(record.name[:200], person=False),
                    parent_source_id=record.parent_id or "",
                    order=record.order,
                    read_number=record.read,
                )

    # --- memberships ---

    def apply_memberships(self, changes: Iterable[plan.Change]) -> Iterator[int]:
        """Write memberships of people who have a row; yields chunk sizes."""
        for chunk in chunks(changes):
            with self._fenced():
                pairs = seating.pairs_of(self._idp, chunk)
                written = list(seating.left_to_do(chunk, pairs))
                self._write_memberships(written, pairs)
                self._record(MEMBERSHIP, written)
            yield len(chunk)

    def _write_memberships(
        self, chunk: Sequence[plan.Change], pairs: Mapping[str, tuple[int, int]]
    ) -> None:
        new: list[Membership] = []
        changed: list[tuple[object, ...]] = []
        gone: list[tuple[int, int, int]] = []
        for change in chunk:
            employee, department = pairs[change.key]
            if change.kind is plan.Kind.REMOVE:
                number = _membership(change.before).read
                gone.append((employee, department, number))
                continue
            record = _membership(change.after)
            if change.kind is plan.Kind.CREATE:
                new.append(_membership_row(employee, department, record))
            else:
                facts = (record.order, record.leader, record.read)
                changed.append((*facts, employee, department, record.read))
        Membership.objects.bulk_create(new, ignore_conflicts=True)
        self._stage.update_memberships(changed)
        for employee, department, number in gone:
            Membership.objects.filter(
                employee_id=employee, department_id=department, read_number__lte=number
            ).delete()
        self.counts["memberships_added"] += len(new)
        self.counts["memberships_changed"] += len(changed)
        self.counts["memberships_removed"] += len(gone)

    # --- the tree's numbers ---

    def reshape(self) -> None:
        """Compute paths and head-counts anew and write those that differ.

        Done again while a run beside this one may have written meanwhile: the last of
        two that counted has seen everything.
        """
        while self._reshape_once() and self._beside():
            log.info("run %s counts again", self._lease.run.pk)

    def _beside(self) -> bool:
        """Whether another run of this IdP wrote while this one did."""
        run = self._lease.run
        others = SyncRun.objects.filter(idp=self._idp).exclude(pk=run.pk)
        return others.filter(
            Q(state=SyncRun.State.RUNNING) | Q(finished_at__gte=run.started_at)
        ).exists()

    def _reshape_once(self) -> bool:
        """Whether anything differed."""
        rows = {row.source_id: row for row in Department.objects.filter(idp=self._idp)}
        memberships = (
            Membership.objects.filter(
                employee__idp=self._idp, employee__status=Employee.Status.ACTIVE
            )
            .order_by("employee_id")
            .values_list("employee_id", "department__source_id")
            .iterator(chunk_size=5000)
        )
        parents = {id: row.parent_source_id or None for id, row in rows.items()}
        different = [
            (id, new.path, new.depth, new.children, new.direct, new.total)
            for id, new in shape.shapes(parents, memberships).items()
            if new != _shape_of(rows[id])
        ]
        for chunk in chunks(different, 2000):
            with self._fenced():
                self._stage.update_shapes(chunk)
        return bool(different)

    def _record(self, entity: str, chunk: Iterable[plan.Change]) -> None:
        history.write(
            self._lease.run.pk,
            [history.line(entity, c.kind, c.key, c.before, c.after) for c in chunk],
        )


def _shape_of(row: Department) -> shape.Shape:
    return shape.Shape(row.path, row.depth, row.children, row.direct, row.total)


def _content(record: plan.Record | None) -> DepartmentRecord | None:
    return replace(_department(record), read=0) if record else None


def _department(record: plan.Record | None) -> DepartmentRecord:
    if not isinstance(record, DepartmentRecord):
        raise TypeError("a change of a department carries a department's record")
    return record


def _membership(record: plan.Record | None) -> MembershipRecord:
    if not isinstance(record, MembershipRecord):
        raise TypeError("a change of a membership carries a membership's record")
    return record


def _membership_row(
    employee: int, department: int, record: MembershipRecord
) -> Membership:
    return Membership(
        employee_id=employee,
        department_id=department,
        order=record.order,
        leader=record.leader,
        read_number=record.read,
    )


def _records(rows: QuerySet[Department]) -> list[DepartmentRecord]:
    values = rows.values_list(
        "source_id", "name", "parent_source_id", "order", "read_number"
    )
    records = (
        DepartmentRecord(id, name, parent or None, order, read)
        for id, name, parent, order, read in values
    )
    return sorted(records, key=lambda record: record.id)
