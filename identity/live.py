"""Departments that the wizard asks the vendor for while a page is open."""

import contextlib
import hashlib
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from django.core.cache import cache

from identity.connectors.base import Connector, CrawlStopped
from identity.connectors.errors import Gone, OutOfScope
from identity.connectors.records import NOTES, DepartmentRecord, Scope
from identity.models import IdentityProvider
from identity.signals import Met, Place, Step

DEEPEST = 50
"""Departments above each other; more would be a circle."""
CALLS_A_TURN = 150
SECONDS_A_TURN = 4.0
"""How long one page waits for a walk; the next one goes on where it ended."""
SECONDS_A_PART = 1.0
"""The same where the page itself asks for the next part, and says how far it is."""
SECONDS_A_COUNT, MOST_MET = 6.0, 10_000
"""How long one page reads people whom it only counts, and how many it takes in."""
KEPT = 900
"""Seconds for which a walk is kept, in the memory of the process or a shared cache."""


def lineages(
    connector: Connector, ids: Collection[str]
) -> dict[str, tuple[DepartmentRecord, ...]]:
    """Each department that may be read, with those above it, the top first.

    Unknown ids are left out. Raises ConnectorError.
    """
    known: dict[str, DepartmentRecord | None] = {}
    found = {one: _climb(connector, known, one) for one in ids}
    return {one: line for one, line in found.items() if line}


def _climb(
    connector: Connector, known: dict[str, DepartmentRecord | None], one: str
) -> tuple[DepartmentRecord, ...]:
    """A department and those above it, the top first; asks for each only once."""
    line: list[DepartmentRecord] = []
    here: str | None = one
    while here and len(line) < DEEPEST and all(here != step.id for step in line):
        if here not in known:
            known[here] = _asked(connector, here)
        if not (department := known[here]):
            break
        line.insert(0, department)
        here = department.parent_id
    return tuple(line)


def _asked(connector: Connector, one: str) -> DepartmentRecord | None:
    try:
        return connector.department(one)
    except (Gone, OutOfScope):
        return None


@dataclass(slots=True)
class Walk:
    """The structure as far as it was read, from the top downwards, level by level."""

    seen: dict[str, DepartmentRecord] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    begun: bool = False

    @property
    def complete(self) -> bool:
        """Whether every department was read."""
        return self.begun and not self.waiting

    def go_on(self, connector: Connector, seconds: float = SECONDS_A_TURN) -> None:
        """Read one turn more. Raises ConnectorError; what was read stays read."""
        limit = time.monotonic() + seconds
        if not self.begun:
            self._take(connector.departments(None))
            self.begun = True
        for _call in range(CALLS_A_TURN):
            if not self.waiting or time.monotonic() > limit:
                return
            # One that went meanwhile, or may not be read, has nothing to be found.
            with contextlib.suppress(Gone, OutOfScope):
                self._take(connector.departments(self.waiting[0]))
            self.waiting.pop(0)

    def place(self, one: str) -> Place | None:
        """A department with its way, if it was read."""
        if one not in self.seen:
            return None
        above = [Step(d.id, d.name) for d in self._above(one)]
        return Place(one, self.seen[one].name, tuple(reversed(above)))

    def search(self, text: str, most: int) -> tuple[Place, ...]:
        """Departments by name, as far as read."""
        wanted = text.casefold()
        found = [d.id for d in self.seen.values() if wanted in d.name.casefold()]
        places = (self.place(one) for one in found[:most])
        return tuple(place for place in places if place)

    def _take(self, departments: Collection[DepartmentRecord]) -> None:
        fresh = [d for d in departments if d.id not in self.seen]
        self.seen |= {d.id: d for d in fresh}
        self.waiting += [d.id for d in fresh]

    def _above(self, one: str) -> Iterator[DepartmentRecord]:
        for _step in range(DEEPEST):
            parent = self.seen.get(self.seen[one].parent_id or "")
            if not parent:
                return
            yield parent
            one = parent.id


def walk_of(idp: IdentityProvider) -> Walk:
    """The walk through this company that was begun a short while ago, or a new one."""
    settings, walk = cache.get(_key(idp)) or ({}, None)
    return walk if walk and settings == idp.settings else Walk()


def keep(idp: IdentityProvider, walk: Walk) -> None:
    """Let the next page go on with this walk."""
    cache.set(_key(idp), (idp.settings, walk), KEPT)


def _key(idp: IdentityProvider) -> str:
    return f"walk:{idp.pk}"


def meet(
    idp: IdentityProvider, connector: Connector, departments: Collection[str]
) -> Met:
    """Read who is in departments with all below them, as far as a page may wait; kept
    for the next page. Raises ConnectorError."""
    limit = time.monotonic() + SECONDS_A_COUNT
    scope = Scope(departments=frozenset(departments))
    userids: set[str] = set()
    units: set[str] = set()
    complete = True
    try:
        for batch in connector.snapshot(
            scope, stop=lambda: time.monotonic() > limit or len(userids) > MOST_MET
        ):
            userids.update(person.userid for person in batch.employees)
            units.update(each.id for each in batch.departments)
            complete &= not any(fault.kind not in NOTES for fault in batch.faults)
    except CrawlStopped:
        complete = False
    met = Met(frozenset(userids), frozenset(units), complete)
    cache.set(_met_key(idp, departments), (idp.settings, met), KEPT)
    return met


def met_lately(idp: IdentityProvider, departments: Collection[str]) -> Met | None:
    """What `meet` found a short while ago; None if nobody asked for just these."""
    settings, met = cache.get(_met_key(idp, departments)) or ({}, None)
    return met if settings == idp.settings else None


def _met_key(idp: IdentityProvider, departments: Collection[str]) -> str:
    named = hashlib.sha256("\n".join(sorted(departments)).encode()).hexdigest()
    return f"met:{idp.pk}:{named}"
