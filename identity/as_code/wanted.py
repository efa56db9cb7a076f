"""An IdP as a file wants it: judged by the wizard's forms, and compared with today's."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from identity import live
from identity.as_code import shape
from identity.as_code.changes import Change, different, gained_and_lost, secret
from identity.as_code.reading import Document, written
from identity.connection import connector_with
from identity.connectors.errors import Unexpected
from identity.fields import CannotOpen
from identity.forms.idp import IdpForms
from identity.forms.mapping import PREFIX, MappingForm
from identity.forms.scope import DraftScopeForm, Lineage, ScopeForm
from identity.mapping import ATTRIBUTE, CATALOGUE
from identity.models import IdentityProvider

PARTIAL = IdentityProvider.ScopeChoice.PARTIAL


@dataclass(slots=True)
class Asked:
    """Asks the vendor for departments, each once, so that a second look costs nothing."""

    forms: IdpForms
    known: dict[str, Lineage] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def __call__(self, ids: Collection[str]) -> Mapping[str, Lineage]:
        """As `identity.forms.scope.Lookup`, with the credentials that are wanted."""
        if new := [one for one in ids if one not in self.asked]:
            try:
                credentials = self.forms.credentials()
            except CannotOpen as error:
                raise Unexpected(f"A stored secret cannot be opened: {error}") from None
            self.known |= live.lineages(
                connector_with(self.forms.idp, credentials), new
            )
            self.asked.update(new)
        return {one: self.known[one] for one in ids if one in self.known}


class Wanted:
    """A Document beside the IdP that it is for, which need not be saved yet.

    `draft`: the IdP is to stay one, or to become one. `shown` are the changes as they
    were when somebody was told of them.
    """

    def __init__(
        self,
        document: Document,
        idp: IdentityProvider,
        *,
        draft: bool = False,
        asked: Asked | None = None,
    ) -> None:
        self.document, self.idp, self.draft = document, idp, draft
        self.shown: list[Change] = []
        self.new = idp._state.adding
        self.forms = IdpForms(idp, {**_stored(idp), **document.fields})
        self.asked = asked or Asked(self.forms)
        self.before = MappingForm(idp, idp.connector_class.source_fields())
        self.mapping = MappingForm(
            idp, idp.connector_class.source_fields(), _mapping_data(document)
        )
        self.sent = _scope_data(document, idp)
        form = DraftScopeForm if draft else ScopeForm
        self.scope = form(self.sent, idp=idp, lookup=self.asked)

    def again(self, idp: IdentityProvider) -> "Wanted":
        """The same beside a newer state of the IdP, without asking the vendor again."""
        return Wanted(self.document, idp, draft=self.draft, asked=self.asked)

    # --- verdicts ---

    @property
    def confirms(self) -> bool:
        """Whether a draft becomes an IdP."""
        return self.idp.is_draft and not self.draft

    @property
    def closes(self) -> bool:
        """Whether people lose their access by it."""
        return not self.idp.is_draft and self.forms.closes()

    @property
    def opens(self) -> bool:
        """Whether a closed IdP works again by it."""
        return not self.idp.is_draft and self.forms.opens()

    @property
    def needs_test(self) -> bool:
        """Whether the connectivity test has to vouch for the values first."""
        return not self.draft and (self.confirms or self.forms.changes_tested())

    @property
    def resettled(self) -> bool:
        """Whether something changes that the wizard's third step sets."""
        return any(True for _ in self._settings())

    def problems(self) -> list[str]:
        """Everything the forms object to, as "key: text"."""
        places = shape.places(self.idp.connector_class)
        found = [
            f"{places[name]}: {text}"
            for form in self.forms.both
            for name, texts in form.errors.items()
            for text in texts
        ]
        found += [f"{shape.MAPPING}: {text}" for text in self.mapping.unknown]
        found += [
            f"{shape.MAPPING}.{_key(entry.target)}: {entry.error}"
            for entry in self.mapping.entries
            if entry.error
        ]
        # The vendor is asked for departments only with credentials that may be right.
        if not found and self._judges_scope():
            found = [
                f"{places[name]}: {text}"
                for name, texts in self.scope.errors.items()
                for text in texts
            ]
        return found + list(self._contradiction())

    def changes(self) -> list[Change]:
        """What would change, in the order of the file; and which secrets would not."""
        return [*self._basics(), *self._settings()]

    def put_into(self, idp: IdentityProvider) -> None:
        """Set scope and mapping, as the third step does; the caller saves."""
        if self._judges_scope():
            idp.scope = self.scope.cleaned_data["scope"]
            idp.departments = self.scope.cleaned_data["departments"]
            idp.department_labels = self.scope.labels
        idp.mapping = self.mapping.rows()

    # --- parts ---

    def _judges_scope(self) -> bool:
        """A scope that stays as it was need not be judged anew, but for Confirm."""
        same = self._given_scope() == (self.idp.scope, set(self.idp.departments))
        return self.confirms or self.new or not same

    def _given_scope(self) -> tuple[str | list[object], set[str]]:
        return self.sent["scope"], set(self.sent.getlist("departments"))

    def _contradiction(self) -> Iterator[str]:
        """The form passes over departments that do not count; a file shall not lie."""
        scope, _departments = self._given_scope()
        if self.document.departments and scope != PARTIAL:
            place = f"{shape.SYNCHRONIZATION}.departments"
            yield f'{place}: they count only beside scope = "{PARTIAL}". Write that, or leave them out.'

    def _basics(self) -> Iterator[Change]:
        places = shape.places(self.idp.connector_class)
        values, changed = self.forms.values(), self.forms.changes()
        for name, place in places.items():
            if name in self.document.variables:
                source = self.document.variables[name]
                stored = not self.new and self.idp.has_secret(name)
                yield secret(place, source, stored=stored, changed=name in changed)
            elif name in changed and not self.new:
                yield from different(place, *changed[name])
            elif name in values and self.new:
                yield Change("+", place, values[name])

    def _settings(self) -> Iterator[Change]:
        table = shape.SYNCHRONIZATION
        if self._judges_scope():
            wanted = self.scope.cleaned_data
            before = None if self.new else self.idp.scope
            yield from different(f"{table}.scope", before, wanted["scope"])
            yield from gained_and_lost(
                f"{table}.departments",
                self.idp.departments,
                wanted["departments"],
                self._name_of,
            )
        yield from self._rows()

    def _name_of(self, department: str) -> str:
        labels = self.idp.department_labels | self.scope.labels
        return str(labels.get(department, {}).get("name", ""))

    def _rows(self) -> Iterator[Change]:
        before = {} if self.new else _by_target(self.before)
        after = _by_target(self.mapping)
        for target in dict.fromkeys((*after, *before)):
            place = f"{shape.MAPPING}.{_key(target)}"
            yield from different(place, before.get(target), after.get(target))


def _key(target: str) -> str:
    """A target as the file writes it."""
    name = target.removeprefix(ATTRIBUTE)
    return target if name == target else f"{shape.ATTRIBUTES}.{written(name)}"


def _by_target(form: MappingForm) -> dict[str, Any]:
    """Sources by target: one as a text, several as a list."""
    return {
        row["target"]: row["sources"][0] if len(row["sources"]) == 1 else row["sources"]
        for row in form.rows()
    }


def _stored(idp: IdentityProvider) -> dict[str, Any]:
    """What the first step's form would send if nobody touched it."""
    forms = IdpForms(idp)
    return {
        name: form.get_initial_for_field(form.fields[name], name)
        for form in forms.both
        for name in form.fields
        if name not in idp.connector_class.secret_settings
    }


def _scope_data(document: Document, idp: IdentityProvider) -> QueryDict:
    """What the third step would send: as the file says, else as it is."""
    data = QueryDict(mutable=True)
    scope = document.scope if document.scope is not None else idp.scope
    chosen = document.departments
    if chosen is None and scope == PARTIAL:
        chosen = tuple(idp.departments)
    data["scope"] = scope
    data.setlist("departments", list(chosen or ()))
    return data


def _mapping_data(document: Document) -> QueryDict | None:
    if document.mapping is None:
        return None
    data = QueryDict(mutable=True)
    for known in CATALOGUE:
        data.setlist(PREFIX + known.key, list(document.mapping.get(known.key, ())))
    for name, source in document.attributes.items():
        data.appendlist("custom_name", name)
        data.appendlist("custom_source", source)
    return data
