"""Before anybody or anything is lost, the vendor is asked for exactly that one.

A read can miss what moved while it went on (F-54): a person into a department that
was read before, a department below one. Asked singly, what is there is found.
"""

from collections.abc import Iterable, Iterator
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
    ROOT,
    Company,
    Fault,
    FaultKind,
    Lookup,
    Standing,
)
from sync.models import Change
from sync.reading import Reading

Verdict = Change.Verdict
BUDGET = 300
"""Calls for a plan that will be held: it is shown with what was found out by then."""
UNSURE = (OutOfScope, PermissionMissing, Unexpected)
"""Answers after which nobody knows where a department belongs."""


class Watch(Protocol):
    """Who looks on: hears of progress, and may stop the work between two steps."""

    def stopped(self) -> bool: ...

    def check(self) -> None: ...

    def progress(self, **numbers: Any) -> None: ...


def meet_company(connector: Connector, reading: Reading, watch: Watch) -> Company:
    """Ask whose company the credentials open; at most one call (T-47)."""
    company = connector.whose_company()
    reading.calls += company is not Company.UNASKED
    watch.progress(company=company, calls=reading.calls)
    return company


class Asking:
    """Asks and files the answers.

    `ended` are people who are confirmed to be gone or outside of the scope, `kept`
    those who could not be asked for, `found` those who are here after all. Nobody is
    asked for twice; `verdicts` says what came of each.
    """

    def __init__(self, connector: Connector, reading: Reading, watch: Watch) -> None:
        self._connector = connector
        self._reading = reading
        self._watch = watch
        self._inside: dict[str, bool] = {}
        self.ended: list[tuple[str, Change.Kind, Lookup]] = []
        self.kept: list[str] = []
        self.found: set[str] = set()
        self.verdicts: dict[str, Verdict] = {}
        self._refused = False

    # --- departments ---

    def for_departments(self, ids: Iterable[str]) -> None:
        """Ask for departments that no list has shown; one that is there is a fault.

        A run with a fault removes no department at all.
        """
        for id in ids:
            try:
                self._is_inside(id)
            except Foreign:
                raise
            except UNSURE as error:
                self._unsure(id, error)
                break

    def _is_inside(self, id: str) -> bool:
        """Whether a department belongs to the scope; one that the read missed is noted.

        Of the whole company every department does that is there; of chosen ones those
        that hang below them. Raises what `UNSURE` names.
        """
        way: list[str] = []
        at: str | None = id
        while at and at not in way and not self._settled(at):
            way.append(at)
            at = self._above(at)
        inside = bool(at) and self._inside.get(at or "", False)
        for each in way:
            self._inside[each] = inside
            if inside:
                self._missed(each)
        return inside

    def _settled(self, id: str) -> bool:
        if id in self._reading.departments:
            self._inside[id] = True
        return id in self._inside

    def _above(self, id: str) -> str | None:
        """The department above; None for one that is not there, or out of the range."""
        self._count_call()
        try:
            record = self._connector.department(id)
        except Gone:
            return None
        except OutOfScope:
            if self._reading.from_the_top:
                raise
            return None
        return ROOT if self._reading.from_the_top else record.parent_id

    def _missed(self, id: str) -> None:
        self._reading.note(
            FaultKind.CHANGED,
            id,
            _("No list of departments had it, but it is there: it was moved."),
            _("The next synchronization sees it in its new place."),
        )

    def _unsure(self, where: str, error: ConnectorError) -> None:
        """Say that nobody knows, and so nothing is lost."""
        kinds = {
            PermissionMissing: FaultKind.PERMISSION,
            OutOfScope: FaultKind.OUT_OF_SCOPE,
        }
        kind = kinds.get(type(error), FaultKind.MALFORMED)
        self._reading.note(kind, where, error.message, error.remedy)

    # --- people ---

    def for_people(self, userids: Iterable[str]) -> bool:
        """Ask for people who were not read; whether any of them is here after all."""
        known = len(self.found)
        for userid in self._open(userids):
            if self._refused:
                self.kept.append(userid)
            else:
                self._ask(userid)
        return len(self.found) > known

    def for_some(self, userids: Iterable[str], budget: int = BUDGET) -> bool:
        """The same, and no more than about so many calls; the others stay open."""
        known, most = len(self.found), self._reading.calls + budget
        for userid in self._open(userids):
            if self._refused or self._reading.calls >= most:
                break
            self._ask(userid)
        return len(self.found) > known

    def _open(self, userids: Iterable[str]) -> Iterator[str]:
        return (userid for userid in userids if userid not in self.verdicts)

    def _ask(self, userid: str) -> None:
        self._count_call()
        lookup = self._connector.lookup(userid)
        self._judge(userid, lookup)
        fault = lookup.fault
        self._refused = bool(fault and fault.kind is FaultKind.PERMISSION)

    def _judge(self, userid: str, lookup: Lookup) -> None:
        if lookup.standing is Standing.GONE:
            self.ended.append((userid, Change.Kind.LEAVE, lookup))
            self.verdicts[userid] = Verdict.LEFT
        elif lookup.standing is Standing.UNREADABLE:
            self.kept.append(userid)
            fault = lookup.fault
            hidden = fault is None or fault.kind is FaultKind.OUT_OF_SCOPE
            self.verdicts[userid] = Verdict.HIDDEN if hidden else Verdict.UNREADABLE
            self._reading.faults.append(
                lookup.fault
                or Fault(FaultKind.OUT_OF_SCOPE, userid, "could not be asked for")
            )
        else:
            self._place(userid, lookup)

    def _place(self, userid: str, lookup: Lookup) -> None:
        """Somebody who is there: still in the scope, or moved out of it."""
        try:
            here = self._in_scope(lookup)
        except Foreign:
            raise
        except UNSURE as error:
            self.kept.append(userid)
            self.verdicts[userid] = Verdict.UNREADABLE
            self._unsure(userid, error)
            return
        if here:
            self._reading.take_person(lookup)
            self.found.add(userid)
            self.verdicts[userid] = Verdict.FOUND
        else:
            self.ended.append((userid, Change.Kind.OUT_OF_SCOPE, lookup))
            self.verdicts[userid] = Verdict.MOVED

    def _in_scope(self, lookup: Lookup) -> bool:
        if self._reading.from_the_top:
            return True
        places = lookup.employee.department_ids if lookup.employee else ()
        if not places:  # left out, as a withdrawn field is: it says nothing (F-49)
            raise Unexpected(_("The answer about this person names no department."))
        return any(self._is_inside(place) for place in places)

    def left(self, userid: str) -> bool:
        """Whether the vendor confirms that exactly this person left. What else it says
        is no fault: nothing of theirs would be changed."""
        self._count_call()
        lookup = self._connector.lookup(userid)
        gone = lookup.standing is Standing.GONE
        if gone:
            self._judge(userid, lookup)
        return gone

    def _count_call(self) -> None:
        self._watch.check()
        self._reading.calls += 1
        self._watch.progress(calls=self._reading.calls)
