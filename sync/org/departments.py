"""The tree: branches, ways from the top, and departments by name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from identity.connectors.records import ROOT
from identity.models import IdentityProvider
from sync.models import Department
from sync.org.search import named, ranked

BRANCH = 200
"""Departments of one parent in one answer."""
ALL_AT_ONCE = 500
"""Departments that are opened by one key, siblings' branches together (U36)."""
IS_TOP = Q(depth=0)
"""A department whose parent is not in the directory."""


class Step(NamedTuple):
    """A department on the way to another."""

    pk: int
    name: str


Trails = Mapping[str, Step]
"""Steps by source id."""


@dataclass(frozen=True, slots=True)
class Place:
    """A department with the departments above it, from the top."""

    department: Department
    way: tuple[Step, ...]

    @property
    def path(self) -> str:
        """The way as text."""
        return " › ".join(step.name for step in self.way)


@dataclass(frozen=True, slots=True)
class Node:
    """A department in the tree; `branch` is None while it is closed."""

    department: Department
    position: int
    siblings: int
    level: int
    selected: bool = False
    branch: "Branch | None" = None


@dataclass(frozen=True, slots=True)
class Branch:
    """Some children of `parent`; the tops if that is None.

    `more` is the last one in turn, if others follow it; `skip` is one that was shown
    out of turn because it leads to the selected department.
    """

    parent: Department | None
    nodes: tuple[Node, ...]
    more: Department | None = None
    skip: Department | None = None

    @property
    def siblings(self) -> int:
        """How many departments the parent has."""
        return self.nodes[0].siblings if self.nodes else 0

    @property
    def following(self) -> int:
        """The place of the next one in turn."""
        turn = [n.position for n in self.nodes if n.department != self.skip]
        return max(turn, default=0) + 1


@dataclass(frozen=True, slots=True)
class Lineage:
    """The way from the top to a department, which is the last step of it."""

    trail: tuple[Department, ...]
    company: int
    """How many active people the company has."""
    tops: int = 1

    @property
    def whole(self) -> bool:
        """Whether everybody is below: no department, or the one root."""
        return not self.trail or (len(self.trail) == 1 and self.tops == 1)

    @property
    def wide(self) -> bool:
        """Whether so many people are below that walking the list of people and asking
        for each beats collecting them first (performance.md 4: from 5 percent on)."""
        return self.whole or self.trail[-1].total * 20 >= self.company


def tree(idp: IdentityProvider, selected: Department | None) -> tuple[Branch, Lineage]:
    """The tree, open along the way to `selected`, or the root alone; one query."""
    chain = path_ids(selected.path) if selected else []
    opened = chain or [ROOT]
    family = Case(
        When(IS_TOP, then=Value("")),
        default=F("parent_source_id"),
        output_field=CharField(),
    )
    rows = (
        Department.objects.filter(IS_TOP | Q(parent_source_id__in=opened), idp=idp)
        .annotate(
            family=family,
            position=Window(
                RowNumber(), partition_by=family, order_by=[F("order"), F("pk")]
            ),
            siblings=Window(Count("*"), partition_by=family),
        )
        .filter(Q(position__lte=BRANCH) | Q(source_id__in=chain))
        .order_by("position")
    )
    families: dict[str, list[Node]] = {}
    for row in rows:
        families.setdefault(row.family, []).append(
            Node(row, row.position, row.siblings, len(path_ids(row.path)))
        )
    known = {
        node.department.source_id: node.department
        for nodes in families.values()
        for node in nodes
    }
    trail = tuple(known[key] for key in chain if key in known)
    tops = families.get("", [])
    company = sum(node.department.total for node in tops)
    siblings = tops[0].siblings if tops else 0
    return _grow(families, None, chain), Lineage(trail, company, siblings)


def _grow(
    families: Mapping[str, Sequence[Node]], parent: Department | None, chain: list[str]
) -> Branch:
    """The branch below `parent`, with those below it that are open."""
    nodes = families.get(parent.source_id if parent else "", ())
    grown = tuple(
        Node(
            node.department,
            node.position,
            node.siblings,
            node.level,
            selected=bool(chain) and node.department.source_id == chain[-1],
            branch=_grow(families, node.department, chain)
            if node.department.source_id in families
            else None,
        )
        for node in nodes
    )
    in_turn = [node for node in grown if node.position <= BRANCH]
    more = bool(grown) and grown[-1].siblings > len(in_turn)
    return Branch(
        parent,
        grown,
        more=in_turn[-1].department if more else None,
        skip=grown[-1].department if len(in_turn) < len(grown) else None,
    )


def children(
    idp: IdentityProvider,
    parent: Department | None,
    *,
    after: Department | None = None,
    skip: int | None = None,
    size: int = BRANCH,
) -> Branch:
    """The children of `parent`, or the tops, that follow `after`; at most two queries."""
    siblings = Department.objects.filter(
        Q(parent_source_id=parent.source_id) if parent else IS_TOP, idp=idp
    )
    before = siblings.exclude(_follows(after)).count() if after else 0
    rows = list(
        (siblings.filter(_follows(after)) if after else siblings).order_by(
            "order", "pk"
        )[: size + 1]
    )
    level = len(path_ids(parent.path)) + 1 if parent else 1
    in_all = parent.children if parent else 0
    nodes = tuple(
        Node(row, before + place, in_all or before + len(rows), level)
        for place, row in enumerate(rows[:size], start=1)
        if row.pk != skip
    )
    return Branch(parent, nodes, more=rows[size - 1] if len(rows) > size else None)


def branches(idp: IdentityProvider, keys: Sequence[int]) -> list[Branch]:
    """The children of some departments, at most `ALL_AT_ONCE` of them; two queries.

    Every department that is given back is whole up to its first 200 children.
    """
    parents: dict[str, Department] = {}
    room = ALL_AT_ONCE
    for row in Department.objects.filter(idp=idp, pk__in=keys).order_by("order", "pk"):
        room -= min(row.children, BRANCH)
        if room >= 0:
            parents[row.source_id] = row
    below = Department.objects.filter(idp=idp, parent_source_id__in=parents)
    numbered = below.annotate(
        position=Window(
            RowNumber(), partition_by=F("parent_source_id"), order_by=["order", "pk"]
        )
    )
    nodes: dict[str, list[Node]] = {}
    for child in numbered.filter(position__lte=BRANCH).order_by("position"):
        parent = parents[child.parent_source_id]
        level = len(path_ids(parent.path)) + 1
        nodes.setdefault(parent.source_id, []).append(
            Node(child, child.position, parent.children, level)
        )
    return [_branch(parents[key], found) for key, found in nodes.items()]


def _branch(parent: Department, nodes: Sequence[Node]) -> Branch:
    more = nodes[-1].department if parent.children > len(nodes) else None
    return Branch(parent, tuple(nodes), more=more)


def _follows(other: Department) -> Q:
    return Q(order__gte=other.order) & (Q(order__gt=other.order) | Q(pk__gt=other.pk))


def lineage(idp: IdentityProvider, department: Department | None) -> Lineage:
    """The way to a department and the size of the company; one query."""
    chain = path_ids(department.path) if department else []
    rows = Department.objects.filter(IS_TOP | Q(source_id__in=chain), idp=idp)
    known = {row.source_id: row for row in rows}
    tops = [row for row in known.values() if row.depth == 0]
    trail = tuple(known[key] for key in chain if key in known)
    return Lineage(trail, sum(top.total for top in tops), len(tops))


def trails(
    idp: IdentityProvider, departments: Iterable[Department], *also: str
) -> Trails:
    """Names for the ways to many departments, and for `also` (ids); one query."""
    keys = {key for department in departments for key in path_ids(department.path)}
    rows = Department.objects.filter(idp=idp, source_id__in=keys.union(also))
    return {
        key: Step(pk, name)
        for key, pk, name in rows.values_list("source_id", "pk", "name")
    }


def placed(department: Department, names: Trails) -> Place:
    """A department with its way, out of the names of `trails`."""
    above = path_ids(department.path)[:-1]
    return Place(department, tuple(names[key] for key in above if key in names))


def matching_departments(
    idp: IdentityProvider, text: str, size: int = 20
) -> list[Department]:
    """Departments by name or its sound; of those that the text fits equally well, the
    largest first; one query."""
    found: QuerySet[Department] = Department.objects.filter(named(text), idp=idp)
    return list(found.order_by(ranked(text), "-total", "pk")[:size])


def below(department: Department) -> QuerySet[Department]:
    """It and all departments below it."""
    return Department.objects.filter(within(department.path), idp=department.idp_id)


def within(path: str) -> Q:
    """What is at or below a path, as a range ("0" follows "/")."""
    return Q(path__gte=path, path__lt=f"{path[:-1]}0")


def path_ids(path: str) -> list[str]:
    """ "/1/501/" -> ["1", "501"]."""
    return [key for key in path.split("/") if key]
