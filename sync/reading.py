"""Takes a connector's stream in: stages people, keeps the tree, proves completeness.

What a read may prove is a value here: every fault and every department that was not
read to its end counts, and only a complete read may say that somebody is missing.
"""

from collections.abc import Collection, Iterable, Iterator

from identity.connectors.records import (
    NOTES,
    ROOT,
    Batch,
    DepartmentRecord,
    EmployeeRecord,
    Fault,
    FaultKind,
    Lookup,
    MembershipRecord,
    Scope,
)
from identity.mapping import FieldMapping
from sync import plan
from sync.notes import Notes
from sync.staging import Stage

BUFFER = 2000
"""People held before they are staged."""


class Reading:
    """One read of a scope, as far as it has come."""

    def __init__(self, scope: Scope, mapping: FieldMapping, stage: Stage) -> None:
        self.scope = scope
        self.departments: dict[str, DepartmentRecord] = {}
        self.faults: list[Fault] = []
        self.notes = Notes()
        self.seen_targets: set[str] = set()
        self.calls = 0
        self.departments_seen = 0
        self.departments_read = 0
        self.gone: dict[str, int] = {}
        """userids that the vendor says do not exist, with the read that said so."""
        self._userids: set[str] = set()
        self._first: dict[str, int] = {}
        self._met: set[str] = set()  # listed, or read: a read can come first
        self._unfinished: set[str] = set()
        self._mapping = mapping
        self._rules = plan.Rules(mapping.gates)
        self._stage = stage
        self._people: list[tuple[EmployeeRecord, str]] = []
        self._memberships: list[MembershipRecord] = []

    def take(self, batches: Iterable[Batch]) -> Iterator["Reading"]:
        """Take the stream in; yields itself after each batch, for progress."""
        for batch in batches:
            self.add(batch)
            yield self
        self.flush()

    def add(self, batch: Batch) -> None:
        """Take one batch in."""
        for department in batch.departments:
            self.departments[department.id] = department
            self.notes.department(department)
        for read in batch.reads:
            self._first[read.department_id] = read.first
            if not read.complete:
                self._unfinished.add(read.department_id)
        self._met.update(each.id for each in batch.departments)
        self._met.update(read.department_id for read in batch.reads)
        self.departments_seen = len(self._met)
        self.departments_read = len(self._first)
        for employee in batch.employees:
            mapped = self._map(employee)
            self.seen_targets |= mapped.values.keys()
        self._userids.update(employee.userid for employee in batch.employees)
        self._memberships += batch.memberships
        self.gone |= dict(batch.gone)
        for fault in batch.faults:
            (self.notes.said if fault.kind in NOTES else self.faults).append(fault)
        self.notes.repeated += batch.repeated
        self.calls += batch.calls
        if len(self._people) >= BUFFER:
            self.flush()

    def take_person(self, lookup: Lookup) -> None:
        """Take in a person who was asked for singly."""
        if lookup.employee is not None:
            self._map(lookup.employee)
            self._memberships += lookup.memberships

    def _map(self, employee: EmployeeRecord) -> EmployeeRecord:
        mapped = self._mapping.apply(employee)
        self.notes.person(employee, mapped)
        self._people.append((mapped, plan.fingerprint(mapped, self._rules)))
        return mapped

    def flush(self) -> None:
        """Stage what is held."""
        if self._people:
            self._stage.add_employees(self._people)
            self._people = []
        if self._memberships:
            self._stage.add_memberships(self._memberships)
            self._memberships = []

    @property
    def employees_read(self) -> int:
        """How many people came, each counted once."""
        return len(self._userids)

    @property
    def complete(self) -> bool:
        """Whether everything inside the scope was read; only then absence counts."""
        return not self.faults and not self._unfinished

    def absent(self, department: str) -> int | None:
        """The read that proved that a department which was asked for is not there."""
        asked = department in self._first and department not in self._unfinished
        proven = asked and department not in self.departments
        return self._first[department] if proven else None

    @property
    def empty(self) -> bool:
        """Whether a whole company read as nothing: an empty root is suspicious (F-47).

        A chosen department may be empty, or gone: its people are asked for singly.
        """
        if not self.scope.whole:
            return False
        if not self.scope.people:
            return not self.departments.keys() - {ROOT}
        return self.employees_read == 0

    @property
    def from_the_top(self) -> bool:
        """Whether the whole company was walked and not only the app's range of it."""
        return self.scope.whole and ROOT in self.departments

    def cover(
        self, removed: Iterable[str], first: int, *, without: Collection[str] = ()
    ) -> None:
        """Tell the stage which departments count, and since which read.

        `removed` are departments that the read proved gone: nobody is in them.
        `without` are those that will not be made.
        """
        ids = [id for id in self.departments if id not in without]
        numbers = {id: self._first.get(id, first) for id in ids}
        self._stage.cover(numbers | dict.fromkeys(removed, first))

    def note(self, kind: FaultKind, where: str, message: str, remedy: str = "") -> None:
        """Add a fault that only the comparison could see."""
        self.faults.append(Fault(kind, where, message, remedy))
