"""A run is taken back: planned from its history, shown, and written once approved.

Nothing is believed that may be old by now. Somebody who lost the active status comes
back only if the vendor, asked for exactly that person, knows them as the same person
inside the scope of today: who has left stays out, whatever is undone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from django.utils.translation import gettext as _

from identity.connection import connector_for
from identity.connectors.records import (
    DepartmentRecord,
    EmployeeRecord,
    Lookup,
    Standing,
)
from identity.gate import next_read
from sync import history, plan
from sync.asking import Watch
from sync.coverage import mapping_of
from sync.directory import Writer
from sync.lease import Lease
from sync.models import Change, SyncRun
from sync.people import chunks
from sync.plan import Kind
from sync.staging import Stage
from sync.territory import Territory
from sync.undoable import EMPLOYEE, Agreed, Undoable, kind_of, name_of

BUDGET = 300
"""People who are asked for before the plan is shown; all are before they come back."""
MOST_TOLD = 1000
"""Things that stay as they are, and are named in the run's row."""


def take_back(
    lease: Lease, watch: Watch, stage: Stage, counts: Counter[str]
) -> dict[str, Any]:
    """Carry an undo out as far as it may go: its plan waits for an administrator, and
    once approved it is written. What the run's row says afterwards."""
    run = lease.run
    work = UndoPass(run, watch)
    work.compare()
    writer = Writer(run.idp, lease, stage, work.rules, counts)
    agreed = _agreed(run)
    work.confirm(agreed, most=BUDGET if agreed is None else None)
    size = sum(1 for _ in work.plan.changes())
    if agreed is not None:
        work.apply(writer, agreed)
    elif size:
        writer.hold_lines(work.plan.lines())
        work.note_verdicts(run)
    waits = agreed is None and size
    reason = {"reason": "undo", "count": size, "limit": 0}
    return {
        "state": SyncRun.State.HELD if waits else SyncRun.State.SUCCESS,
        "stage": SyncRun.Stage.DONE,
        "faults": work.faults(),
        "held_because": [reason] if waits else [],
        "digest": work.plan.digest(),
        "calls": work.calls,
    }


def _agreed(run: SyncRun) -> Agreed | None:
    """What an administrator agreed to; None if this run only plans."""
    if run.approves is None:
        return None
    out = {(entity, key) for entity, key in run.approves.left_out}
    rows = Change.objects.filter(run=run.approves, applied=False)
    found = {(row.entity, row.key): row for row in rows.iterator(chunk_size=2000)}
    return {key: row for key, row in found.items() if key not in out}


class UndoPass:
    """Takes one run back, as far as it has come. `run` is the undo, not the undone."""

    def __init__(self, run: SyncRun, watch: Watch) -> None:
        if run.undoes is None:
            raise ValueError(f"{run} undoes nothing")
        self._undone, self._idp = run.undoes, run.idp
        gates = mapping_of(run.idp).gates
        self.rules = plan.Rules(gates)
        self.plan = Undoable(run.idp, frozenset({"", *gates.values()}))
        self._watch = watch
        self._connector = connector_for(run.idp)
        self.calls = 0
        self.verdicts: dict[str, str] = {}
        """userid of somebody who would come back: what the vendor said."""

    def compare(self) -> None:
        """Find what would take the run back, as everything is now."""
        # Its number is newer than that of every read which it takes back.
        self._watch.progress(stage=SyncRun.Stage.COMPARE, first_read=next_read())
        self.plan.find(self._undone)
        self._watch.progress(changes_planned=sum(1 for _ in self.plan.changes()))

    # --- ask ---

    def confirm(self, agreed: Agreed | None = None, most: int | None = None) -> None:
        """Ask for everybody who would come back; who may not, stays out of the plan.

        `agreed` are the rows that will be written (others are not asked for); `most` is
        how many are asked for at all.
        """
        returns = [c for c in self.plan.people if c.kind is Kind.CREATE]
        if agreed is not None:
            returns = [c for c in returns if (EMPLOYEE, c.key) in agreed]
        if not returns:
            return
        self._watch.progress(stage=SyncRun.Stage.CONFIRM)
        territory = Territory(self._idp)
        added = {c.key: c.after for c in self.plan.departments if c.kind is Kind.CREATE}
        read = {k: r for k, r in added.items() if isinstance(r, DepartmentRecord)}
        for change in returns[:most]:
            self._watch.check()
            lookup = self._connector.lookup(change.key)
            self.calls += 1
            self._watch.progress(calls=self.calls)
            self._judge(change, lookup, territory, read)

    def _judge(
        self,
        change: plan.Change,
        lookup: Lookup,
        territory: Territory,
        read: Mapping[str, DepartmentRecord],
    ) -> None:
        verdict, why = _answer(change, lookup, territory, read)
        if verdict is not Change.Verdict.FOUND:
            self.plan.stay_out(change, why)
            return
        self.verdicts[change.key] = verdict
        record = change.after
        if isinstance(record, EmployeeRecord):
            at = self.plan.people.index(change)
            self.plan.people[at] = replace(
                change, after=replace(record, read=lookup.read)
            )

    # --- apply ---

    def apply(self, writer: Writer, agreed: Agreed) -> None:
        """Write what was agreed to, and is still so."""
        self._watch.progress(stage=SyncRun.Stage.APPLY)
        number = next_read()
        done = 0
        for step in self._steps(writer, agreed, number):
            for count in step:
                done += count
                self._watch.progress(changes_applied=done)
        writer.reshape()

    def _steps(
        self, writer: Writer, agreed: Agreed, number: int
    ) -> Iterator[Iterable[int]]:
        self._say_what_changed(agreed)
        # What is left out may hold up what is not: a place its department, and that
        # one those below it.
        self.plan.only(lambda change: _is_agreed(change, agreed))
        departments = _numbered(self.plan.departments, number)
        people = _numbered(self.plan.people, number)
        ends = {c.key: _unionid(c.before) for c in self.plan.ends}
        moves = _numbered(self.plan.memberships, number)
        yield writer.place_departments(departments, if_unchanged=True)
        yield writer.people.apply(people, if_unchanged=True)
        lookup = Lookup(Standing.FOUND, number)
        out = Change.Kind.OUT_OF_SCOPE
        yield writer.people.end([(u, out, lookup) for u in ends], holders=ends)
        yield writer.apply_memberships(moves)
        yield writer.remove_departments(departments)

    def _say_what_changed(self, agreed: Agreed) -> None:
        """What was agreed to in another form is not written."""
        for change in self.plan.changes():
            key = (str(change.entity), change.key)
            if key in agreed and not _is_agreed(change, agreed):
                why = _("It was changed since the plan was approved.")
                self.plan.keep(name_of(change), why)

    def note_verdicts(self, run: SyncRun) -> None:
        """Say with the planned rows what the vendor said."""
        found = list(self.verdicts)
        for chunk in chunks(found):
            rows = Change.objects.filter(run=run, entity=EMPLOYEE, key__in=chunk)
            rows.update(verdict=Change.Verdict.FOUND)

    def faults(self) -> list[dict[str, Any]]:
        """What stays as it is, for the run's row."""
        return [asdict(fault) for fault in self.plan.kept[:MOST_TOLD]]


def _answer(
    change: plan.Change,
    lookup: Lookup,
    territory: Territory,
    read: Mapping[str, DepartmentRecord],
) -> tuple[Change.Verdict, str]:
    """What the vendor says of somebody who would come back."""
    person, record = lookup.employee, change.after
    if lookup.standing is Standing.GONE:
        return Change.Verdict.LEFT, _("They have left: the vendor does not know them.")
    if person is None or not isinstance(record, EmployeeRecord):
        return Change.Verdict.UNREADABLE, _("They could not be asked for.")
    if not record.unionid or person.unionid != record.unionid:
        return Change.Verdict.LEFT, _("This user id has another holder now.")
    inside = any(territory.inside(place, read) for place in person.department_ids)
    if not inside:
        return Change.Verdict.MOVED, _("They are outside of the chosen scope.")
    return Change.Verdict.FOUND, ""


def _unionid(record: plan.Record | None) -> str:
    return record.unionid if isinstance(record, EmployeeRecord) else ""


def _is_agreed(change: plan.Change, agreed: Agreed) -> bool:
    """Whether it was agreed to just so."""
    row = agreed.get((str(change.entity), change.key))
    if row is None:
        return False
    kind = kind_of(change)
    _entity, _kind, _key, _label, _before, after = history.line(
        change.entity, kind, change.key, change.before, change.after
    )
    return (row.kind, row.after) == (kind, after)


def _numbered(changes: Iterable[plan.Change], number: int) -> list[plan.Change]:
    """The same as if read just now, for the newest read wins; who was asked for has the
    number of that read."""
    found = []
    for change in changes:
        before, after = change.before, change.after
        if after is not None and (before is not None or not after.read):
            after = replace(after, read=number)
        if after is None and before is not None:
            before = replace(before, read=number)
        found.append(replace(change, before=before, after=after))
    return found
