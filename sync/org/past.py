"""The directory as it was: the directory as it is, and the changes since, taken back.

Pure: plain values in, plain values out. A change says what was there before it, whole or
as far as it differed, so that taking it back is "it was so", whatever is there now. Rows
may therefore be read before the changes: one that was made in between does no harm.

Changes are taken back newest first. They name a userid, which several people may have had
one after the other: at most one of them is active at a time, the others are told apart
by their unionid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ACTIVE, LEFT = "active", "left"
STATUS, UNIONID = "status", "unionid"
ENDINGS = ("leave", "out_of_scope", "replace", "remove")
"""Changes of people after which they are not active any more."""


@dataclass(slots=True)
class Person:
    """Somebody who has a row; `values` by directory field, none of them empty."""

    row: int
    status: str
    unionid: str = ""
    values: dict[str, str] = field(default_factory=dict)


class Unit(NamedTuple):
    """A department."""

    name: str
    parent: str
    order: int


class Seat(NamedTuple):
    """How somebody is in a department."""

    order: int | None
    leader: bool | None


class Step(NamedTuple):
    """A change, as far as it is needed to take it back."""

    entity: str
    kind: str
    key: str
    before: Mapping[str, Any] | None


@dataclass(slots=True)
class Picture:
    """A directory at one moment: departments by id, people by userid (all who ever had
    it), and the departments of each userid."""

    departments: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, list[Person]] = field(default_factory=dict)
    seats: dict[str, dict[str, Seat]] = field(default_factory=dict)
    _doubtful: dict[str, list[Person]] = field(default_factory=dict, repr=False)
    """Who was taken out for somebody who was created later: if the rows were read
    before that, it was the holder before, and an earlier change brings them back."""

    def copy(self) -> "Picture":
        """The same, to be changed by itself."""
        people = {
            userid: [Person(p.row, p.status, p.unionid, dict(p.values)) for p in held]
            for userid, held in self.people.items()
        }
        seats = {userid: dict(held) for userid, held in self.seats.items()}
        return Picture(dict(self.departments), people, seats)

    def active(self, userid: str) -> Person | None:
        """Who has this userid and is active."""
        held = self.people.get(userid, ())
        return next((one for one in held if one.status == ACTIVE), None)

    def take_back(self, steps: Iterable[Step]) -> None:
        """Become what was there before these changes, which come newest first."""
        for step in steps:
            before = step.before or {}
            if step.entity == "department":
                self._department(step, before)
            elif step.entity == "membership":
                self._seat(step, before)
            else:
                self._person(step, before)

    def _department(self, step: Step, before: Mapping[str, Any]) -> None:
        if step.kind == "create":
            self.departments.pop(step.key, None)
            return
        known = self.departments.get(step.key, Unit("", "", 0))
        self.departments[step.key] = Unit(
            before.get("name", known.name),
            before.get("parent_id", known.parent) or "",
            before.get("order", known.order),
        )

    def _seat(self, step: Step, before: Mapping[str, Any]) -> None:
        userid, _, department = step.key.rpartition("/")
        seats = self.seats.setdefault(userid, {})
        if step.kind == "create":
            seats.pop(department, None)
            return
        known = seats.get(department, Seat(None, None))
        seats[department] = Seat(
            before.get("order", known.order), before.get("leader", known.leader)
        )

    def _person(self, step: Step, before: Mapping[str, Any]) -> None:
        held = self.people.setdefault(step.key, [])
        if step.kind == "create":
            # Their departments are not always in the history by themselves.
            if one := self.active(step.key):
                held.remove(one)
                self._doubtful.setdefault(step.key, []).append(one)
            self.seats.pop(step.key, None)
        elif step.kind in ENDINGS:
            if one := self._ended(step.key, before.get(UNIONID) or ""):
                one.status = before.get(STATUS) or ACTIVE
                one.values = {}
                _restore(one, before)
        elif one := self.active(step.key):
            if step.kind == "return":
                one.status = before.get(STATUS) or LEFT
            _restore(one, before)

    def _ended(self, userid: str, unionid: str) -> Person | None:
        """Of those who had a userid the one whom a change ended."""
        held, doubtful = self.people[userid], self._doubtful.get(userid, [])
        same = [one for one in (*held, *doubtful) if one.unionid == unionid]
        # Somebody without a unionid may have got one since.
        gone = [one for one in held if one.status != ACTIVE] if not unionid else []
        found = same or gone
        one = max(found, key=lambda one: one.row) if found else None
        if one is not None and one not in held:
            doubtful.remove(one)
            held.append(one)
        return one


def _restore(one: Person, before: Mapping[str, Any]) -> None:
    for name, value in before.items():
        if name == UNIONID:
            one.unionid = value or ""
        elif name != STATUS:
            one.values[name] = value or ""
    one.values = {name: value for name, value in one.values.items() if value}
