"""The department tree of the picker, as far as it is open."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from identity.connectors.base import Connector


@dataclass(frozen=True, slots=True)
class Node:
    """A department of the tree; `partly`: something below it is chosen."""

    id: str
    name: str
    parent: str
    checked: bool
    partly: bool
    open: bool
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """What is ticked, what stands above something ticked, and what is open."""

    chosen: Collection[str]
    above: Collection[str]
    opened: Collection[str]


def nodes(connector: Connector, parent: str | None, marks: Marks) -> tuple[Node, ...]:
    """The children of a department, with those below the open ones; None: the tops.

    Raises ConnectorError.
    """
    return tuple(
        Node(
            id=department.id,
            name=department.name,
            parent=parent or "",
            checked=department.id in marks.chosen,
            partly=department.id in marks.above,
            open=department.id in marks.opened,
            children=nodes(connector, department.id, marks)
            if department.id in marks.opened
            else (),
        )
        for department in connector.departments(parent)
    )


def flat(tree: Sequence[Node]) -> Iterator[Node]:
    """Every node of a tree, parents first."""
    for node in tree:
        yield node
        yield from flat(node.children)
