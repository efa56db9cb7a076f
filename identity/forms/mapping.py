"""Field Synchronization Mapping as the page shows and sends it.

A row of the catalogue is sent as `source.<target>`, once or twice: the second source
is taken where the first is blank. Custom rows are sent as pairs `custom_name` and
`custom_source`.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from identity.connectors.records import SourceField
from identity.inputs import UNDECODABLE
from identity.mapping import ATTRIBUTE, CATALOGUE, FIELDS, default_rows
from identity.models import IdentityProvider

PREFIX = "source."
MOST_SOURCES = 2
MOST_CUSTOM = 50
KEPT = 2 * MOST_CUSTOM
"""So many custom rows of a refused page are shown again; each offers every source."""
CUSTOM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}", re.ASCII)
PROTECTED = frozenset(
    [
        "id",
        "sub",
        "userid",
        "unionid",
        "is_active",
        "is_staff",
        "is_superuser",
        "password",
        "tenant",
        "role",
    ]
)
"""Names that downstream systems take for something else than a custom attribute."""


@dataclass(slots=True)
class Entry:
    """One row of the table.

    `name` is what a custom attribute is called, `number` its place among those.
    """

    target: str
    label: str
    sources: list[str] = field(default_factory=list)
    required: bool = False
    custom: bool = False
    name: str = ""
    error: str = ""
    number: int = 0

    @property
    def field_id(self) -> str:
        """The id of the row's input; typed names may be equal, or no ids at all."""
        return (
            f"id_custom_{self.number}" if self.custom else f"id_{PREFIX}{self.target}"
        )


class MappingForm:
    """The rows, from an IdP or from what was sent; valid if no row has an error."""

    def __init__(
        self,
        idp: IdentityProvider,
        sources: Sequence[SourceField],
        data: QueryDict | None = None,
    ) -> None:
        self.sources = {source.key: source for source in sources}
        # A script that sends no row at all leaves the mapping as it is.
        self.sent = data if data is not None and _has_rows(data) else None
        self.unknown: list[str] = []
        if self.sent is None:
            self.entries = _stored_entries(idp, sources)
        else:
            self.entries = [*_catalogue_entries(self.sent), *_custom_entries(self.sent)]
            self._check(self.sent)

    def is_valid(self) -> bool:
        """Whether `rows` may be saved."""
        return not self.errors()

    def errors(self) -> list[tuple[str, str, str]]:
        """Each error as (id of the input, label of the row, text)."""
        found = [("mapping", "", text) for text in self.unknown]
        return found + [
            (entry.field_id, entry.label or _("Custom field"), entry.error)
            for entry in self.entries
            if entry.error
        ]

    def rows(self) -> list[dict[str, Any]]:
        """The mapping as an IdP keeps it."""
        return [
            {"target": entry.target, "sources": entry.sources}
            for entry in self.entries
            if entry.sources
        ]

    def details(self) -> list[str]:
        """Labels of the chosen fields that cost a call per person, each once."""
        chinese = (get_language() or "").startswith("zh")
        keys = dict.fromkeys(key for entry in self.entries for key in entry.sources)
        chosen = [self.sources[key] for key in keys if key in self.sources]
        return [one.label_zh if chinese else one.label for one in chosen if one.detail]

    def add(self, key: str) -> str:
        """Feed a directory field by the source `key`; returns what the row is called.

        That is the field it is meant for, if nothing feeds that, else a new custom one.
        """
        source = self.sources.get(key)
        wished = source.default_target or key if source else ""
        for entry in self.entries:
            if entry.target == wished and not entry.sources:
                entry.sources, entry.error = [key], ""
                return entry.label
        name = attribute_name(key, [entry.name for entry in self.entries])
        number = max(entry.number for entry in self.entries) + 1
        self.entries.append(_custom_entry(number, name, key))
        return name

    def remove(self, number: str) -> None:
        """Take a custom row away."""
        self.entries = [
            entry
            for entry in self.entries
            if not entry.custom or str(entry.number) != number
        ]

    def _check(self, data: QueryDict) -> None:
        targets = (n.removeprefix(PREFIX) for n in data if n.startswith(PREFIX))
        for target in [name for name in targets if name not in FIELDS][:5]:
            self.unknown.append(
                _(
                    "%(name)s is not a field of the directory. Reload the page and "
                    "choose again."
                )
                % {"name": target[:40]}
            )
        if sum(entry.custom for entry in self.entries) > MOST_CUSTOM:
            self.unknown.append(
                _("At most %(most)s custom fields can be mapped. Remove some.")
                % {"most": MOST_CUSTOM}
            )
        taken: set[str] = set()
        for entry in self.entries:
            entry.error = self._wrong_sources(entry) or _wrong_name(entry, taken)
            taken.add(entry.name.casefold())

    def _wrong_sources(self, entry: Entry) -> str:
        if entry.required and not entry.sources:
            return _("This field is required. Choose where it comes from.")
        if entry.custom and not entry.sources:
            return _("No field is chosen. Choose one, or remove this row.")
        if len(entry.sources) > MOST_SOURCES:
            return _("At most two fields can feed one. Choose fewer.")
        if unknown := [key for key in entry.sources if not self.offers(key)]:
            return _("%(key)s is not a field of this source. Choose another.") % {
                "key": unknown[0][:40]
            }
        return ""

    def offers(self, key: str) -> bool:
        """Whether a source key may be mapped; custom ones are open, e.g. group.key."""
        group, dot, rest = key.partition(".")
        if not dot:
            return key in self.sources
        readable = rest.isprintable() and UNDECODABLE not in rest
        return group in self.sources and 0 < len(rest) <= 64 and readable


def attribute_name(key: str, taken: Sequence[str]) -> str:
    """A free name for a custom attribute, from the source key where that can be."""
    wish = key.rpartition(".")[2]
    if not CUSTOM_NAME.fullmatch(wish) or wish.casefold() in PROTECTED:
        wish = "field"
    used = {name.casefold() for name in taken}
    if wish != "field" and wish.casefold() not in used:
        return wish
    return next(
        name
        for number in range(1, len(used) + 2)
        if (name := f"{wish[:28]}{number}").casefold() not in used
    )


def _wrong_name(entry: Entry, taken: set[str]) -> str:
    if not entry.custom:
        return ""
    if not CUSTOM_NAME.fullmatch(entry.name):
        return _(
            "The name of a custom field starts with a letter and has at most 32 "
            "letters, digits and underscores (A-Z, a-z, 0-9, _). Change it."
        )
    if entry.name.casefold() in PROTECTED:
        return _("%(name)s is reserved. Choose another name.") % {"name": entry.name}
    if entry.name.casefold() in taken:
        return _("This name is used twice. Choose another one.")
    return ""


def _has_rows(data: QueryDict) -> bool:
    return any(key.startswith((PREFIX, "custom_")) for key in data)


def _chosen(values: Sequence[str]) -> list[str]:
    """The sources of a row; one too many is enough to see that there are too many."""
    return list(dict.fromkeys(value for value in values if value))[: MOST_SOURCES + 1]


def _catalogue_entries(data: QueryDict) -> Iterator[Entry]:
    for known in CATALOGUE:
        chosen = _chosen(data.getlist(PREFIX + known.key))
        yield Entry(known.key, str(known.label), chosen, known.required)


def _custom_entries(data: QueryDict) -> Iterator[Entry]:
    names, keys = data.getlist("custom_name"), data.getlist("custom_source")
    pairs = itertools.zip_longest(names, keys, fillvalue="")
    for number, (name, key) in enumerate(itertools.islice(pairs, KEPT), 1):
        yield _custom_entry(number, name.strip(" "), key)


def _custom_entry(number: int, name: str, key: str) -> Entry:
    return Entry(
        ATTRIBUTE + name,
        name,
        _chosen([key]),
        custom=True,
        name=name,
        number=number,
    )


def _stored_entries(
    idp: IdentityProvider, sources: Sequence[SourceField]
) -> list[Entry]:
    stored = {row["target"]: list(row["sources"]) for row in idp.mapping} or {
        row.target: list(row.sources) for row in default_rows(sources)
    }
    known = [
        Entry(f.key, str(f.label), stored.get(f.key, []), f.required) for f in CATALOGUE
    ]
    own = [target for target in stored if target.startswith(ATTRIBUTE)]
    custom = [
        Entry(target, name, stored[target], custom=True, name=name, number=number)
        for number, target in enumerate(own, 1)
        if (name := target.removeprefix(ATTRIBUTE))
    ]
    return known + custom
