"""The page Synchronization Settings: the department picker and the mapping table.

Without script the page is a form whose buttons open branches and add rows; nothing that
was ticked or chosen is lost, because every button sends the whole form.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from identity.comparing import Comparison
from identity.connection import connector_for
from identity.connectors.base import Connector
from identity.connectors.errors import ConnectorError, Unexpected
from identity.fields import CannotOpen
from identity.forms.mapping import MappingForm
from identity.forms.problems import Problem
from identity.forms.scope import Lineage, ScopeForm
from identity.live import lineages
from identity.mapping import MappingError, build
from identity.models import IdentityProvider
from identity.sampling import Sample, sample_of
from identity.signals import stored_directory
from identity.views.compared import compared
from identity.views.effect import Effect, effect_of
from identity.views.mapping_table import extended, live_values, options, rows
from identity.views.picker import Picker
from identity.views.seeking import Found, seek, wanted
from identity.views.weighing import Weighed, count, weigh

WEIGH = ("weigh", "count", "names", "compare")
"""Buttons that ask what the choice on the page would come to, and change nothing."""
LIST = "extended"
"""What the button View Extended Fields sends, and what a page with the list keeps."""


class SettingsPage:
    """The state of one rendering: from the IdP, or from what was sent.

    `opened` holds the ids of open departments; any word at all shows the tree.
    `sampled`: the vendor is asked for a few people before the page is shown.
    `listed`: the extended fields are a part of the page, and not behind a button.
    """

    def __init__(
        self,
        idp: IdentityProvider,
        data: QueryDict | None = None,
        opened: Sequence[str] = (),
    ) -> None:
        self.idp, self.data = idp, data
        self.stored = stored_directory(idp)
        self.sources = idp.connector_class.source_fields()
        self.form = ScopeForm(data, idp=idp, lookup=self._lookup)
        self.mapping = MappingForm(idp, self.sources, data)
        self.picker = Picker(idp, data, opened, self.stored)
        sent = data or QueryDict()
        self.sampled = "read" in sent or "sampled" in sent
        self.listed = LIST in (sent.get("read"), sent.get("listed"))
        self.headcount = _number(sent.get("headcount", ""))
        self.added = ""
        self.sample: Sample | None = None
        self.comparison: Comparison | None = None
        self.trouble = ""
        self.checked = False

    # --- what was pressed ---

    def reworked(self) -> bool:
        """Apply a button that only changes the page; False if none was pressed."""
        data = self.data or QueryDict()
        if added := data.get("add"):
            self.added = self.mapping.add(added)
        elif removed := data.get("remove"):
            self.mapping.remove(removed)
        else:
            # Or only a sample is wanted, or what the choice comes to.
            shows = "read" in data or any(name in data for name in WEIGH)
            return self.picker.reworked() or shows
        return True

    def is_valid(self) -> bool:
        """Whether scope and mapping may be saved."""
        self.checked = True
        return self.form.is_valid() & self.mapping.is_valid()

    def put_into(self, idp: IdentityProvider) -> None:
        """Set what was chosen; the caller saves. A mapping that was not sent stays."""
        idp.scope = self.form.cleaned_data["scope"]
        idp.departments = self.form.cleaned_data["departments"]
        idp.department_labels = self.form.labels
        if self.mapping.sent is not None:
            idp.mapping = self.mapping.rows()

    # --- what is shown ---

    def context(self) -> dict[str, Any]:
        """What the templates need."""
        self.trouble = self.picker.read(self._connector)
        self.count()
        self.compare()
        if self.picker.opened or self.sampled:
            self.read_sample()
        return self.shown() | {
            "form": self.form,
            "picker": self.picker,
            "tree": self.picker.tree,
            "opened": self.picker.opened,
            "found": self.picker.found,
            "chosen": self.picker.entries(self.form.labels),
            "rows": rows(self.mapping.entries, self.sources, self.sample),
            "options": options(self.sources, self.mapping.entries, self.sample),
            "problems": self._problems() if self.checked else [],
        }

    def shown(self) -> dict[str, Any]:
        """What the fragments with the sample and the effect need."""
        fields = list(extended(self.sources, self.mapping.entries, self.sample))
        effect = self._effect()
        return {
            "idp": self.idp,
            "vendor": self.idp.connector_class.label,
            "scope": self.picker.scope,
            "stored": self.stored,
            "details": self.mapping.details(),
            "effect": effect,
            "weighed": self._weighed(effect),
            "comparison": self.comparison,
            "headcount": self.headcount,
            "sample": self.sample,
            "sampled": self.sampled,
            "listed": self.listed,
            "added": self.added,
            "live": live_values(self.sample),
            "asks": not (self.stored and self.stored.whole),
            "extended": fields,
            "addable": not all(one.used for one in fields),
            "trouble": self.trouble,
        }

    def branch(self, parent: str) -> dict[str, Any]:
        """One branch for the fragment; `parent` "" gives the tops."""
        try:
            found = self.picker.branch(self._connector(), parent)
        except ConnectorError as error:
            found, self.trouble = (), error.words
        return {
            "idp": self.idp,
            "nodes": found,
            "parent": parent,
            "trouble": self.trouble,
            "lazy": True,
        }

    def seek(self, text: str, way: str) -> Found | None:
        """The answer of a search in the picker; None if nothing is sought."""
        if not (sought := wanted(text)):
            return None
        return seek(self.idp, self.stored, self._connector, sought, way, parts=True)

    def read_sample(self) -> None:
        """Ask the vendor for a few people; a failure becomes words on the page.

        How many people there are is asked once, and only before a synchronization; that
        it could not be learned is no trouble.
        """
        try:
            connector = self._connector()
            self.sample = sample_of(connector, self.sources)
        except ConnectorError as error:
            self.trouble = error.words
            return
        if self.headcount is None and not (self.stored and self.stored.whole):
            with suppress(ConnectorError):
                self.headcount = connector.headcount()

    def count(self) -> None:
        """Ask the vendor who is in what no synchronization has read, if that is wanted."""
        if self.data and "count" in self.data:
            try:
                count(self.idp, self._connector(), self._effect().size)
            except ConnectorError as error:
                self.trouble = error.words

    def compare(self) -> None:
        """Put a few people as they would be beside what the saved mapping makes of them,
        if that is wanted and the rows on the page can be used."""
        if not (self.data and "compare" in self.data):
            return
        try:
            old = build(self.idp.mapping, self.sources)
            new = build(self.mapping.rows(), self.sources)
            self.comparison = compared(self._connector, old, new, self.stored)
        except ConnectorError as error:
            self.trouble = error.words
        except MappingError:
            self.comparison = None  # the rows say themselves what is wrong with them

    # --- parts ---

    def _weighed(self, effect: Effect) -> Weighed | None:
        data = self.data or QueryDict()
        return weigh(
            self.idp,
            self.picker.scope,
            self.picker.chosen,
            effect.size,
            all_names="names" in data,
        )

    def _connector(self) -> Connector:
        try:
            return connector_for(self.idp)
        except CannotOpen as error:
            raise Unexpected(
                _("A stored secret cannot be opened with the present ENCRYPTION_KEYS."),
                remedy=_("Restore the key, or enter the secret again."),
            ) from error

    def _effect(self) -> Effect:
        return effect_of(
            self.picker.scope,
            self.picker.chosen,
            self.stored,
            self.headcount,
            self.idp.connector_class.rate(),
        )

    def _lookup(self, ids: Collection[str]) -> Mapping[str, Lineage]:
        return lineages(self._connector(), ids)

    def _problems(self) -> list[Problem]:
        scope = [
            Problem(f"id_{name}", str(self.form.fields[name].label), str(text))
            for name, texts in self.form.errors.items()
            for text in texts
        ]
        return scope + [Problem(*error) for error in self.mapping.errors()]


def _number(text: str) -> int | None:
    """A count that an earlier page had from the vendor, sent along."""
    plain = text.isascii() and text.isdigit() and len(text) <= 9
    return int(text) if plain else None
