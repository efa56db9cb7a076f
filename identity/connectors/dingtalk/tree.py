"""Reads departments: the chosen tops, and the walk below them, breadth first.

`listsub` gives one level and never says that a department has no children, so every
department is asked once. Ids at or below 0 are not departments of the company.
"""

import threading
from functools import partial

from django.utils.translation import gettext as _

from identity.connectors.dingtalk.answers import SHAPE, Listing
from identity.connectors.dingtalk.calling import Read
from identity.connectors.dingtalk.client import DEPARTMENT, SUB_DEPARTMENTS
from identity.connectors.dingtalk.ledger import Sighting
from identity.connectors.dingtalk.lookup import malformed
from identity.connectors.dingtalk.members import MemberReader
from identity.connectors.dingtalk.reading import Reading
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.errors import Gone, OutOfScope, PermissionMissing, Unexpected
from identity.connectors.records import (
    ROOT,
    Batch,
    DepartmentRecord,
    Fault,
    FaultKind,
)

LANE = "departments"
MOST_STRAYS = 1000
"""Departments outside of the tree that are asked for in one read, a call each."""


class TreeReader:
    """Adds the tasks that read departments; `deep` follows them downwards."""

    def __init__(
        self, reading: Reading, members: MemberReader | None, *, deep: bool
    ) -> None:
        self._reading = reading
        self._ledger = reading.ledger
        self._members = members
        self._deep = deep
        self._lock = threading.Lock()
        self._tops: dict[str, DepartmentRecord] = {}
        self._loose: list[str] = []
        self._listed: set[str] = set()
        self._readable = False

    def begin(self, top: str) -> None:
        """Read a department that the scope names, and what is below it."""
        self._ledger.begin(top)
        task = self._root if self._reading.whole and top == ROOT else self._top
        self._reading.crew.add(LANE, partial(task, top))

    def list_children(self, key: str) -> None:
        """Read where the direct children of a department stand, once."""
        with self._lock:
            fresh = key not in self._listed
            self._listed.add(key)
        if fresh:
            self._reading.crew.add(LANE, partial(self._places_below, key))

    def look_for_strays(self) -> None:
        """Ask for departments that people's records name and no listing has shown."""
        strays = self._ledger.strays() if self._reading.whole else []
        for stray in strays[:MOST_STRAYS]:
            self._reading.crew.add(LANE, partial(self._place, stray, None, 0))
        if more := strays[MOST_STRAYS:]:
            message = _("People's records name it, but no list of departments does.")
            for stray in more[:1]:  # one stands for all of them
                self._reading.fault(Fault(FaultKind.ORPHAN, stray, message))

    def finish(self) -> Batch:
        """What can only be said at the end of the read."""
        tops = (top for top in self._tops.values() if self._ledger.is_top(top.id))
        kinds = ((key, self._ledger.misplaced(key)) for key in sorted(self._loose))
        return Batch(
            departments=tuple(tops),
            reads=self._ledger.unfinished(),
            faults=tuple(_misplaced(kind, key) for key, kind in kinds if kind),
        )

    # --- departments that are asked for by id ---

    def _root(self, key: str) -> None:
        """The root's name is a nicety; the walk says whether it may be read."""
        try:
            read = self._reading.client.department(key)
        except (PermissionMissing, OutOfScope, Gone) as error:
            name, number = "", error.read
        else:
            name, number = read.value.name, read.number
        root = DepartmentRecord(key, name, None, read=number)
        self._reading.crew.put(Batch(departments=(root,)))
        self._follow(key, number)

    def _top(self, key: str) -> None:
        """A chosen one that is gone has no record, and is completely read as absent."""
        try:
            read = self._reading.client.department(key)
        except PermissionMissing as error:
            self._refuse(DEPARTMENT, error)
        except Gone as error:
            self._settle(key, complete=True, first=error.read)
        except OutOfScope as error:
            self._reading.absent(key, error)
            self._settle(key, complete=False, first=error.read)
        except Unexpected as error:
            if self._deep or error.code != SHAPE:
                raise
            self._reading.fault(malformed(key, Malformed(error.message)))
            self._settle(key, complete=False, first=error.read)
        else:
            self._readable = self._readable or not self._deep
            item = read.value
            self._ledger.place(key, item.parent_id)
            with self._lock:
                self._tops[key] = DepartmentRecord(
                    key, item.name, item.parent_id, read=read.number
                )
            if item.parent_id and not (self._deep or self._members):
                self.list_children(item.parent_id)
            self._follow(key, read.number)

    def _places_below(self, parent: str) -> None:
        """Records with the order that only a list knows; without it they keep theirs."""
        try:
            read = self._reading.client.sub_departments(parent)
        except (PermissionMissing, OutOfScope, Gone):
            return
        records = (
            DepartmentRecord(item.id, item.name, parent, order, read.number)
            for order, item in enumerate(read.value.departments)
            if item.parent_id in (None, parent) and item.id != parent
        )
        shown = tuple(each for each in records if self._sighted(each))
        self._reading.crew.put(Batch(departments=shown))

    def _place(self, key: str, below: str | None, order: int) -> None:
        """Ask for a department whose place is in doubt: a child whose record names
        another parent (F-45), or one that no listing has shown, then `below` is None.
        """
        try:
            read = self._reading.client.department(key)
        except PermissionMissing as error:
            self._refuse(DEPARTMENT, error)
            return
        except (Gone, OutOfScope) as error:
            if below:  # but people's records may name what is no more
                self._reading.absent(key, error)
            return
        except Unexpected as error:
            if error.code != SHAPE:
                raise
            self._reading.fault(malformed(key, Malformed(error.message)))
            return
        parent = read.value.parent_id or below
        record = DepartmentRecord(key, read.value.name, parent, order, read.number)
        if parent != below or below is None:
            with self._lock:
                self._loose.append(key)
        if self._sighted(record):
            self._reading.crew.put(Batch(departments=(record,)))
            self._follow(key, read.number)

    # --- the walk ---

    def _follow(self, key: str, number: int) -> None:
        """Queue what is to be read of a department that was just shown."""
        if self._members:
            self._members.begin(key)
        if self._deep:
            self._reading.crew.add(LANE, partial(self._walk, key))
        elif not self._members:
            self._settle(key, complete=True, first=number)

    def _walk(self, key: str) -> None:
        try:
            read = self._reading.client.sub_departments(key)
        except PermissionMissing as error:
            self._refuse(SUB_DEPARTMENTS, error)
        except (Gone, OutOfScope) as error:
            self._reading.absent(key, error)
            self._walked(key, error.read, complete=False)
        else:
            self._readable = True
            self._children(key, read)

    def _children(self, parent: str, read: Read[Listing]) -> None:
        shown: list[DepartmentRecord] = []
        fresh: list[str] = []
        for order, item in enumerate(read.value.departments):
            record = DepartmentRecord(item.id, item.name, parent, order, read.number)
            if item.parent_id == item.id:
                self._reading.fault(_misplaced(FaultKind.CYCLE, item.id))
            elif item.parent_id not in (None, parent):
                place = partial(self._place, item.id, parent, order)
                self._reading.crew.add(LANE, place)
                continue
            sighting = self._sighted(record)
            shown += [record] if sighting else []
            fresh += [item.id] if sighting is Sighting.NEW else []
        for problem in read.value.malformed:
            self._reading.fault(malformed(parent, Malformed(problem)))
        self._reading.crew.put(Batch(departments=tuple(shown)))
        self._walked(parent, read.number, complete=not read.value.malformed)
        for key in fresh:
            self._follow(key, read.number)

    def _sighted(self, record: DepartmentRecord) -> Sighting | None:
        """Note a child; None if its record is not wanted a second time."""
        sighting = self._ledger.enter(record.id, record.parent_id or "")
        if sighting is Sighting.CYCLE:
            self._reading.fault(_misplaced(FaultKind.CYCLE, record.id))
        if sighting is Sighting.MOVED:
            message = _("The department %(id)s was seen in two places.")
            fault = Fault(FaultKind.CHANGED, record.id, message % {"id": record.id})
            self._reading.fault(fault)
        return sighting if sighting in (Sighting.NEW, Sighting.TOP) else None

    # --- how far ---

    def _walked(self, key: str, number: int, *, complete: bool) -> None:
        first = 0 if self._members else number
        reads = self._ledger.settle(key, walked=complete, first=first)
        self._reading.crew.put(Batch(reads=reads))

    def _settle(self, key: str, *, complete: bool, first: int) -> None:
        reads = self._ledger.settle(key, walked=complete, listed=complete, first=first)
        self._reading.crew.put(Batch(reads=reads))

    def _refuse(self, path: str, error: PermissionMissing) -> None:
        """No more calls of this API; and if nothing could be read, no read at all."""
        if not self._readable:
            raise error
        self._reading.refuse(LANE, path, error)


def _misplaced(kind: FaultKind, key: str) -> Fault:
    if kind is FaultKind.CYCLE:
        message = _("The department %(id)s stands above itself.")
    else:
        message = _("The department %(id)s hangs on no known department.")
    remedy = _("Move it in DingTalk's address book, then synchronize again.")
    return Fault(kind, key, message % {"id": key}, remedy)
