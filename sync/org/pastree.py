"""The tree at a past moment: departments with their head-counts, and who was in them.

Head-counts of the past are stored nowhere; they are computed from everybody's
departments, and the last few trees are kept in memory: what was at a moment does not
change any more.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from identity.models import IdentityProvider
from sync import shape
from sync.models import Employee, Membership
from sync.org import asof
from sync.org.departments import BRANCH, path_ids
from sync.org.past import Person, Picture

KEPT = 4
"""Trees in the memory of a process."""
PAGE = 50
"""People of a department in one answer."""


@dataclass(frozen=True, slots=True)
class PastDepartment:
    """A department as it was; `id` is the vendor's. Templates take it for a Department."""

    id: str
    name: str
    path: str
    children: int
    direct: int
    total: int
    sound: str = ""

    @property
    def pk(self) -> str:
        """What addresses call it."""
        return self.id


@dataclass(frozen=True, slots=True)
class PastNode:
    """A department in the tree; `branch` is None while it is closed."""

    department: PastDepartment
    position: int
    siblings: int
    level: int
    selected: bool = False
    branch: "PastBranch | None" = None


@dataclass(frozen=True, slots=True)
class PastBranch:
    """Some children of `parent`, the tops if that is None; `more` is the last one in
    turn, if others follow it."""

    parent: PastDepartment | None
    nodes: tuple[PastNode, ...]
    more: PastDepartment | None = None

    @property
    def siblings(self) -> int:
        """How many departments the parent had."""
        return self.nodes[0].siblings if self.nodes else 0

    @property
    def following(self) -> int:
        """The place of the next one in turn."""
        return self.nodes[-1].position + 1 if self.nodes else 1


@dataclass(frozen=True, slots=True)
class PastTree:
    """The departments of one moment by id, the ids below each ("" above the tops) in
    their order, who was directly in each, and everybody."""

    departments: Mapping[str, PastDepartment]
    below: Mapping[str, tuple[str, ...]]
    members: Mapping[str, tuple[str, ...]]
    everybody: frozenset[str]

    def places(self, userids: Collection[str]) -> dict[str, list[str]]:
        """The names of the departments that these people were directly in."""
        found: dict[str, list[str]] = {userid: [] for userid in userids}
        for key, inside in self.members.items():
            for userid in found.keys() & set(inside) if found else ():
                found[userid].append(self.departments[key].name)
        return found

    def trail(self, department: str) -> list[PastDepartment]:
        """The way from the top to a department, which is the last step."""
        known = self.departments.get(department)
        keys = path_ids(known.path) if known else []
        return [self.departments[key] for key in keys if key in self.departments]

    def inside(self, department: str, *, sub: bool) -> frozenset[str]:
        """Who was in a department, or in the company for ""."""
        if not department:
            return self.everybody
        if not sub:
            return frozenset(self.members.get(department, ()))
        found: set[str] = set()
        waiting = [department]
        while waiting:
            key = waiting.pop()
            found.update(self.members.get(key, ()))
            waiting.extend(self.below.get(key, ()))
        return frozenset(found)

    def branch(self, parent: str, after: str = "", size: int = BRANCH) -> PastBranch:
        """The children of a department that follow one of them."""
        keys = self.below.get(parent, ())
        begin = keys.index(after) + 1 if after in keys else 0
        known = self.departments.get(parent)
        level = len(path_ids(known.path)) + 1 if known else 1
        nodes = tuple(
            PastNode(self.departments[key], place, len(keys), level)
            for place, key in enumerate(keys[begin : begin + size], start=begin + 1)
        )
        more = nodes[-1].department if begin + size < len(keys) else None
        return PastBranch(known, nodes, more)

    def opened(self, department: str) -> PastBranch:
        """The tree, open along the way to a department, or the tops alone."""
        way = [step.id for step in self.trail(department)] or self.below.get("", ())[:1]
        return self._opened("", way, department)

    def _opened(self, parent: str, way: Collection[str], at: str) -> PastBranch:
        found = self.branch(parent)
        nodes = tuple(
            PastNode(
                node.department,
                node.position,
                node.siblings,
                node.level,
                selected=node.department.id == at,
                branch=self._opened(node.department.id, way, at)
                if node.department.id in way and node.department.children
                else None,
            )
            for node in found.nodes
        )
        return PastBranch(found.parent, nodes, found.more)


def tree_at(idp: IdentityProvider, at: asof.Moment) -> PastTree:
    """The tree at a moment."""
    return _tree(idp.pk, at.pivot)


@lru_cache(maxsize=KEPT)
def _tree(idp_id: UUID, pivot: int) -> PastTree:
    idp = IdentityProvider.objects.get(pk=idp_id)
    picture = Picture(
        asof.units(idp),
        _statuses(idp),
        asof.seats(Membership.objects.filter(employee__idp=idp)),
    )
    picture.take_back(asof.steps(idp, pivot, fields=()))
    active = {userid for userid in picture.people if picture.active(userid)}
    pairs = [
        (userid, department)
        for userid, seats in picture.seats.items()
        if userid in active
        for department in seats
        if department in picture.departments
    ]
    parents = {key: unit.parent or None for key, unit in picture.departments.items()}
    shapes = shape.shapes(parents, pairs)
    departments = {
        key: PastDepartment(
            key, unit.name, found.path, found.children, found.direct, found.total
        )
        for key, unit in picture.departments.items()
        if (found := shapes[key])
    }
    members: dict[str, list[str]] = {}
    for userid, department in pairs:
        members.setdefault(department, []).append(userid)
    return PastTree(
        departments,
        _below(picture),
        {key: tuple(found) for key, found in members.items()},
        frozenset(active),
    )


def _below(picture: Picture) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    units = picture.departments
    for key, unit in sorted(units.items(), key=lambda item: (item[1].order, item[0])):
        parent = unit.parent if unit.parent in units else ""
        found.setdefault(parent, []).append(key)
    return {key: tuple(keys) for key, keys in found.items()}


def _statuses(idp: IdentityProvider) -> dict[str, list[Person]]:
    """Everybody without their values."""
    found: dict[str, list[Person]] = {}
    rows = Employee.objects.filter(idp=idp)
    columns = rows.values_list("userid", "pk", "status", "unionid")
    for userid, pk, status, unionid in columns:
        found.setdefault(userid, []).append(Person(pk, status, unionid))
    return found


class PastPeople(NamedTuple):
    """A page of people with their userids, by name; `after` begins the next page."""

    rows: list[tuple[str, Person]]
    after: str


def people_at(
    idp: IdentityProvider, at: asof.Moment, userids: frozenset[str], after: str = ""
) -> PastPeople:
    """People as they were, by name; `after` is the userid of the last page's last one."""
    ordered = sorted(_names(idp, at, userids))
    keys = [userid for _, userid in ordered]
    begin = keys.index(after) + 1 if after in keys else 0
    page = keys[begin : begin + PAGE]
    picture = Picture(
        people=asof.people(Employee.objects.filter(idp=idp, userid__in=page))
    )
    picture.take_back(asof.steps(idp, at.pivot, entities=(asof.EMPLOYEE,), keys=page))
    rows = [(userid, one) for userid in page if (one := picture.active(userid))]
    return PastPeople(rows, page[-1] if begin + PAGE < len(keys) else "")


def _names(
    idp: IdentityProvider, at: asof.Moment, userids: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Their names at that moment, with the userids."""
    picture = Picture()
    rows = Employee.objects.filter(idp=idp)
    columns = ("userid", "pk", "status", "unionid", "name")
    many = len(userids) > asof.PORTION
    found = rows if many else rows.filter(userid__in=userids)
    for userid, pk, status, unionid, name in found.values_list(*columns):
        held = picture.people.setdefault(userid, [])
        held.append(Person(pk, status, unionid, {"name": name}))
    changed = asof.steps(
        idp, at.pivot, entities=(asof.EMPLOYEE,), keys=userids, fields=("name",)
    )
    picture.take_back(changed)
    for userid in userids:
        if one := picture.active(userid):
            yield one.values.get("name", ""), userid
