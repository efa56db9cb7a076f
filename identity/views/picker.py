"""The department picker: the tree, the search in it, and the list of what is chosen.

Each button of it sends the whole form, so that nothing is lost without script.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from identity.connectors.base import Connector
from identity.connectors.errors import ConnectorError
from identity.live import walk_of
from identity.models import IdentityProvider
from identity.signals import Place, Step, StoredDirectory
from identity.views.seeking import Found, seek, wanted
from identity.views.tree import Marks, Node, flat, nodes


@dataclass(frozen=True, slots=True)
class Chosen:
    """A chosen department; `visible`: its box in the tree is what is sent of it."""

    place: Place
    visible: bool

    @property
    def above(self) -> str:
        """The ids above it, for the page's script."""
        return " ".join(step.id for step in self.place.way)


class Picker:
    """From the IdP, or from what was sent. `opened` holds the ids of open departments."""

    def __init__(
        self,
        idp: IdentityProvider,
        data: QueryDict | None,
        opened: Sequence[str],
        stored: StoredDirectory | None,
    ) -> None:
        self.idp, self.stored = idp, stored
        self.data = QueryDict() if data is None else data
        self.opened = list(opened if data is None else data.getlist("opened"))
        self.scope, self.chosen = idp.scope, list(idp.departments)
        if data is not None:
            self.scope = data.get("scope", "")
            self.chosen = list(dict.fromkeys(data.getlist("departments")))
        self.tree: tuple[Node, ...] = ()
        self.found: Found | None = None

    def reworked(self) -> bool:
        """Apply a button that only changes the page; False if none was pressed."""
        data = self.data
        if opened := data.get("open"):
            self.opened.append(opened)
        elif closed := data.get("close"):
            self.opened = [one for one in self.opened if one != closed]
        elif (wanted := data.get("choose")) and wanted not in self.chosen:
            self.chosen.append(wanted)
        elif dropped := data.get("drop"):
            self.chosen = [one for one in self.chosen if one != dropped]
        else:
            return "seek" in data or self._entered()
        return True

    def read(self, connector: Callable[[], Connector]) -> str:
        """Ask for what is open and sought; returns what went wrong, in words."""
        trouble = ""
        if self.opened:
            try:
                self.tree = nodes(connector(), None, self._marks())
            except ConnectorError as error:
                trouble = error.words
        pressed = "seek" in self.data or self._entered()
        if text := wanted(self.data.get("q" if pressed else "sought", "")):
            way = self.data.get("seek" if pressed else "sought_in", "")
            self.found = seek(
                self.idp, self.stored, connector, text, way, walks=pressed
            )
        return trouble

    def branch(self, connector: Connector, parent: str) -> tuple[Node, ...]:
        """One branch; `parent` "" gives the tops. Raises ConnectorError."""
        return nodes(connector, parent or None, self._marks())

    def entries(self, labels: Mapping[str, Mapping[str, Any]]) -> list[Chosen]:
        """The list of what is chosen; `labels` are those of a form just checked."""
        visible = {node.id: node for node in flat(self.tree)}
        known = self._places(labels)
        return [
            Chosen(known.get(one) or self._as_sent(one, visible), one in visible)
            for one in self.chosen
        ]

    # --- parts ---

    def _entered(self) -> bool:
        """Enter was pressed, in a browser without script, after a text was typed."""
        data = self.data
        return "enter" in data and data.get("q", "") != data.get("sought", "")

    def _marks(self) -> Marks:
        known = self._places({})
        above = {
            step.id
            for one in self.chosen
            for step in (known[one].way if one in known else ())
        }
        return Marks(self.chosen, above, self.opened, self.stored)

    def _places(self, labels: Mapping[str, Mapping[str, Any]]) -> dict[str, Place]:
        """Where chosen ones stand: as stored by a sync, as kept, as read by a search."""
        kept = {
            one: _kept(one, label)
            for one, label in (self.idp.department_labels | dict(labels)).items()
        }
        walk = walk_of(self.idp)
        walked = {one: place for one in self.chosen if (place := walk.place(one))}
        stored = self.stored.places(self.chosen) if self.stored else {}
        return kept | walked | dict(stored)

    def _as_sent(self, one: str, visible: Mapping[str, Node]) -> Place:
        """What the page said before, or the open tree says."""
        way: list[Step] = []
        parent = visible.get(visible[one].parent) if one in visible else None
        while parent:
            way.insert(0, Step(parent.id, parent.name))
            parent = visible.get(parent.parent)
        name = visible[one].name if one in visible else self.data.get(f"name.{one}")
        return Place(one, name or one, tuple(way))


def _kept(one: str, label: Mapping[str, Any]) -> Place:
    """Labels of an earlier version have no names of those above."""
    names = label.get("names") or label["path"]
    way = tuple(map(Step, label["path"], names))
    return Place(one, label["name"], way)
