"""What the wizard asks the vendor while a page is open: departments, and a sample."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from identity.connectors.base import Connector
from identity.connectors.records import (
    DepartmentRecord,
    EmployeeRecord,
    Scope,
    SourceField,
)

DEEPEST = 50
NUMBERS = frozenset({"mobile", "telephone"})
"""Directory fields that hold numbers of people: shown with their middle hidden."""


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of the vendor that the sample carries."""

    key: str
    label: str
    sample: str
    filled: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A few people, read just now.

    `person` holds the values of one of them by source key; `filled` says for how many
    per cent of the sample a key has a value.
    """

    size: int
    person: Mapping[str, str]
    filled: Mapping[str, int]
    custom: tuple[CustomField, ...]


def lineages(
    connector: Connector, ids: Collection[str]
) -> dict[str, tuple[DepartmentRecord, ...]]:
    """Each department that exists, with those above it, the top first.

    Unknown ids are left out. Raises ConnectorError.
    """
    known: dict[str, DepartmentRecord] = {}
    wanted = set(ids)
    for _level in range(DEEPEST):
        found = _read(connector, wanted)
        known |= found
        parents = {one.parent_id for one in found.values() if one.parent_id}
        wanted = parents - known.keys()
        if not wanted:
            break
    return {one: _climb(known, one) for one in ids if one in known}


def sample_of(connector: Connector, sources: Sequence[SourceField]) -> Sample:
    """Read a few people. Raises ConnectorError."""
    people = [one for batch in connector.sample() for one in batch.employees]
    hidden = {s.key for s in sources if s.default_target in NUMBERS}
    fullest = max(people, key=lambda one: len(one.values), default=None)
    filled = _filled(people)
    return Sample(
        size=len(people),
        person=_shown(fullest.values if fullest else {}, hidden),
        filled=filled,
        custom=tuple(
            CustomField(key, key.partition(".")[2], _first(people, key), percent)
            for key, percent in sorted(filled.items())
            if "." in key
        ),
    )


def masked(number: str) -> str:
    """A number with its middle hidden, e.g. 139****1111."""
    if len(number) < 7:
        return "*" * len(number)
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"


def _read(connector: Connector, ids: Collection[str]) -> dict[str, DepartmentRecord]:
    scope = Scope(departments=frozenset(ids), deep=False, people=False)
    return {
        department.id: department
        for batch in connector.snapshot(scope)
        for department in batch.departments
        if department.id in ids
    }


def _climb(
    known: Mapping[str, DepartmentRecord], one: str
) -> tuple[DepartmentRecord, ...]:
    line: list[DepartmentRecord] = []
    here = known.get(one)
    while here and here not in line:
        line.append(here)
        here = known.get(here.parent_id or "")
    return tuple(reversed(line))


def _filled(people: Sequence[EmployeeRecord]) -> dict[str, int]:
    keys = {key for one in people for key in one.values}
    return {
        key: 100 * sum(bool(one.values.get(key)) for one in people) // len(people)
        for key in keys
    }


def _first(people: Iterable[EmployeeRecord], key: str) -> str:
    return next((one.values[key] for one in people if one.values.get(key)), "")


def _shown(values: Mapping[str, str], hidden: Collection[str]) -> dict[str, str]:
    return {
        key: masked(value) if key in hidden else value for key, value in values.items()
    }
