"""A company in memory: departments, people, and what happens to them.

All operations may be called from any thread; each tells the listeners what DingTalk
would push. Ids are stable, and never used twice unless a caller asks for one by name.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import RLock
from typing import Any

from . import generation, storage
from .identifiers import Identifiers
from .records import ROOT, Department, Event, Outsider, Person, Role

_CLASHES = str.maketrans("", "", "-,，")


class Impossible(ValueError):
    """An operation that DingTalk's console would refuse."""


class Company:
    """State and operations. Read `people`, `departments`; change by the operations."""

    def __init__(self, name: str = "Example Company", seed: int = 1) -> None:
        self.lock = RLock()
        self.identifiers = Identifiers(seed)
        self.departments: dict[int, Department] = {ROOT: Department(ROOT, name, None)}
        self.people: dict[str, Person] = {}
        self.roles: dict[int, Role] = {}
        self.outsiders: dict[str, Outsider] = {}
        self.shown_under: dict[int, list[int]] = {}
        self.listeners: list[Callable[[Event], None]] = []
        self._members: dict[int, set[str]] = {}
        self._sorted: dict[int, list[str]] = {}
        self._children: dict[int, list[int]] = {}

    @classmethod
    def generate(
        cls, employees: int = 40, departments: int = 8, seed: int = 1
    ) -> "Company":
        """An invented company of exactly this size, the same for the same seed.

        `departments` counts those below the root; one home-school department with a
        negative id, which is none of the company's, comes on top.
        """
        company = cls("杭州示例科技有限公司", seed)
        plan = generation.Generator(company.identifiers, seed)
        for department in plan.departments(departments):
            company.place(department)
        company.roles = {role.id: role for role in plan.roles()}
        for person in plan.people(employees, list(company.departments.values())):
            company.admit(person)
        for outsider in plan.outsiders():
            company.outsiders[outsider.unionid] = outsider
        return company

    # --- people ---

    def hire(
        self,
        name: str,
        *departments: int,
        userid: str = "",
        unionid: str = "",
        **fields: Any,
    ) -> Person:
        """Add a person, to the root unless departments are named."""
        with self.lock:
            fresh_userid, fresh_unionid = self.identifiers.person()
            person = Person(userid or fresh_userid, unionid or fresh_unionid, name)
            if person.userid in self.people:
                raise Impossible(f"userid {person.userid} is in use")
            person.departments = self._orders(departments or (ROOT,))
            _set_fields(person, fields)
            self.admit(person)
            self._tell(Event("user_add_org", (person.userid,)))
            self._tell(Event("user_modify_org", (person.userid,)))
            return person

    def let_go(self, userid: str) -> Person:
        """Remove a person from the company."""
        with self.lock:
            person = self.person(userid)
            self._unlist(person)
            del self.people[userid]
            self._tell(Event("user_leave_org", (userid,)))
            return person

    def move(self, userid: str, *departments: int) -> Person:
        """Make exactly these the person's departments; orders and leads that stay, stay."""
        with self.lock:
            person = self.person(userid)
            wanted = self._orders(departments or (ROOT,))
            self._unlist(person)
            person.departments = {
                number: person.departments.get(number, order)
                for number, order in wanted.items()
            }
            person.leads = [number for number in person.leads if number in wanted]
            if person.main_department not in wanted:
                person.main_department = next(iter(wanted))
            self._list(person)
            self._tell(Event("user_modify_org", (userid,)))
            return person

    def rename(self, userid: str, name: str) -> Person:
        """Change a person's name."""
        return self.update(userid, name=name)

    def update(self, userid: str, **fields: Any) -> Person:
        """Change any fields of a person except ids and departments."""
        with self.lock:
            person = self.person(userid)
            before = {name: getattr(person, name, None) for name in fields}
            _set_fields(person, fields)
            self._tell(
                Event(
                    "user_modify_org", (userid,), diff={"prev": before, "curr": fields}
                )
            )
            return person

    def lead(self, userid: str, department: int, leads: bool = True) -> Person:
        """Make a person a leader of a department, or no longer."""
        with self.lock:
            person = self.person(userid)
            person.leads = [number for number in person.leads if number != department]
            person.leads += [department] if leads else []
            self._tell(Event("user_modify_org", (userid,)))
            return person

    def distort(self, userid: str, **keys: Any) -> Person:
        """Have answers about a person carry these keys as they are; no keys mend it.

        `ABSENT` leaves a key out. No event tells of it.
        """
        with self.lock:
            person = self.person(userid)
            person.distorted = person.distorted | keys if keys else {}
            return person

    # --- departments ---

    def add_department(
        self, name: str, parent: int = ROOT, department_id: int | None = None
    ) -> Department:
        """Add a department below `parent`."""
        with self.lock:
            self.department(parent)
            self._check_name(name, parent)
            number = department_id or self.identifiers.department()
            if number in self.departments:
                raise Impossible(f"department id {number} is in use")
            added = Department(
                number, name, parent, len(self._children.get(parent, []))
            )
            self.place(added)
            self._tell(Event("org_dept_create", department_ids=(number,)))
            return added

    def rename_department(self, department: int, name: str) -> Department:
        """Change a department's name; the root's is the company's name."""
        with self.lock:
            renamed = self.department(department)
            if renamed.parent_id is not None:
                self._check_name(name, renamed.parent_id, but=department)
            renamed.name = name
            if renamed.parent_id is None:
                self._tell(Event("org_change"))
            self._tell(Event("org_dept_modify", department_ids=(department,)))
            return renamed

    def move_department(self, department: int, parent: int) -> Department:
        """Hang a department with all that is below it under another one."""
        with self.lock:
            moved = self.department(department)
            if moved.parent_id is None or parent in self.subtree([department]):
                raise Impossible("a department cannot move below itself")
            self.department(parent)
            self._check_name(moved.name, parent, but=department)
            self._children[moved.parent_id].remove(department)
            moved.parent_id = parent
            moved.order = len(self._children.get(parent, []))
            self._children.setdefault(parent, []).append(department)
            self._tell(Event("org_dept_modify", department_ids=(department,)))
            return moved

    def remove_department(self, department: int) -> list[int]:
        """Remove a department with its sub-departments; none may have members."""
        with self.lock:
            removed = self.department(department)
            doomed = self.subtree([department])
            if removed.parent_id is None:
                raise Impossible("the root cannot be removed")
            if any(self._members.get(number) for number in doomed):
                raise Impossible("a department with members cannot be removed")
            self._children[removed.parent_id].remove(department)
            for number in doomed:
                del self.departments[number]
                self._children.pop(number, None)
            self._tell(Event("org_dept_remove", department_ids=tuple(doomed)))
            return doomed

    def distort_department(self, department: int, **keys: Any) -> Department:
        """As `distort`, for answers about a department."""
        with self.lock:
            found = self.department(department)
            found.distorted = found.distorted | keys if keys else {}
            return found

    def show_under(self, department: int, parent: int) -> None:
        """List a department under another parent as well: cycles, two parents."""
        with self.lock:
            self.shown_under.setdefault(parent, []).append(department)

    # --- questions ---

    @property
    def name(self) -> str:
        """The company's name, which is the root department's."""
        return self.departments[ROOT].name

    def person(self, userid: str) -> Person:
        """The person; Impossible if there is none."""
        if userid not in self.people:
            raise Impossible(f"nobody has the userid {userid!r}")
        return self.people[userid]

    def department(self, number: int) -> Department:
        """The department; Impossible if there is none."""
        if number not in self.departments:
            raise Impossible(f"there is no department {number}")
        return self.departments[number]

    def children(self, number: int) -> list[Department]:
        """The direct sub-departments, in order."""
        ids = self._children.get(number, [])
        return [self.departments[child] for child in ids]

    def members(self, number: int) -> list[Person]:
        """The direct members by descending order, as DingTalk's default shows them."""
        with self.lock:
            if number not in self._sorted:
                self._sorted[number] = sorted(
                    self._members.get(number, ()),
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
                pending += self._children.get(number, [])
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

    # --- building and keeping ---

    def place(self, department: Department) -> None:
        """Put a ready department in its place, silently."""
        self.departments[department.id] = department
        if department.parent_id is not None:
            self._children.setdefault(department.parent_id, []).append(department.id)

    def admit(self, person: Person) -> None:
        """Put a ready person in their departments, silently."""
        if person.main_department is None:
            person.main_department = next(iter(person.departments), None)
        self.people[person.userid] = person
        self._list(person)

    def save(self, path: Path) -> None:
        """Write the company to a file, as a whole or not at all."""
        with self.lock:
            storage.write(path, storage.dump(self))

    @classmethod
    def load(cls, path: Path) -> "Company":
        """The company that `save` wrote."""
        company = cls()
        storage.restore(company, storage.read(path))
        return company

    def _orders(self, departments: Iterable[int]) -> dict[int, int]:
        for number in departments:
            self.department(number)
        return {number: self.identifiers.order() for number in departments}

    def _list(self, person: Person) -> None:
        for number in person.departments:
            self._members.setdefault(number, set()).add(person.userid)
            self._sorted.pop(number, None)

    def _unlist(self, person: Person) -> None:
        for number in person.departments:
            self._members[number].discard(person.userid)
            self._sorted.pop(number, None)

    def _check_name(self, name: str, parent: int, but: int | None = None) -> None:
        if not 1 <= len(name) <= 64 or name != name.translate(_CLASHES):
            raise Impossible("a name has 1 to 64 characters without - , ，")
        if any(
            child.name == name and child.id != but for child in self.children(parent)
        ):
            raise Impossible(f"{name} exists under the same parent")

    def _tell(self, event: Event) -> None:
        for listener in list(self.listeners):
            listener(event)


def _set_fields(person: Person, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name in {"userid", "departments"} or not hasattr(person, name):
            raise Impossible(f"{name} cannot be set like this")
        setattr(person, name, value)
