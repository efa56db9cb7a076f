"""A narrow pass: what events named is read again, compared and written.

Nothing that an event says is believed (design 2.2); it only names people and
departments. What they bring up is read as well: departments that nobody knows here yet,
what hung below a department that is gone, and who was in it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from django.utils.translation import gettext as _

from identity.connectors.records import (
    Company,
    DepartmentRecord,
    Fault,
    FaultKind,
    Lookup,
    Scope,
    Standing,
)
from identity.models import IdentityProvider
from sync import cuts, neighbours, plan
from sync.asking import Watch, meet_company
from sync.directory import Writer, departments_of
from sync.models import Change, SyncRun
from sync.seeking import Seeking, TooWide
from sync.sparing import Spared
from sync.staging import Stage

Ended = tuple[str, Change.Kind, Lookup]


class NarrowPass(Seeking):
    """One narrow pass over one IdP, as far as it has come."""

    def __init__(
        self, idp: IdentityProvider, scope: Scope, stage: Stage, watch: Watch
    ) -> None:
        super().__init__(idp, scope, stage, watch)
        self.spared = Spared(idp)
        self.rules = plan.Rules(self._mapping.gates, neighbours.unknown_fields(idp))
        self.departments: list[plan.Change] = []
        self.ended: list[Ended] = []
        self.replaced: set[str] = set()
        self.come: set[str] = set()
        self.handed_on: set[str] = set()
        """Userids that another person has now; their holders are gone."""
        self.outside: set[str] = set()
        self.lifted: tuple[str, ...] = ()
        self._seen: list[DepartmentRecord] = []

    # --- compare ---

    def compare(self) -> None:
        """Find all differences. Raises TooWide if a department left the directory."""
        self._watch.progress(stage=SyncRun.Stage.COMPARE)
        self._stage.settle_people()
        self._compare_departments()
        self._leave_out_strangers()
        self._compare_people()

    def _compare_departments(self) -> None:
        read, territory, gone = self.reading.departments, self.territory, self._gone()
        if any(territory.crosses(id, read) for id in read):
            raise TooWide
        found: dict[str, DepartmentRecord] = {}
        for id, record in read.items():
            known = territory.known.get(id)
            stale = known is not None and known.read > record.read
            if stale or not self._ours(record) or not territory.inside(id, read):
                continue
            if territory.chosen and id in territory.chosen:
                record = replace(record, order=0)
            if known is not None and not record.name:
                record = replace(record, name=known.name)
            found[id] = record
        before = [d for id, d in territory.known.items() if id in gone or id in found]
        after = [found[id] for id in sorted(found)]
        changes = list(plan.diff_departments(before, after))
        left = self.spared.departments(changes)
        self.departments = [change for change in changes if change.key not in left]
        self._seen = [record for record in after if record.id not in left]

    def _leave_out_strangers(self) -> None:
        """People outside of the chosen departments are not ours to keep."""
        if self.territory.chosen is None:
            return
        for userid, places in self.places.items():
            if not places:  # left out, as a withdrawn field is: it says nothing (F-49)
                message = _("The answer about this person names no department.")
                self.reading.note(FaultKind.MALFORMED, userid, message)
            elif not any(self._inside(place) for place in places):
                self.outside.add(userid)
        nowhere = {userid for userid, places in self.places.items() if not places}
        self._stage.forget(self.outside | nowhere)
        self._singles -= self.outside | nowhere
        self._stage.settle_people()

    def _compare_people(self) -> None:
        named = {place for places in self.places.values() for place in places}
        self._stage.cover({id: 0 for id in named if self._inside(id)})
        self._stage.single(self._singles)
        self._stage.settle_memberships()
        self._stage.compare_employees(self.first, removals=False)
        self._stage.compare_memberships(removals=False)
        changes = self._people_changes(new=True)
        kinds = {change.key: change.kind for change in changes}
        if self.spared.newcomers:
            self._stage.leave_out(self.spared.newcomers)
        self.come = {k for k, kind in kinds.items() if kind is plan.Kind.CREATE}
        self.handed_on = {k for k, kind in kinds.items() if kind is plan.Kind.REPLACE}
        self.replaced = set(self.handed_on)
        self.ended = list(self._endings())

    def _people_changes(self, *, new: bool) -> Iterator[plan.Change]:
        before = self._stage.employees_before()
        after = self._stage.employees_after(new=new)
        return self.spared.allowed(plan.diff_employees(before, after, self.rules))

    def _endings(self) -> Iterator[Ended]:
        """Active people who are gone, or were moved out of the chosen departments."""
        outside = {userid: self.reads[userid] for userid in self.outside}
        for userid in self.territory.active(self.reading.gone):
            self.spared.free(userid)
            lookup = Lookup(Standing.GONE, self.reading.gone[userid])
            yield userid, Change.Kind.LEAVE, lookup
        for userid in filter(self.spared.open, self.territory.active(outside)):
            lookup = Lookup(Standing.FOUND, outside[userid])
            yield userid, Change.Kind.OUT_OF_SCOPE, lookup

    @cached_property
    def strangers(self) -> set[str]:
        """What notices name, but is none of the directory's."""
        return self.territory.strangers(self.reading.faults)

    @property
    def faults(self) -> list[Fault]:
        """What could not be read of what the directory has, or ought to have."""
        found = self.reading.faults
        return [fault for fault in found if fault.where not in self.strangers]

    # --- guard ---

    def whose_company(self) -> Company:
        """Ask the vendor whose company it is."""
        return meet_company(self._connector, self.reading, self._watch)

    @property
    def losses(self) -> set[str]:
        """Who would lose the active status."""
        return {userid for userid, _kind, _lookup in self.ended} | self.replaced

    @property
    def absent_departments(self) -> set[str]:
        """Departments that were asked for and that do not exist."""
        return {id for id in self._asked if self.reading.absent(id) is not None}

    @property
    def removals(self) -> set[str]:
        """Departments that would be removed."""
        return {c.key for c in self.departments if c.kind is plan.Kind.REMOVE}

    def keep(self, userids: Collection[str]) -> None:
        """Leave these people as they are."""
        self.ended = [each for each in self.ended if each[0] not in userids]
        self.replaced -= set(userids)

    # --- apply ---

    def apply(self, writer: Writer) -> None:
        """Write everything, in the order that the rows need."""
        self._watch.progress(stage=SyncRun.Stage.APPLY)
        done = 0
        for step in self._steps(writer):
            for count in step:
                done += count
                self._watch.progress(changes_applied=done, changes_planned=done)
        if writer.moved or neighbours.narrow_run_was_interrupted(self.idp):
            writer.reshape()
        cut = cuts.cut_among(self.idp, self.places)
        found = self._stage.reads(cut)
        if found:
            self.lifted = writer.review(found, self.began)

    def _steps(self, writer: Writer) -> Iterator[Iterable[int]]:
        yield writer.place_departments(self.departments)
        yield writer.people.insert_new()
        changes = self._people_changes(new=False)
        yield writer.people.apply(c for c in changes if self._may_apply(c))
        yield writer.people.end(self.ended)
        yield writer.people.note_gone(self.reading.gone)
        self._stage.compare_memberships(removals=False)
        yield writer.apply_memberships(
            self.spared.allowed(
                plan.diff_memberships(
                    self._stage.memberships_before(), self._stage.memberships_after()
                )
            )
        )
        yield writer.remove_departments(self.departments)
        yield from self._mend(writer)
        yield writer.people.release(
            self.spared.over(unsure=self.handed_on - self.replaced)
        )
        yield writer.touch(self._seen)

    def _mend(self, writer: Writer) -> Iterator[Iterable[int]]:
        """Write over what a full run wrote since the comparison, of what it had read
        before: under this pass's numbers it would stay."""
        now = departments_of(self.idp, [record.id for record in self._seen])
        changes = plan.diff_departments(now, self._seen)
        updates = [c for c in changes if c.kind is plan.Kind.UPDATE]
        yield writer.place_departments(updates)
        self._stage.compare_employees_again()
        people = self._people_changes(new=False)
        yield writer.people.apply(c for c in people if c.kind is plan.Kind.UPDATE)

    def _may_apply(self, change: plan.Change) -> bool:
        if change.kind is plan.Kind.REPLACE:
            return change.key in self.replaced
        return change.kind is not plan.Kind.REMOVE
