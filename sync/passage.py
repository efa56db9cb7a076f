"""One pass over a scope: fetch, compare, guard, ask for the missing, apply.

The steps of `Pass` are called in order by `sync.runs`; each leaves what it found on
the pass, so that a preview is the first steps without the last.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Protocol

from identity.connection import connector_for
from identity.connectors.records import (
    Fault,
    FaultKind,
    Lookup,
    Scope,
    Standing,
)
from identity.gate import next_read
from identity.mapping import ATTRIBUTE, DETAIL, FIELDS, FieldMapping, build
from identity.models import IdentityProvider
from sync import plan
from sync.directory import Writer, departments_of
from sync.models import Change, Department, Employee, SyncRun
from sync.reading import Reading
from sync.staging import Stage

FULL = (SyncRun.State.SUCCESS, SyncRun.State.PARTIAL)


class Watch(Protocol):
    """Who looks on: hears of progress, and may stop the work between two steps."""

    def stopped(self) -> bool: ...

    def check(self) -> None: ...

    def progress(self, **numbers: Any) -> None: ...


def scope_of(idp: IdentityProvider, *, people: bool = True) -> Scope:
    """What an IdP's full run covers."""
    if idp.scope == IdentityProvider.ScopeChoice.ALL:
        return Scope(people=people)
    return Scope(departments=frozenset(map(str, idp.departments)), people=people)


def mapping_of(idp: IdentityProvider) -> FieldMapping:
    """The field mapping of an IdP, checked; raises MappingError."""
    return build(idp.mapping, idp.connector_class.source_fields())


class Pass:
    """One pass over one IdP's scope, as far as it has come."""

    def __init__(
        self, idp: IdentityProvider, scope: Scope, stage: Stage, watch: Watch
    ) -> None:
        self.idp = idp
        self.scope = scope
        self.fingerprint = idp.credentials_fingerprint()
        self._connector = connector_for(idp)
        self._mapping = mapping_of(idp)
        self._stage = stage
        self._watch = watch
        self.reading = Reading(scope, self._mapping, stage)
        self.rules = plan.Rules(self._mapping.gates)
        self.first = 0
        self.removals = False
        self.departments: list[plan.Change] = []
        self.plan = plan.summarize(())
        self.ended: list[tuple[str, Change.Kind, Lookup]] = []
        self.kept: list[str] = []

    # --- fetch ---

    def fetch(self) -> None:
        """Read the scope into the stage. Raises ConnectorError or CrawlStopped."""
        self.first = next_read()
        self._watch.progress(
            stage=SyncRun.Stage.FETCH,
            first_read=self.first,
            fingerprint=self.fingerprint,
        )
        batches = self._connector.snapshot(
            self.scope,
            details=self._mapping.details and self.scope.people,
            stop=self._watch.stopped,
        )
        for reading in self.reading.take(batches):
            self._watch.progress(
                departments_seen=len(reading.departments),
                departments_read=reading.departments_read,
                employees_read=reading.employees_read,
                calls=reading.calls,
            )
        self._watch.check()

    # --- compare ---

    def compare(self) -> None:
        """Find all differences; fills `plan` and `departments`."""
        self._watch.progress(stage=SyncRun.Stage.COMPARE)
        self.removals = self.reading.complete and not self.reading.empty
        self._compare_departments()
        self._compare_people()
        self.plan = plan.summarize(self.changes())
        self._watch.progress(changes_planned=self.plan.size)

    def changes(self) -> Iterator[plan.Change]:
        """Every planned change, in the order of the diff."""
        yield from self.departments
        yield from self._people_changes(new=True)
        yield from self._membership_changes()

    def held_because(self) -> tuple[plan.Held, ...]:
        """What the guard says to the plan."""
        idp = self.idp
        active = Employee.objects.filter(idp=idp, status=Employee.Status.ACTIVE).count()
        departments = Department.objects.filter(idp=idp).count()
        limits = plan.Limits(
            idp.guard_people_min,
            idp.guard_people_percent,
            idp.guard_departments_min,
            idp.guard_departments_percent,
        )
        nothing = not self.reading.departments and not active
        return plan.guard(
            self.plan,
            limits,
            active=active,
            departments=departments,
            empty_root=self.reading.complete
            and self.reading.empty
            and (nothing or bool(active)),
            new_credentials=self._credentials_changed(),
        )

    def _compare_departments(self) -> None:
        existing = departments_of(self.idp)
        read = self.reading.departments
        absent = {d.id for d in existing if d.id not in read}
        outside = self._outside(absent)
        gone = {
            department.id
            for department in existing
            if self.removals
            and department.id in absent - outside
            and department.read < self.first
        }
        fresh = {d.id for d in existing if d.id in read and d.read > read[d.id].read}
        self.departments = list(
            plan.diff_departments(
                (d for d in existing if d.id in gone | (read.keys() - fresh)),
                sorted(
                    (d for d in read.values() if d.id not in fresh),
                    key=lambda department: department.id,
                ),
            )
        )
        self.reading.cover(gone, self.first)
        if outside:
            self.reading.note(
                FaultKind.OUT_OF_SCOPE,
                f"{len(outside)} departments",
                "They are in the directory, but outside what the app may read now. "
                "They and their people stay as they are.",
                "Set the app's permission scope to All Employees, or choose a partial "
                "scope here.",
            )

    def _outside(self, absent: set[str]) -> set[str]:
        """Departments that the app's own range hides: their absence says nothing."""
        if not self.scope.whole or self.reading.from_the_top:
            return set()
        paths = Department.objects.filter(idp=self.idp, source_id__in=absent)
        tops = self.reading.departments.keys()
        return {
            id
            for id, path in paths.values_list("source_id", "path")
            if tops.isdisjoint(path.strip("/").split("/"))
        }

    def _compare_people(self) -> None:
        if not self.scope.people:
            self._stage.settle()
            self._stage.compare_employees(self.first, removals=False)
            self._stage.compare_memberships(removals=False)
            return
        self._stage.settle()
        unknown = frozenset(self._unknown_targets())
        self.rules = plan.Rules(self._mapping.gates, unknown)
        if unknown:
            self.removals = False
        for target in sorted(unknown):
            self.reading.note(
                FaultKind.PERMISSION,
                target,
                "It came for nobody although the directory holds values of it. The "
                "values stay as they are.",
                "See the connectivity test: a permission was probably withdrawn.",
            )
        self._stage.compare_employees(self.first, removals=self.removals)
        self._stage.compare_memberships(removals=self.removals)

    def _unknown_targets(self) -> Iterator[str]:
        """Gated fields that came for nobody although people read here have values."""
        for target, gate in self._mapping.gates.items():
            if gate in ("", DETAIL) or target in self.reading.seen_targets:
                continue
            people = Employee.objects.filter(
                idp=self.idp, status=Employee.Status.ACTIVE
            )
            if target in FIELDS:
                people = people.exclude(**{target: ""})
            else:
                name = target.removeprefix(ATTRIBUTE)
                people = people.filter(attributes__has_key=name)
            some = people.values_list("userid", flat=True)[:500]
            if self._stage.staged(some):
                yield target

    def _people_changes(self, *, new: bool) -> Iterator[plan.Change]:
        return plan.diff_employees(
            self._stage.employees_before(),
            self._stage.employees_after(new=new),
            self.rules,
        )

    def _membership_changes(self) -> Iterator[plan.Change]:
        return plan.diff_memberships(
            self._stage.memberships_before(), self._stage.memberships_after()
        )

    def _credentials_changed(self) -> bool:
        """Whether the last run that read something used other credentials."""
        last = (
            SyncRun.objects.filter(idp=self.idp, state__in=FULL)
            .order_by("-pk")
            .values_list("fingerprint", flat=True)
            .first()
        )
        return last is not None and last != self.fingerprint

    # --- ask for the missing ---

    def confirm(self) -> None:
        """Ask for each person who was not read; only who is confirmed loses access."""
        if not self.plan.absent:
            return
        self._watch.progress(stage=SyncRun.Stage.CONFIRM)
        found = False
        asking = True
        for userid in self.plan.absent:
            if not asking:
                self.kept.append(userid)
                continue
            self._watch.check()
            lookup = self._connector.lookup(userid)
            self.reading.calls += 1
            self._watch.progress(calls=self.reading.calls)
            found |= self._judge(userid, lookup)
            fault = lookup.fault
            asking = not (fault and fault.kind is FaultKind.PERMISSION)
        if found:
            self.reading.flush()
            self._stage.settle()
            self._stage.compare_employees(self.first, removals=False)

    def _judge(self, userid: str, lookup: Lookup) -> bool:
        """File one answer; True if the person turned out to be here."""
        if lookup.standing is Standing.GONE:
            self.ended.append((userid, Change.Kind.LEAVE, lookup))
        elif lookup.standing is Standing.UNREADABLE:
            self.kept.append(userid)
            self.reading.faults.append(
                lookup.fault
                or Fault(FaultKind.OUT_OF_SCOPE, userid, "could not be asked for")
            )
        elif self._in_scope(lookup):
            self.reading.take_person(lookup)
            return True
        else:
            self.ended.append((userid, Change.Kind.OUT_OF_SCOPE, lookup))
        return False

    def _in_scope(self, lookup: Lookup) -> bool:
        if self.reading.from_the_top:
            return True
        places = lookup.employee.department_ids if lookup.employee else ()
        return not self.reading.departments.keys().isdisjoint(places)

    # --- apply ---

    def apply(self, writer: Writer) -> None:
        """Write everything, in the order that the rows need."""
        self._watch.progress(stage=SyncRun.Stage.APPLY)
        done = 0
        for step in self._steps(writer):
            for count in step:
                done += count
                self._watch.progress(changes_applied=done)
        if done or self._interrupted_before():
            writer.reshape()

    def _interrupted_before(self) -> bool:
        """Whether a run wrote something and ended before the tree's numbers."""
        since = SyncRun.objects.filter(idp=self.idp, state__in=FULL).order_by("-pk")
        last = since.values_list("pk", flat=True).first() or 0
        return SyncRun.objects.filter(
            idp=self.idp, pk__gt=last, changes_applied__gt=0
        ).exists()

    def _steps(self, writer: Writer) -> Iterator[Iterable[int]]:
        yield writer.place_departments(self.departments)
        yield writer.people.insert_new()
        yield writer.people.apply(
            change
            for change in self._people_changes(new=False)
            if change.kind is not plan.Kind.REMOVE
        )
        yield writer.people.end(self.ended)
        self._stage.keep(self.kept)
        self._stage.compare_memberships(removals=self.removals)
        yield writer.apply_memberships(self._membership_changes())
        yield writer.remove_departments(self.departments)

    def faults(self) -> list[dict[str, Any]]:
        """What could not be read, for the run row."""
        return [asdict(fault) for fault in self.reading.faults]
