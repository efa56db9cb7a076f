"""A few people, read just now: what the mapping page shows beside its rows."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from identity.connectors.base import Connector
from identity.connectors.errors import ConnectorError
from identity.connectors.records import EmployeeRecord, FieldType, SourceField, Standing
from identity.mapping import DETAIL

NUMBERS = frozenset({"mobile", "telephone"})
"""Directory fields that hold numbers of people: shown with their middle hidden."""
ASKED_ONE_BY_ONE = 10
"""People who are asked for alone, so that fields that cost a call have a sample too."""
HAS, LACKS, UNREAD = "1", "0", "?"


@dataclass(frozen=True, slots=True)
class Share:
    """For how many people of a sample there is a value, of those it was read for."""

    having: int
    of: int

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means everybody."""
        return 100 * self.having // self.of


@dataclass(frozen=True, slots=True)
class Sample:
    """A few people, read just now.

    `values` has one value of each source key, of the fullest record that has one.
    `marks` has for each key a letter a person: HAS, LACKS, or UNREAD where the record
    could not carry it. `types` says what custom fields look like.
    """

    size: int
    values: Mapping[str, str]
    marks: Mapping[str, str]
    types: Mapping[str, FieldType]

    def share(self, *keys: str) -> Share | None:
        """How many people have a value of any of these; None where nobody was read."""
        columns = [self.marks.get(key, LACKS * self.size) for key in keys if key]
        people = [set(marks) for marks in zip(*columns, strict=True)]
        having = sum(HAS in marks for marks in people)
        of = having + sum(marks == {LACKS} for marks in people)
        return Share(having, of) if of else None


def sample_of(connector: Connector, sources: Sequence[SourceField]) -> Sample:
    """Read a few people. Raises ConnectorError."""
    details = any(source.detail for source in sources)
    people = people_of(connector, details=details)
    hidden = {s.key for s in sources if s.default_target in NUMBERS}
    gates = {s.key: DETAIL if s.detail else "" for s in sources}
    seen = {key for one in people for key in one.values}
    return Sample(
        size=len(people),
        values=dict(_examples(people, hidden)),
        marks={
            key: "".join(_mark(one, key, gates.get(key, "")) for one in people)
            for key in seen | gates.keys()
        },
        types={key: _type_of(people, key) for key in sorted(seen) if "." in key},
    )


def people_of(
    connector: Connector, *, details: bool, size: int = 100
) -> list[EmployeeRecord]:
    """A few people, read now; the first of them alone if `details` are wanted.

    Raises ConnectorError.
    """
    people = [one for batch in connector.sample(size) for one in batch.employees]
    return list(_with_details(connector, people)) if details else people


def masked(number: str) -> str:
    """A number with its middle hidden, e.g. 139****1111."""
    if len(number) < 7:
        return "*" * len(number)
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"


def _with_details(
    connector: Connector, people: Sequence[EmployeeRecord]
) -> Iterator[EmployeeRecord]:
    """The people, the first of them as they are when asked for alone.

    That is a nicety: the first error ends the asking.
    """
    asking = True
    for number, one in enumerate(people):
        asking = asking and number < ASKED_ONE_BY_ONE
        record = one
        if asking:
            try:
                found = connector.lookup(one.userid)
            except ConnectorError:
                asking = False
            else:
                asking = found.standing is not Standing.UNREADABLE
                record = found.employee or one
        yield record


def _examples(
    people: Sequence[EmployeeRecord], hidden: Collection[str]
) -> Iterator[tuple[str, str]]:
    """A value of each key; the record with the most values is the last word."""
    for one in sorted(people, key=lambda one: len(one.values)):
        for key, value in one.values.items():
            if value:
                yield key, masked(value) if key in hidden else value


def _mark(person: EmployeeRecord, key: str, gate: str) -> str:
    if person.values.get(key):
        return HAS
    return UNREAD if gate == DETAIL and DETAIL not in person.known else LACKS


# --- what a custom field looks like; the vendor does not say ---

_FLAGS = frozenset({"true", "false", "yes", "no", "是", "否"})
_LOOKS: tuple[tuple[FieldType, Callable[[str], object]], ...] = (
    (FieldType.YES_NO, lambda text: text.casefold() in _FLAGS),
    (FieldType.DATE, re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?([ T].*)?", re.A).fullmatch),
    (FieldType.NUMBER, re.compile(r"-?\d{1,15}(\.\d+)?", re.A).fullmatch),
    (FieldType.EMAIL, re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+").fullmatch),
    (FieldType.LIST, re.compile(r"\[.*\]", re.S).fullmatch),
    (FieldType.GROUP, re.compile(r"\{.*\}", re.S).fullmatch),
)


def _type_of(people: Sequence[EmployeeRecord], key: str) -> FieldType:
    """The first type that every value of the sample looks like, else text."""
    found = [value for one in people if (value := one.values.get(key))]
    fits = (kind for kind, fit in _LOOKS if found and all(map(fit, found)))
    return next(fits, FieldType.TEXT)
