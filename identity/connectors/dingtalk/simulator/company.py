"""A company in memory: departments, people, and what happens to them.

All operations may be called from any thread; each tells the listeners what DingTalk
would push. Ids are stable, and never used twice unless a caller asks for one by name.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from identity.connectors.dingtalk.simulator import generation, storage
from identity.connectors.dingtalk.simulator.records import (
    ROOT,
    Department,
    Event,
    Person,
)
from identity.connectors.dingtalk.simulator.register import Impossible, Register

__all__ = ["Company", "Impossible"]

_CLASHES = str.maketrans("", "", "-,，")


class Company(Register):
    """State and operations. Read `people`, `departments`; change by the operations."""

    def __init__(self, name: str = "Example Company", seed: int = 1) -> None:
        super().__init__(name, seed)
        self.listeners: list[Callable[[Event], object]] = []

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
            self.unlist(person)
            del self.people[userid]
            self.holders[person.unionid].remove(userid)
            self._tell(Event("user_leave_org", (userid,)))
            return person

    def move(self, userid: str, *departments: int) -> Person:
        """Make exactly these the person's departments; orders and leads that stay, stay."""
        with self.lock:
            person = self.person(userid)
            wanted = self._orders(departments or (ROOT,))
            self.unlist(person)
            person.departments = {
                number: person.departments.get(number, order)
                for number, order in wanted.items()
            }
            person.leads = [number for number in person.leads if number in wanted]
            if person.main_department not in wanted:
                person.main_department = next(iter(wanted))
            self.enlist(person)
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
            unionid = person.unionid
            _set_fields(person, fields)
            self.holders[unionid].remove(userid)
            self.holders.setdefault(person.unionid, []).append(userid)
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
            added = Department(number, name, parent, len(self.below.get(parent, [])))
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
            self.below[moved.parent_id].remove(department)
            moved.parent_id = parent
            moved.order = len(self.below.get(parent, []))
            self.below.setdefault(parent, []).append(department)
            self._tell(Event("org_dept_modify", department_ids=(department,)))
            return moved

    def remove_department(self, department: int) -> list[int]:
        """Remove a department with its sub-departments; none may have members."""
        with self.lock:
            removed = self.department(department)
            doomed = self.subtree([department])
            if removed.parent_id is None:
                raise Impossible("the root cannot be removed")
            if any(self.belonging.get(number) for number in doomed):
                raise Impossible("a department with members cannot be removed")
            self.below[removed.parent_id].remove(department)
            for number in doomed:
                del self.departments[number]
                self.below.pop(number, None)
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

    # --- keeping ---

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
    for name in fields:
        if name in {"userid", "departments"} or not hasattr(person, name):
            raise Impossible(f"{name} cannot be set like this")
    for name, value in fields.items():
        setattr(person, name, value)
