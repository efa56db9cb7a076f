"""What a narrow pass reads: what was named, and what that brings up."""

from dataclasses import replace

from django.utils import timezone

from identity.connection import connector_for
from identity.connectors.records import (
    ROOT,
    Batch,
    DepartmentRecord,
    Scope,
)
from identity.gate import database_now, next_read
from identity.models import IdentityProvider
from sync.asking import Watch
from sync.coverage import company_of, mapping_of
from sync.models import SyncRun
from sync.reading import Reading
from sync.staging import Stage
from sync.territory import Territory

MOST = 500
"""People and departments of one narrow pass; more are read by a full synchronization."""


class TooWide(Exception):
    """What the events touch is better read by a full synchronization."""


class Seeking:
    """The reading half of a narrow pass, as far as it has come."""

    def __init__(
        self, idp: IdentityProvider, scope: Scope, stage: Stage, watch: Watch
    ) -> None:
        self.idp = idp
        self.scope = scope
        self.bounded = True
        """Whether it gives up when it touches very much."""
        self.listed: frozenset[str] = frozenset()
        """Departments of the scope whose people and sub-departments are listed too."""
        self.first = 0
        self.began = timezone.now()
        self.territory = Territory(idp)
        self._connector = connector_for(idp, watch.stopped)
        self._mapping = mapping_of(idp)
        self._stage = stage
        self._watch = watch
        self.reading = Reading(scope, self._mapping, stage)
        self.places: dict[str, tuple[str, ...]] = {}
        """Who was found, and the departments that the record names."""
        self.reads: dict[str, int] = {}
        """Who was found, and the number of the read."""
        self._singles: set[str] = set()
        self._asked: set[str] = set()
        self._asked_people: set[str] = set()
        self._wanted: set[str] = set()
        self._entered: set[str] = set()

    def fetch(self) -> None:
        """Read what the events named, and what that brings up. Raises ConnectorError,
        CrawlStopped or TooWide."""
        self.began, self.first = database_now(), next_read()
        self._watch.progress(
            stage=SyncRun.Stage.FETCH,
            first_read=self.first,
            fingerprint=company_of(self.idp),
        )
        scope: Scope | None = self._first()
        if self.listed:
            self._read(self._listing())
        while scope is not None:
            self._read(scope)
            scope = self._next()
        self.reading.flush()
        self._watch.check()

    def _read(self, scope: Scope) -> None:
        self._wanted |= scope.departments or set()
        if scope.deep:
            self._entered |= scope.departments or set()
        else:
            self._asked |= scope.departments or set()
            self._asked_people |= scope.employees
            many = len(self._asked) + len(self._asked_people) > MOST
            if many and self.bounded:
                raise TooWide
        batches = self._connector.snapshot(
            scope,
            details=self._mapping.details and scope.people,
            stop=self._watch.stopped,
        )
        for batch in batches:
            self._take(batch, scope)
            self._watch.progress(
                departments_read=self.reading.departments_read,
                employees_read=self.reading.employees_read,
                calls=self.reading.calls,
            )

    def _take(self, batch: Batch, scope: Scope) -> None:
        self.reading.add(batch)
        if scope.deep:
            self._wanted.update(each.id for each in batch.departments)
        elif not scope.people:
            self._singles.update(each.userid for each in batch.employees)
        self.reads |= {each.userid: each.read for each in batch.employees}
        self.places |= {each.userid: each.department_ids for each in batch.employees}

    def _first(self) -> Scope:
        """What is asked for by itself."""
        departments = (self.scope.departments or frozenset()) - self.listed
        return self._with_lists(replace(self.scope, departments=departments))

    def _listing(self) -> Scope:
        """Departments with their direct people, and what hangs right below them."""
        scope = self._with_lists(Scope(self.listed, deep=False))
        return replace(scope, lists=scope.lists | self.listed)

    def _with_lists(self, scope: Scope) -> Scope:
        """Also where they hang now: their places among their siblings change there."""
        above = self.territory.parents(scope.departments or ())
        return replace(scope, lists=above)

    def _next(self) -> Scope | None:
        """What the read so far brings up; None if it is complete."""
        read = self.reading.departments
        gone = self._gone()
        named = {place for places in self.places.values() for place in places}
        self._wanted |= named  # one that a list has shown is not asked for any more
        named |= {d.parent_id for d in read.values() if d.parent_id and self._ours(d)}
        fresh = named - self.territory.known.keys() - read.keys()
        fresh |= self.territory.children(gone) - read.keys()
        self._wanted |= {d.id for d in read.values() if d.parent_id in self.listed}
        fresh |= self.territory.children(self.listed) - read.keys()
        if self.territory.chosen is not None:
            fresh.discard(ROOT)  # above everything, and chosen it would be known
        people = self.territory.members(gone) | self._misplaced()
        departments, people = fresh - self._asked, people - self._asked_people
        if departments or people:
            scope = Scope(frozenset(departments), frozenset(people), False, False)
            return self._with_lists(scope)
        entered = self._newly_inside() - self._entered
        return Scope(frozenset(entered)) if entered else None

    def _misplaced(self) -> set[str]:
        """Whom the lists of departments do not show just where the directory has them:
        only an answer about exactly them tells all their places."""
        if not self.listed:
            return set()
        known = self.territory.places(self.listed, self.places)
        userids = {*known, *self.places}
        return {u for u in userids if self._places_inside(u) != known.get(u, set())}

    def _places_inside(self, userid: str) -> set[str]:
        return {each for each in self.places.get(userid, ()) if self._inside(each)}

    def _inside(self, department: str) -> bool:
        return self.territory.inside(department, self.reading.departments)

    def _ours(self, record: DepartmentRecord) -> bool:
        return record.id in self._wanted or record.id in self.territory.known

    def _newly_inside(self) -> set[str]:
        """Departments that came into a bounded directory, with all that is in them."""
        if not self.territory.bounded:
            return set()
        read = self.reading.departments
        fresh = self._wanted & read.keys() - self.territory.known.keys()
        return {id for id in fresh if self.territory.inside(id, read)}

    def _gone(self) -> dict[str, int]:
        """Departments of the directory that were asked for and are not there."""
        proofs = {id: self.reading.absent(id) for id in self._asked}
        known = self.territory.known
        return {id: n for id, n in proofs.items() if n is not None and id in known}
