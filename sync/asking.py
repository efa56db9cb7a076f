"""Before anybody or anything is lost, the vendor is asked for exactly that one.

A read can miss what moved while it went on (F-54): a person into a department that
was read before, a department below one. Asked singly, what is there is found.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.utils.translation import gettext as _

from identity.connectors.base import Connector
from identity.connectors.errors import (
    ConnectorError,
    Foreign,
    Gone,
    OutOfScope,
    PermissionMissing,
    Unexpected,
)
from identity.connectors.records import (
    DepartmentRecord,
    Fault,
    FaultKind,
    Lookup,
    Standing,
)
from sync.models import Change
from sync.reading import Reading


class Watch(Protocol):
    """Who looks on: hears of progress, and may stop the work between two steps."""

    def stopped(self) -> bool: ...

    def check(self) -> None: ...

    def progress(self, **numbers: Any) -> None: ...


class Asking:
    """Asks and files the answers.

    `ended` are people who are confirmed to be gone or outside of the scope, `kept`
    those who could not be asked for, `found` those who are here after all.
    """

    def __init__(self, connector: Connector, reading: Reading, watch: Watch) -> None:
        self._connector = connector
        self._reading = reading
        self._watch = watch
        self.ended: list[tuple[str, Change.Kind, Lookup]] = []
        self.kept: list[str] = []
        self.found: set[str] = set()

    # --- departments ---

    def for_departments(self, ids: Iterable[str]) -> None:
        """Ask for departments that no list has shown; one that is there is a fault.

        A run with a fault removes no department at all.
        """
        there: list[DepartmentRecord] = []
        for id in ids:
            self._count_call()
            try:
                there.append(self._connector.department(id))
            except Gone:
                continue
            except Foreign:
                raise
            except OutOfScope as error:
                if self._reading.from_the_top:
                    self._unsure(id, error)
                    break
            except (PermissionMissing, Unexpected) as error:
                self._unsure(id, error)
                break
        for department in self._inside(there):
            self._reading.note(
                FaultKind.CHANGED,
                department.id,
                _("No list of departments had it, but it is there: it was moved."),
                _("The next synchronization sees it in its new place."),
            )

    def _unsure(self, id: str, error: ConnectorError) -> None:
        kind = FaultKind.OUT_OF_SCOPE
        if isinstance(error, PermissionMissing):
            kind = FaultKind.PERMISSION
        if isinstance(error, Unexpected):
            kind = FaultKind.MALFORMED
        self._reading.note(kind, id, error.message, error.remedy)

    def _inside(self, there: Sequence[DepartmentRecord]) -> list[DepartmentRecord]:
        """Those that belong to the scope: below what was read, or below one another."""
        if self._reading.scope.whole:
            return list(there)
        inside = dict.fromkeys(self._reading.departments)
        for _level in there:
            inside |= {d.id: None for d in there if d.parent_id in inside}
        return [d for d in there if d.id in inside]

    # --- people ---

    def for_people(self, userids: Iterable[str]) -> bool:
        """Ask for people who were not read; whether any of them is here after all."""
        may_ask = True
        for userid in userids:
            if not may_ask:
                self.kept.append(userid)
                continue
            self._count_call()
            lookup = self._connector.lookup(userid)
            self._judge(userid, lookup)
            fault = lookup.fault
            may_ask = not (fault and fault.kind is FaultKind.PERMISSION)
        return bool(self.found)

    def _judge(self, userid: str, lookup: Lookup) -> None:
        if lookup.standing is Standing.GONE:
            self.ended.append((userid, Change.Kind.LEAVE, lookup))
        elif lookup.standing is Standing.UNREADABLE:
            self.kept.append(userid)
            self._reading.faults.append(
                lookup.fault
                or Fault(FaultKind.OUT_OF_SCOPE, userid, "could not be asked for")
            )
        elif self._in_scope(lookup):
            self._reading.take_person(lookup)
            self.found.add(userid)
        else:
            self.ended.append((userid, Change.Kind.OUT_OF_SCOPE, lookup))

    def _in_scope(self, lookup: Lookup) -> bool:
        if self._reading.from_the_top:
            return True
        places = lookup.employee.department_ids if lookup.employee else ()
        return not self._reading.departments.keys().isdisjoint(places)

    def _count_call(self) -> None:
        self._watch.check()
        self._reading.calls += 1
        self._watch.progress(calls=self._reading.calls)
