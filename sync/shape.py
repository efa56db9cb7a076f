"""The shape of a department tree: paths, depths and head-counts. Pure, in memory.

Ten thousand departments and their people take well under a second, so they are
computed anew after each run that changed something, and written where different.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a department stands, and how many active people it has."""

    path: str
    depth: int
    children: int
    direct: int = 0
    total: int = 0


def chains(parents: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """For each department the ids from its top to itself.

    A parent that is not there makes a top; a cycle is cut where it closes.
    """
    found: dict[str, tuple[str, ...]] = {}
    for start in parents:
        way: list[str] = []
        seen: set[str] = set()
        at: str | None = start
        while at is not None and at in parents and at not in found and at not in seen:
            seen.add(at)
            way.append(at)
            at = parents[at]
        chain = found.get(at or "", ())
        for department in reversed(way):
            chain = (*chain, department)
            found[department] = chain
    return found


def shapes(
    parents: Mapping[str, str | None], memberships: Iterable[tuple[P, str]]
) -> dict[str, Shape]:
    """The shape of every department.

    `memberships` are (person, department) pairs of active people, ordered by person;
    each person counts once in a subtree, however many departments of it they are in.
    """
    ways = chains(parents)
    direct: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for departments in _by_person(memberships):
        direct.update(departments)
        total.update({d for name in departments for d in ways.get(name, ())})
    children = Counter(parent for parent in parents.values() if parent in parents)
    return {
        department: Shape(
            path="/" + "/".join(way) + "/",
            depth=len(way) - 1,
            children=children[department],
            direct=direct[department],
            total=total[department],
        )
        for department, way in ways.items()
    }


def _by_person(memberships: Iterable[tuple[P, str]]) -> Iterable[list[str]]:
    """The departments of one person after the other."""
    person: P | None = None
    departments: list[str] = []
    for someone, department in memberships:
        if someone != person and departments:
            yield departments
            departments = []
        person = someone
        departments.append(department)
    if departments:
        yield departments
