"""The catalogue of directory fields, and a field mapping applied to a record: pure.

A mapping is a list of rows `{"target": ..., "sources": [...]}`: the first source that
has a value feeds the target. An IdP without rows uses its connector's defaults.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from identity.connectors.records import EmployeeRecord, SourceField

ATTRIBUTE = "attributes."
"""Prefix of targets that are custom attributes."""
LONGEST_ATTRIBUTE = 2000
DETAIL = "detail"
"""The gate of fields that cost a call per person."""


@dataclass(frozen=True, slots=True)
class DirectoryField:
    """A field of an employee in the directory. `limit` is in characters."""

    key: str
    label: Any
    required: bool = False
    limit: int = 200


CATALOGUE: tuple[DirectoryField, ...] = (
    DirectoryField("name", _("Name"), required=True),
    DirectoryField("mobile", _("Mobile"), limit=64),
    DirectoryField("email", _("E-mail"), limit=320),
    DirectoryField("title", _("Title")),
    DirectoryField("job_number", _("Job number"), limit=64),
    DirectoryField("telephone", _("Telephone"), limit=64),
    DirectoryField("work_place", _("Work place")),
    DirectoryField("remark", _("Remark"), limit=2000),
    DirectoryField("hired_date", _("Hired on"), limit=32),
    DirectoryField("manager_userid", _("Manager"), limit=64),
)
FIELDS: Mapping[str, DirectoryField] = {field.key: field for field in CATALOGUE}


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One target and the sources that are tried in order."""

    target: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """A checked mapping, ready to be applied."""

    rows: tuple[MappingRow, ...]
    gates: Mapping[str, str]
    """The gate of each target: that of its first source, DETAIL for detail fields."""

    @property
    def details(self) -> bool:
        """Whether a mapped field costs a call per person."""
        return DETAIL in self.gates.values()

    def apply(self, record: EmployeeRecord) -> EmployeeRecord:
        """The record with directory field names; blank and unknown targets are absent."""
        values: dict[str, str] = {}
        for row in self.rows:
            for source in row.sources:
                if value := record.values.get(source):
                    values[row.target] = _clip(row.target, value)
                    break
        # A person is never nameless, whatever the vendor's record lacks.
        values.setdefault("name", record.userid)
        return replace(record, values=values)


class MappingError(ValueError):
    """A mapping that cannot be used; the text is for the administrator."""


def default_rows(sources: Iterable[SourceField]) -> tuple[MappingRow, ...]:
    """The mapping of a connector's own defaults, in the order of the catalogue."""
    feeding: dict[str, list[str]] = {}
    for source in sources:
        if source.default_target:
            feeding.setdefault(source.default_target, []).append(source.key)
    return tuple(
        MappingRow(field.key, tuple(feeding[field.key]))
        for field in CATALOGUE
        if field.key in feeding
    )


def build(
    stored: Sequence[Mapping[str, Any]], sources: Sequence[SourceField]
) -> FieldMapping:
    """The mapping of an IdP from its stored rows, or the defaults if there are none.

    Raises MappingError for an unknown target, a target twice, or a required target
    without a source. Sources need not be in `sources`: custom fields are open.
    """
    rows = (
        tuple(MappingRow(row["target"], tuple(row["sources"])) for row in stored)
        if stored
        else default_rows(sources)
    )
    _check(rows)
    by_key = {source.key: source for source in sources}
    gates = {row.target: _gate(by_key, row.sources) for row in rows}
    return FieldMapping(rows, gates)


def _gate(by_key: Mapping[str, SourceField], sources: Sequence[str]) -> str:
    source = by_key.get(sources[0]) or by_key.get(sources[0].partition(".")[0])
    if source is None:
        return ""
    return DETAIL if source.detail else source.gate


def _check(rows: Sequence[MappingRow]) -> None:
    targets = [row.target for row in rows]
    for target in targets:
        if target not in FIELDS and not is_attribute(target):
            raise MappingError(f"{target!r} is not a field of the directory")
    if len(set(targets)) != len(targets):
        raise MappingError("a field of the directory is mapped twice")
    fed = {row.target for row in rows if row.sources}
    missing = [f.key for f in CATALOGUE if f.required and f.key not in fed]
    if missing:
        raise MappingError(f"{', '.join(missing)} must be mapped")


def is_attribute(target: str) -> bool:
    """Whether a target is a well-formed custom attribute, e.g. attributes.CostCentre."""
    name = target.removeprefix(ATTRIBUTE)
    return target.startswith(ATTRIBUTE) and 0 < len(name) <= 50


def limit_of(target: str) -> int:
    """How many characters of a value a target keeps."""
    field = FIELDS.get(target)
    return field.limit if field else LONGEST_ATTRIBUTE


def _clip(target: str, value: str) -> str:
    return value[: limit_of(target)]
