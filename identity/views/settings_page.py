"""The page Synchronization Settings: the department tree and the mapping table.

Without script the page is a form whose buttons open branches and add rows; nothing that
was ticked or chosen is lost, because every button sends the whole form.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from identity.connection import connector_for
from identity.connectors.base import Connector
from identity.connectors.errors import ConnectorError, Unexpected
from identity.fields import CannotOpen
from identity.forms.basic import Problem
from identity.forms.mapping import Entry, MappingForm
from identity.forms.scope import Lineage, ScopeForm
from identity.live import Sample, lineages, sample_of
from identity.models import IdentityProvider

TOP = "top"
"""What `open` says to show the tree at all."""


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
class Row:
    """A row of the mapping table with what the sample says about it."""

    entry: Entry
    first: str
    second: str
    sample: str
    filled: int | None


class SettingsPage:
    """The state of one rendering: from the IdP, or from what was sent."""

    def __init__(
        self,
        idp: IdentityProvider,
        data: QueryDict | None = None,
        opened: Sequence[str] = (),
    ) -> None:
        self.idp, self.data = idp, data
        self.sources = idp.connector_class.source_fields()
        self.form = ScopeForm(data, idp=idp, lookup=self._lookup)
        self.mapping = MappingForm(idp, self.sources, data)
        self.opened = list(opened if data is None else data.getlist("opened"))
        self.chosen = list(idp.departments)
        self.scope = idp.scope
        if data is not None:
            self.chosen = list(dict.fromkeys(data.getlist("departments")))
            self.scope = data.get("scope", "")
        self.sample: Sample | None = None
        self.trouble = ""
        self.checked = False

    # --- what was pressed ---

    def reworked(self) -> bool:
        """Apply a button that only changes the page; False if none was pressed."""
        data = self.data or QueryDict()
        if opened := data.get("open"):
            self.opened.append(opened)
        elif closed := data.get("close"):
            self.opened = [one for one in self.opened if one != closed]
        elif added := data.get("add"):
            self.mapping.add(added)
        elif removed := data.get("remove"):
            self.mapping.remove(removed)
        else:
            return False
        return True

    def is_valid(self) -> bool:
        """Whether scope and mapping may be saved."""
        self.checked = True
        return self.form.is_valid() & self.mapping.is_valid()

    def put_into(self, idp: IdentityProvider) -> None:
        """Set what was chosen; the caller saves."""
        idp.scope = self.form.cleaned_data["scope"]
        idp.departments = self.form.cleaned_data["departments"]
        idp.department_labels = self.form.labels
        idp.mapping = self.mapping.rows()

    # --- what is shown ---

    def context(self) -> dict[str, Any]:
        """What the templates need."""
        tree: tuple[Node, ...] = ()
        if self.opened:
            tree = self._tree()
            self.read_sample()
        names = self._names(tree)
        visible = {node.id for node in _all(tree)}
        return {
            "idp": self.idp,
            "vendor": self.idp.connector_class.label,
            "scope": self.scope,
            "form": self.form,
            "tree": tree,
            "opened": self.opened,
            "chosen": [
                (one, names.get(one, one), one in visible) for one in self.chosen
            ],
            "rows": [self._row(entry) for entry in self.mapping.entries],
            "options": self._options(),
            "details": self.mapping.details(),
            "sample": self.sample,
            "live": self._live_values(),
            "extended": self._extended(),
            "trouble": self.trouble,
            "problems": self._problems() if self.checked else [],
        }

    def branch(self, parent: str) -> dict[str, Any]:
        """One branch for the fragment; `parent` "" gives the tops."""
        try:
            nodes = self._nodes(self._connector(), parent or None)
        except ConnectorError as error:
            nodes, self.trouble = (), _words(error)
        return {
            "idp": self.idp,
            "nodes": nodes,
            "parent": parent,
            "trouble": self.trouble,
            "lazy": True,
        }

    def read_sample(self) -> None:
        """Ask the vendor for a few people; a failure becomes words on the page."""
        try:
            self.sample = sample_of(self._connector(), self.sources)
        except ConnectorError as error:
            self.trouble = _words(error)

    # --- parts ---

    def _connector(self) -> Connector:
        try:
            return connector_for(self.idp)
        except CannotOpen as error:
            raise Unexpected(
                _("A stored secret cannot be opened with the present ENCRYPTION_KEYS."),
                remedy=_("Restore the key, or enter the secret again."),
            ) from error

    def _lookup(self, ids: Collection[str]) -> Mapping[str, Lineage]:
        return lineages(self._connector(), ids)

    def _tree(self) -> tuple[Node, ...]:
        try:
            return self._nodes(self._connector(), None)
        except ConnectorError as error:
            self.trouble = _words(error)
            return ()

    def _nodes(self, connector: Connector, parent: str | None) -> tuple[Node, ...]:
        above = {
            one
            for label in self.idp.department_labels.values()
            for one in label["path"]
        }
        return tuple(
            Node(
                id=department.id,
                name=department.name,
                parent=parent or "",
                checked=department.id in self.chosen,
                partly=department.id in above,
                open=department.id in self.opened,
                children=self._nodes(connector, department.id)
                if department.id in self.opened
                else (),
            )
            for department in connector.departments(parent)
        )

    def _names(self, tree: Sequence[Node]) -> dict[str, str]:
        """Names of departments: as sent along, as stored, as read just now."""
        sent = {
            key.removeprefix("name."): value
            for key, value in (self.data or {}).items()
            if key.startswith("name.")
        }
        stored = self.idp.department_labels | self.form.labels
        known = {one: label["name"] for one, label in stored.items()}
        return sent | known | {node.id: node.name for node in _all(tree)}

    def _row(self, entry: Entry) -> Row:
        first, second, *_more = [*entry.sources, "", ""]
        person = self.sample.person if self.sample else {}
        filled = self.sample.filled if self.sample else {}
        return Row(
            entry,
            first,
            second,
            person.get(first) or person.get(second, ""),
            filled.get(first, 0) if self.sample and first else None,
        )

    def _options(self) -> list[tuple[str, str, bool]]:
        """Every source as (key, label in both languages, whether it costs a call)."""
        standard = [
            (source.key, _both(source.label, source.label_zh), source.detail)
            for source in self.sources
        ]
        used = {key for entry in self.mapping.entries for key in entry.sources}
        seen = {one.key for one in self.sample.custom} if self.sample else set()
        custom = sorted(key for key in used | seen if "." in key)
        return standard + [(key, key.partition(".")[2], False) for key in custom]

    def _extended(self) -> list[dict[str, Any]]:
        """What can be added: custom fields of the sample, then unused standard ones."""
        used = {key for entry in self.mapping.entries for key in entry.sources}
        custom = self.sample.custom if self.sample else ()
        found = [
            {
                "key": one.key,
                "label": one.label,
                "sample": one.sample,
                "filled": one.filled,
            }
            for one in custom
        ]
        person = self.sample.person if self.sample else {}
        found += [
            {
                "key": source.key,
                "label": _both(source.label, source.label_zh),
                "sample": person.get(source.key, ""),
                "detail": source.detail,
            }
            for source in self.sources
        ]
        return [one for one in found if one["key"] not in used]

    def _live_values(self) -> dict[str, Any]:
        """The sample as the page's script reads it."""
        if not self.sample:
            return {}
        return {
            "size": self.sample.size,
            "person": dict(self.sample.person),
            "filled": dict(self.sample.filled),
            "custom": [one.key for one in self.sample.custom],
        }

    def _problems(self) -> list[Problem]:
        scope = [
            Problem(f"id_{name}", str(self.form.fields[name].label), str(text))
            for name, texts in self.form.errors.items()
            for text in texts
        ]
        return scope + [Problem(*error) for error in self.mapping.errors()]


def _all(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _all(node.children)


def _both(label: str, label_zh: str) -> str:
    return f"{label} ({label_zh})" if label_zh and label_zh != label else label


def _words(error: ConnectorError) -> str:
    return f"{error.message} {error.remedy}".strip()
