"""The department tree of the picker, as far as it is open."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from identity.connectors.base import Connector
from identity.connectors.records import DepartmentRecord
from identity.signals import StoredDirectory


@dataclass(frozen=True, slots=True)
class Node:
    """A department of the tree.

    `partly`: something below it is chosen. `people`: how many are in it and below, as
    far as a synchronization has stored it.
    """

    id: str
    name: str
    parent: str
    checked: bool
    partly: bool
    open: bool
    people: int | None = None
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """What is ticked, what stands above something ticked, what is open; and counts."""

    chosen: Collection[str]
    above: Collection[str]
    opened: Collection[str]
    stored: StoredDirectory | None = None


def nodes(
    connector: Connector,
    parent: str | None,
    marks: Marks,
    way: tuple[str, ...] = (),
) -> tuple[Node, ...]:
    """The children of a department, with those below the open ones; None: the tops.

    `way` are the ids above, this one included: what stands below itself is shown once.
    Raises ConnectorError.
    """
    found = [one for one in connector.departments(parent) if one.id not in way]
    people = _people(found, marks.stored)
    return tuple(
        Node(
            id=department.id,
            name=department.name,
            parent=parent or "",
            checked=department.id in marks.chosen,
            partly=department.id in marks.above,
            open=department.id in marks.opened,
            people=people.get(department.id),
            children=nodes(connector, department.id, marks, (*way, department.id))
            if department.id in marks.opened
            else (),
        )
        for department in found
    )


def flat(tree: Sequence[Node]) -> Iterator[Node]:
    """Every node of a tree, parents first."""
    for node in tree:
        yield node
        yield from flat(node.children)


def _people(
    found: Sequence[DepartmentRecord], stored: StoredDirectory | None
) -> Mapping[str, int | None]:
    if not stored:
        return {}
    places = stored.places([department.id for department in found])
    return {one: place.people for one, place in places.items()}
