"""Who works where: departments and people with the indexes that answer questions."""

from collections.abc import Iterable
from itertools import islice
from threading import RLock

from identity.connectors.dingtalk.simulator.identifiers import Identifiers
from identity.connectors.dingtalk.simulator.records import (
    ROOT,
    Department,
    Outsider,
    Person,
    Role,
)


class Impossible(ValueError):
    """An operation that DingTalk's console would refuse."""


class Register:
    """State and questions; what may happen to it is `Company`."""

    def __init__(self, name: str = "Example Company", seed: int = 1) -> None:
        self.lock = RLock()
        self.identifiers = Identifiers(seed)
        self.departments: dict[int, Department] = {ROOT: Department(ROOT, name, None)}
        self.people: dict[str, Person] = {}
        self.roles: dict[int, Role] = {}
        self.outsiders: dict[str, Outsider] = {}
        self.shown_under: dict[int, list[int]] = {}
        self.belonging: dict[int, set[str]] = {}
        self._sorted: dict[int, list[str]] = {}
        self.below: dict[int, list[int]] = {}
        self.holders: dict[str, list[str]] = {}

    @property
    def name(self) -> str:
        """The company's name, which is the root department's."""
        return self.departments[ROOT].name

    def person(self, userid: str) -> Person:
        """The person; Impossible if there is none."""
        if userid not in self.people:
            raise Impossible(f"nobody has the userid {userid!r}")
        return self.people[userid]

    def with_unionid(self, unionid: str) -> Person | None:
        """The person who has this unionid; the earliest one if several have it."""
        for userid in self.holders.get(unionid, ()):
            return self.people[userid]
        return None

    def search(self, text: str, limit: int) -> list[Person]:
        """The first people whose name, userid, mobile or e-mail contains a text."""
        wanted = text.lower()
        with self.lock:
            found = (
                person
                for person in self.people.values()
                if any(
                    wanted in value.lower()
                    for value in (
                        person.name,
                        person.userid,
                        person.mobile,
                        person.email,
                    )
                )
            )
            return list(islice(found, limit))

    def department(self, number: int) -> Department:
        """The department; Impossible if there is none."""
        if number not in self.departments:
            raise Impossible(f"there is no department {number}")
        return self.departments[number]

    def children(self, number: int) -> list[Department]:
        """The direct sub-departments, in order."""
        ids = self.below.get(number, [])
        return [self.departments[child] for child in ids]

    def members(self, number: int) -> list[Person]:
        """The direct members by descending order, as DingTalk's default shows them."""
        with self.lock:
            if number not in self._sorted:
                self._sorted[number] = sorted(
                    self.belonging.get(number, ()),
                    key=lambda userid: (
                        -self.people[userid].departments[number],
                        userid,
                    ),
                )
            return [self.people[userid] for userid in self._sorted[number]]

    def subtree(self, tops: Iterable[int]) -> list[int]:
        """These departments and all below them, each once, parents first."""
        found: dict[int, None] = {}
        pending = list(tops)
        while pending:
            number = pending.pop(0)
            if number not in found and number in self.departments:
                found[number] = None
                pending += self.below.get(number, [])
        return list(found)

    def path(self, number: int) -> list[int]:
        """The department and its parents up to the root, itself first."""
        way: list[int] = []
        step: int | None = number
        while step is not None and step not in way:
            way.append(step)
            step = self.department(step).parent_id
        return way

    def real_departments(self) -> list[Department]:
        """Those of the address book, the root included: what a sync must find."""
        return [item for item in self.departments.values() if item.real]

    def place(self, department: Department) -> None:
        """Put a ready department in its place, silently."""
        self.departments[department.id] = department
        if department.parent_id is not None:
            self.below.setdefault(department.parent_id, []).append(department.id)

    def admit(self, person: Person) -> None:
        """Put a ready person in their departments, silently."""
        if person.main_department is None:
            person.main_department = next(iter(person.departments), None)
        self.people[person.userid] = person
        self.holders.setdefault(person.unionid, []).append(person.userid)
        self.enlist(person)

    def enlist(self, person: Person) -> None:
        for number in person.departments:
            self.belonging.setdefault(number, set()).add(person.userid)
            self._sorted.pop(number, None)

    def unlist(self, person: Person) -> None:
        for number in person.departments:
            self.belonging[number].discard(person.userid)
            self._sorted.pop(number, None)
