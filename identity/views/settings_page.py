"""The page Synchronization Settings: the department tree and the mapping table.

Without script the page is a form whose buttons open branches and add rows; nothing that
was ticked or chosen is lost, because every button sends the whole form.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from identity.connection import connector_for
from identity.connectors.base import Connector
from identity.connectors.errors import ConnectorError, Unexpected
from identity.fields import CannotOpen
from identity.forms.idp import Problem
from identity.forms.mapping import MappingForm
from identity.forms.scope import Lineage, ScopeForm
from identity.live import Sample, lineages, sample_of
from identity.models import IdentityProvider
from identity.views.mapping_table import extended, live_values, options, rows
from identity.views.tree import Marks, Node, flat, nodes


class SettingsPage:
    """The state of one rendering: from the IdP, or from what was sent.

    `opened` holds the ids of open departments; any word at all shows the tree.
    `sampled`: the vendor is asked for a few people before the page is shown.
    """

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
        self.sampled = bool(data and ("read" in data or "sampled" in data))
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
            return "read" in data  # only the sample is wanted
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
        if self.opened or self.sampled:
            self.read_sample()
        names = self._names(tree)
        visible = {node.id for node in flat(tree)}
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
            "rows": rows(self.mapping.entries, self.sample),
            "options": options(self.sources, self.mapping.entries, self.sample),
            "details": self.mapping.details(),
            "sample": self.sample,
            "sampled": self.sampled,
            "live": live_values(self.sample),
            "extended": extended(self.sources, self.mapping.entries, self.sample),
            "trouble": self.trouble,
            "problems": self._problems() if self.checked else [],
        }

    def branch(self, parent: str) -> dict[str, Any]:
        """One branch for the fragment; `parent` "" gives the tops."""
        try:
            found = nodes(self._connector(), parent or None, self._marks())
        except ConnectorError as error:
            found, self.trouble = (), _words(error)
        return {
            "idp": self.idp,
            "nodes": found,
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
            return nodes(self._connector(), None, self._marks())
        except ConnectorError as error:
            self.trouble = _words(error)
            return ()

    def _marks(self) -> Marks:
        labels = self.idp.department_labels.values()
        above = {one for label in labels for one in label["path"]}
        return Marks(self.chosen, above, self.opened)

    def _names(self, tree: Sequence[Node]) -> dict[str, str]:
        """Names of departments: as sent along, as stored, as read just now."""
        sent = {
            key.removeprefix("name."): value
            for key, value in (self.data or {}).items()
            if key.startswith("name.")
        }
        stored = self.idp.department_labels | self.form.labels
        known = {one: label["name"] for one, label in stored.items()}
        return sent | known | {node.id: node.name for node in flat(tree)}

    def _problems(self) -> list[Problem]:
        scope = [
            Problem(f"id_{name}", str(self.form.fields[name].label), str(text))
            for name, texts in self.form.errors.items()
            for text in texts
        ]
        return scope + [Problem(*error) for error in self.mapping.errors()]


def _words(error: ConnectorError) -> str:
    return f"{error.message} {error.remedy}".strip()
