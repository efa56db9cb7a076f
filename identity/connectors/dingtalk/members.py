"""Reads people: the member pages of departments, single people, and details.

A person of several departments comes once with each of them; the consumer joins them.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from django.utils.translation import gettext as _

from identity.connectors.dingtalk import people
from identity.connectors.dingtalk.answers import Page
from identity.connectors.dingtalk.calling import Read
from identity.connectors.dingtalk.client import MEMBERS, USER
from identity.connectors.dingtalk.lookup import lookup, malformed
from identity.connectors.dingtalk.reading import Reading
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.errors import (
    Foreign,
    Gone,
    OutOfScope,
    PermissionMissing,
    Unexpected,
)
from identity.connectors.records import (
    Batch,
    EmployeeRecord,
    Fault,
    FaultKind,
    MembershipRecord,
    Standing,
)

LANE, ASKING, DETAILS = "members", "people", "details"
MOST_PAGES = 5000
"""Pages of one department; half a million direct members."""
MOST_REPEATS = 2
"""Pages one after the other that bring nobody new: the paging is endless (F-42)."""


@dataclass(slots=True)
class Turn:
    """Where the paging of one department stands; one thread at a time has it.

    `known` is everybody whom its pages have shown: a page that brings nobody else
    repeats what was read, wherever its cursor says that it is.
    """

    cursor: int = 0
    pages: int = 1
    repeats: int = 0
    known: set[str] = field(default_factory=set)
    clean: bool = True

    def see(self, userid: str) -> bool:
        """Note a person of this page; False if the department named them before."""
        fresh = userid not in self.known
        self.known.add(userid)
        return fresh

    def turn(self, page: Page, *, news: bool) -> None:
        """Go on to the next page; raises Unexpected if there would be no end.

        `news` says whether this page brought anybody who was not known.
        """
        self.repeats = 0 if news else self.repeats + 1
        cursor = page.next_cursor or 0
        endless = self.repeats >= MOST_REPEATS or self.pages >= MOST_PAGES
        if cursor <= self.cursor or endless:
            raise Unexpected(
                _("The pages of a department's members do not come to an end."),
                code="cursor",
                remedy=_("Nothing was changed. Try again; it is DingTalk's fault."),
            )
        self.cursor = cursor
        self.pages += 1


class MemberReader:
    """Adds the tasks that read people; `details` asks for each one singly besides."""

    def __init__(self, reading: Reading, *, details: bool) -> None:
        self._reading = reading
        self._ledger = reading.ledger
        self._details = details
        self._detailed: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, department: str) -> None:
        """Read the direct members of a department."""
        self._reading.crew.add(LANE, partial(self._page, department, Turn()))

    def ask(self, userid: str, *, wanted: bool) -> None:
        """Read one person; if they are gone, say so if they were `wanted`."""
        self._reading.crew.add(ASKING, partial(self._ask, userid, wanted))

    # --- member pages ---

    def _page(self, department: str, turn: Turn) -> None:
        try:
            read = self._reading.client.members(department, turn.cursor)
        except PermissionMissing as error:
            self._reading.refuse(LANE, MEMBERS, error)
        except (Gone, OutOfScope) as error:
            self._reading.absent(department, error)
            self._settle(department, error.read, complete=False)
        else:
            self._members(department, turn, read)

    def _members(self, department: str, turn: Turn, read: Read[Page]) -> None:
        found: dict[str, EmployeeRecord] = {}
        memberships: list[MembershipRecord] = []
        news = repeated = 0
        for raw in read.value.items:
            try:
                person, places = people.listed(raw, department, read.number)
            except Malformed as error:
                turn.clean = False
                self._reading.fault(malformed(people.label(raw), error))
                continue
            fresh = turn.see(person.userid)
            news, repeated = news + fresh, repeated + (not fresh)
            memberships += () if person.userid in found else places
            found[person.userid] = person
        self._hand_on(found.values(), memberships, repeated)
        if read.value.next_cursor is None:
            self._settle(department, read.number, complete=turn.clean)
            return
        self._ledger.settle(department, first=read.number)
        turn.turn(read.value, news=bool(news))
        # First, so that a large department is not what everything waits for at the end.
        task = partial(self._page, department, turn)
        self._reading.crew.add(LANE, task, first=True)

    def _hand_on(
        self,
        found: Iterable[EmployeeRecord],
        memberships: list[MembershipRecord],
        repeated: int,
    ) -> None:
        self._ledger.name(place.department_id for place in memberships)
        employees = tuple(found)
        if self._details:
            for employee in employees:
                self._want_detail(employee)
            employees = ()
        batch = Batch(
            employees=employees, memberships=tuple(memberships), repeated=repeated
        )
        self._reading.crew.put(batch)

    def _settle(self, department: str, number: int, *, complete: bool) -> None:
        reads = self._ledger.settle(department, listed=complete, first=number)
        self._reading.crew.put(Batch(reads=reads))

    # --- single people ---

    def _ask(self, userid: str, wanted: bool) -> None:
        found = lookup(self._reading.client, userid)
        if found.employee:
            self._reading.crew.put(
                Batch(employees=(found.employee,), memberships=found.memberships)
            )
        elif found.standing is Standing.GONE and wanted:
            self._reading.crew.put(Batch(gone=((userid, found.read),)))
        if found.fault and found.fault.kind is FaultKind.PERMISSION:
            self._reading.crew.close(ASKING)
            self._reading.fault(replace(found.fault, where=USER))
        elif found.fault:
            self._reading.fault(found.fault)

    def _want_detail(self, person: EmployeeRecord) -> None:
        with self._lock:
            if person.userid in self._detailed:
                return
            self._detailed.add(person.userid)
        self._reading.crew.add(DETAILS, partial(self._detail, person))

    def _detail(self, person: EmployeeRecord) -> None:
        """The person with details; without them if they may not be read."""
        employee: EmployeeRecord | None = person
        places: tuple[MembershipRecord, ...] = ()
        if self._details:
            try:
                employee, places = self._detailed_record(person.userid)
            except PermissionMissing as error:
                self._details = False
                remedy = f"{error.remedy} {error.link}".strip()
                fault = Fault(FaultKind.PERMISSION, USER, error.message, remedy)
                self._reading.fault(fault)
            except OutOfScope as error:
                self._reading.absent(person.userid, error)
            except Foreign:
                raise
            except Unexpected as error:  # about this person, as in `lookup`
                self._reading.fault(malformed(person.userid, Malformed(error.message)))
            except Malformed as error:
                self._reading.fault(malformed(person.userid, error))
        if employee:
            self._reading.crew.put(Batch(employees=(employee,), memberships=places))

    def _detailed_record(
        self, userid: str
    ) -> tuple[EmployeeRecord | None, tuple[MembershipRecord, ...]]:
        """None for a person who vanished; asked twice to be sure (F-53)."""
        for _attempt in range(2):
            try:
                read = self._reading.client.user(userid)
            except Gone as error:
                gone = error
            else:
                return people.asked(read.value, read.number)
        self._reading.absent(userid, gone)
        return None, ()
