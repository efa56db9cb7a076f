"""What the wizard asks the vendor while a page is open: departments, and a sample."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from identity.connectors.base import Connector
from identity.connectors.errors import Gone, OutOfScope
from identity.connectors.records import DepartmentRecord, EmployeeRecord, SourceField

DEEPEST = 50
"""Departments above each other; more would be a circle."""
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
    """Each department that may be read, with those above it, the top first.

    Unknown ids are left out. Raises ConnectorError.
    """
    known: dict[str, DepartmentRecord | None] = {}
    found = {one: _climb(connector, known, one) for one in ids}
    return {one: line for one, line in found.items() if line}


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


def _climb(
    connector: Connector, known: dict[str, DepartmentRecord | None], one: str
) -> tuple[DepartmentRecord, ...]:
    """A department and those above it, the top first; asks for each only once."""
    line: list[DepartmentRecord] = []
    here: str | None = one
    while here and len(line) < DEEPEST:
        if here not in known:
            known[here] = _asked(connector, here)
        if not (department := known[here]):
            break
        line.insert(0, department)
        here = department.parent_id
    return tuple(line)


def _asked(connector: Connector, one: str) -> DepartmentRecord | None:
    try:
        return connector.department(one)
    except (Gone, OutOfScope):
        return None


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
