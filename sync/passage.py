"""One pass over a scope: fetch, compare, guard, ask for the missing, apply.

The steps of `Pass` are called in order by `sync.runs`; each leaves what it found on
the pass, so that a preview is the first steps without the last.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

from django.utils import timezone

from identity.connection import connector_for
from identity.connectors.records import (
    Company,
    DepartmentRecord,
    FaultKind,
    Scope,
    Snapshot,
)
from identity.gate import database_now, next_read
from identity.models import IdentityProvider
from sync import cuts, guard, judging, notes, plan, undone, unseen
from sync.asking import Asking, Watch, meet_company
from sync.coverage import company_of, mapping_of
from sync.directory import Writer, departments_of
from sync.models import Change, Department, SyncRun, full_runs
from sync.reading import Reading
from sync.sparing import Spared
from sync.staging import Stage

FULL = (SyncRun.State.SUCCESS, SyncRun.State.PARTIAL)
MOST_TOLD = 1000
"""Faults, and notes, that a run's row keeps; a vendor in disorder can have any number."""


class OtherCompany(Exception):
    """The credentials open another company than the one that this directory is of."""


class Pass:
    """One pass over one IdP's scope, as far as it has come."""

    def __init__(
        self,
        idp: IdentityProvider,
        scope: Scope,
        stage: Stage,
        watch: Watch,
        agreed: guard.Agreed = guard.NOTHING,
    ) -> None:
        self.idp = idp
        self.scope = scope
        self.agreed = agreed
        self.fingerprint = company_of(idp)
        self._connector = connector_for(idp, watch.stopped)
        self._mapping = mapping_of(idp)
        self._stage = stage
        self._watch = watch
        self.reading = Reading(scope, self._mapping, stage)
        self.rules = plan.Rules(self._mapping.gates)
        self.first = 0
        self.began = timezone.now()
        self.removals = False
        self._complete = False
        self.departments: list[plan.Change] = []
        self._known: tuple[DepartmentRecord, ...] = ()
        self._found: tuple[DepartmentRecord, ...] = ()
        self.plan = plan.summarize(())
        self.asking = Asking(self._connector, self.reading, watch)
        self.spared = Spared(idp)

    # --- fetch ---

    def fetch(self) -> None:
        """Read the scope into the stage. Raises ConnectorError or CrawlStopped."""
        self.began, self.first = database_now(), next_read()
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
                departments_seen=reading.departments_seen,
                departments_read=reading.departments_read,
                employees_read=reading.employees_read,
                calls=reading.calls,
            )
        self._watch.check()

    def _meet_company(self) -> None:
        """Ask whose company it is, if anything would be written at all (T-47)."""
        if not (self.plan.size or self.spared.absent):
            return
        company = meet_company(self._connector, self.reading, self._watch)
        if company is Company.OTHER:
            raise OtherCompany

    # --- compare ---

    def compare(self) -> None:
        """Find all differences; fills `plan` and `departments`. Raises OtherCompany."""
        self._watch.progress(stage=SyncRun.Stage.COMPARE)
        self._find_unknown_fields()
        self.removals = self.reading.complete
        self._compare_departments()
        self._stage.settle_memberships()
        self._watch.check()
        self._stage.compare_employees(
            self.first, removals=self.removals and self.scope.people
        )
        self._watch.check()
        self._compare_memberships()
        self._watch.check()
        self._complete = self.reading.complete
        self._summarize()
        self._meet_company()
        self._free_who_left()

    def _summarize(self) -> None:
        self.plan = plan.summarize(self.changes())
        self._watch.progress(changes_planned=self.plan.size)

    def changes(self) -> Iterator[plan.Change]:
        """Every planned change: the difference of two snapshots of the scope."""
        before = Snapshot(
            self.scope,
            self._known,
            self._stage.employees_before(),
            self._stage.memberships_before(),
        )
        after = Snapshot(
            self.scope,
            self._found,
            self._stage.employees_after(new=True),
            self._stage.memberships_after(),
        )
        return self.spared.allowed(plan.diff(before, after, self.rules))

    def _free_who_left(self) -> None:
        """Whoever is to stay as they are leaves all the same if the vendor says so."""
        gone = [u for u in sorted(self.spared.absent) if self.asking.left(u)]
        for userid in gone:
            self.spared.free(userid)
        if gone:
            self._summarize()
        if self.spared.met:
            self.reading.notes.said.append(notes.kept(len(self.spared.met)))

    def held_because(self) -> tuple[guard.Held, ...]:
        """What the guard says to what is new in the plan."""
        return judging.held_because(
            self.idp,
            self.plan,
            self.reading,
            self.agreed,
            complete=self._complete,
            again=undone.repeated(self.idp, self.changes()),
        )

    def _compare_departments(self) -> None:
        existing = departments_of(self.idp)
        read = self.reading.departments
        for known in existing:  # a name that could not be read is no new name
            if known.id in read and not read[known.id].name:
                read[known.id] = replace(read[known.id], name=known.name)
        outside = unseen.departments(
            self.idp, self.reading, {d.id for d in existing} - read.keys()
        )
        gone = {
            d.id
            for d in existing
            if self.removals
            and d.id not in read
            and d.id not in outside
            and d.read < self.first
        }
        if not self.scope.people:  # who is in them stays as they are (A6)
            gone -= self._inhabited(gone)
        newer = {d.id for d in existing if d.id in read and d.read > read[d.id].read}
        counted = read.keys() - newer
        self._known = tuple(d for d in existing if d.id in gone | counted)
        self._found = tuple(read[id] for id in sorted(counted))
        changes = list(plan.diff_departments(self._known, self._found))
        left = self.spared.departments(changes)
        self._known = tuple(d for d in self._known if d.id not in left)
        self._found = tuple(d for d in self._found if d.id not in left)
        self.departments = [change for change in changes if change.key not in left]
        unmade = left - {d.id for d in existing}
        self.reading.cover(gone - left, self.first, without=unmade)
        if outside:
            self.reading.note(
                FaultKind.OUT_OF_SCOPE,
                f"{len(outside)} departments",
                "They are in the directory, but outside what the app may read now. "
                "They and their people stay as they are.",
                "Set the app's permission scope to All Employees, or choose a partial "
                "scope here.",
            )

    def _inhabited(self, ids: set[str]) -> set[str]:
        """Of these departments those that people are in here, or below."""
        rows = Department.objects.filter(idp=self.idp, source_id__in=ids)
        paths = rows.filter(memberships__isnull=False).values_list("path", flat=True)
        return {id for path in paths.distinct() for id in path.strip("/").split("/")}

    def _find_unknown_fields(self) -> None:
        """Which fields the read could not see for anybody; they are kept."""
        self._stage.settle_people()
        if not self.scope.people:
            return
        unknown = frozenset(
            unseen.targets(self.idp, self._mapping, self.reading, self._stage)
        )
        self.rules = plan.Rules(self._mapping.gates, unknown)
        for target in sorted(unknown):
            self.reading.note(
                FaultKind.PERMISSION,
                target,
                "It came for nobody although the directory holds values of it. The "
                "values stay as they are.",
                "A permission was probably withdrawn: see the connectivity test. If "
                "that is meant, set the field to Not synchronized in the mapping.",
            )

    def _compare_memberships(self) -> None:
        self._stage.compare_memberships(removals=self.removals and self.scope.people)

    # --- ask for the missing ---

    def reconsider(self) -> None:
        """Ask for people whom a plan that is to be held would end, within a budget: who
        is found is in the plan no more."""
        if not self._at_stake:
            return
        self._watch.progress(stage=SyncRun.Stage.CONFIRM)
        # The budget goes first to whom nobody has decided about yet.
        if self.asking.for_some(sorted(self._at_stake, key=self._agreed_to)):
            self._compare_again(removals=self.removals and self.scope.people)
            self._compare_memberships()
            self._summarize()

    def confirm(self) -> None:
        """Ask for all that would be lost; only what is confirmed will be."""
        if not (self._at_stake or self.plan.departments_removed):
            return
        self._watch.progress(stage=SyncRun.Stage.CONFIRM)
        self.asking.for_departments(self.plan.departments_removed)
        if self.asking.for_people(self._at_stake):
            self._compare_again(removals=False)

    def _agreed_to(self, userid: str) -> bool:
        """Whether the approval that this run carries out was about this person."""
        return userid in self.agreed.absent or userid in self.agreed.replaced

    @property
    def _at_stake(self) -> tuple[str, ...]:
        """People who would lose something, and whom the vendor can be asked for."""
        replaced = self.plan.replaced if self.removals else ()
        return *self.plan.absent, *replaced

    def _compare_again(self, *, removals: bool) -> None:
        self.reading.flush()
        self._stage.settle_people()
        self._stage.settle_memberships()
        self._stage.compare_employees(self.first, removals=removals)

    # --- apply ---

    def apply(self, writer: Writer) -> None:
        """Write everything, in the order that the rows need."""
        self._watch.progress(stage=SyncRun.Stage.APPLY)
        if self.spared.newcomers:
            self._stage.leave_out(self.spared.newcomers)
        done = 0
        for step in self._steps(writer):
            for count in step:
                done += count
                # What the vendor said when it was asked may have added some.
                most = max(done, self.plan.size)
                self._watch.progress(changes_applied=done, changes_planned=most)
        if done or self._interrupted_before():
            writer.reshape()
        if cut := cuts.cut_among(self.idp):
            writer.review(self._stage.reads(cut), self.began)

    def _may_apply(self, change: plan.Change) -> bool:
        """Absence ends nobody here, and a userid changes hands only if asked for."""
        if change.kind is plan.Kind.REPLACE:
            return change.key in self.asking.found
        return change.kind is not plan.Kind.REMOVE and self.spared.allows(change)

    def _interrupted_before(self) -> bool:
        """Whether a run wrote something and ended before the tree's numbers."""
        wrote = full_runs().exclude(purpose=SyncRun.Purpose.PREVIEW)
        since = wrote.filter(idp=self.idp, state__in=FULL).order_by("-pk")
        last = since.values_list("pk", flat=True).first() or 0
        return Change.objects.filter(
            run__idp=self.idp, run_id__gt=last, applied=True
        ).exists()

    def _steps(self, writer: Writer) -> Iterator[Iterable[int]]:
        yield writer.place_departments(self.departments)
        yield writer.people.insert_new()
        changes = plan.diff_employees(
            self._stage.employees_before(),
            self._stage.employees_after(new=False),
            self.rules,
        )
        yield writer.people.apply(c for c in changes if self._may_apply(c))
        yield writer.people.end(self.asking.ended)
        self._stage.keep(self.asking.kept)
        self._compare_memberships()
        yield writer.apply_memberships(
            self.spared.allowed(
                plan.diff_memberships(
                    self._stage.memberships_before(), self._stage.memberships_after()
                )
            )
        )
        if not self.reading.faults:  # a partial run deletes no department
            yield writer.remove_departments(self.departments)
        done = self.spared.over(
            complete=self.reading.complete,
            people=self.scope.people,
            unsure=self.asking.kept,
        )
        yield writer.people.release(done)

    def faults(self) -> list[dict[str, Any]]:
        """What could not be read, and what else is worth a word, for the run row."""
        reading = self.reading
        told = *reading.faults[:MOST_TOLD], *reading.notes.all()[:MOST_TOLD]
        return [asdict(fault) for fault in told]
