"""One person: departments, manager, and where each value comes from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

from identity import mapping
from identity.connectors.records import SourceField
from identity.models import IdentityProvider
from sync.models import Change, Employee, Membership
from sync.org.departments import Place, Trails, placed, trails
from sync.org.history import (
    Stamp,
    as_text,
    department_of,
    last_changes,
    timeline,
)
from sync.org.unread import Unread, unread_of

MOBILE, MANAGER = "mobile", "manager_userid"
HELD = 100
"""Departments that the page of a person shows."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a person: what it is called, where it comes from, and since when.

    `sources` are the vendor's fields that may feed it, `last` tells which run changed
    it, None if no run says so. `private` values are hidden from staff. `unread`: no run
    can see it any more, so it stays as it is.
    """

    key: str
    label: str
    text: str
    sources: tuple[str, ...]
    last: Stamp | None
    private: bool
    unread: Unread | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """A department of a person, and whether this person leads it (None: unknown)."""

    place: Place
    leader: bool | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A person with all that the directory knows.

    `moments` are changes, newest first; `older` is where the next ones begin, None if
    none follow; `names` has the departments that the changes name.
    """

    employee: Employee
    seats: tuple[Seat, ...]
    manager: Employee | None
    values: tuple[Value, ...]
    moments: list[Change]
    older: int | None
    names: Trails


def profile(employee: Employee, before: int | None = None) -> Profile:
    """Everything about one person, with changes before one of them; six queries."""
    moments, older = timeline(employee, before)
    rows = _memberships(employee)
    names = trails(
        employee.idp, (row.department for row in rows), *map(department_of, moments)
    )
    return Profile(
        employee,
        _seats(rows, names),
        _manager(employee),
        tuple(_values(employee)),
        moments,
        older,
        names,
    )


def seats_of(employee: Employee) -> tuple[Seat, ...]:
    """Where a person is, each with its way from the top; two queries."""
    rows = _memberships(employee)
    return _seats(rows, trails(employee.idp, (row.department for row in rows)))


def private_fields(idp: IdentityProvider) -> frozenset[str]:
    """Directory fields that hold a mobile: by name, or fed by the vendor's mobile."""
    sources = idp.connector_class.source_fields()
    mobiles = {source.key for source in sources if source.default_target == MOBILE}
    fed = {
        row.target for row in _rows(idp, sources) if mobiles.intersection(row.sources)
    }
    return frozenset({MOBILE, *fed, *(t.removeprefix(mapping.ATTRIBUTE) for t in fed)})


def label_of(field: str) -> str:
    """The name of a directory field; custom ones are called by their key."""
    known = mapping.FIELDS.get(field)
    return str(known.label) if known else field.removeprefix(mapping.ATTRIBUTE)


def _memberships(employee: Employee) -> list[Membership]:
    rows = employee.memberships.select_related("department")
    return list(rows.order_by("department__path")[:HELD])


def _seats(rows: Iterable[Membership], names: Trails) -> tuple[Seat, ...]:
    return tuple(Seat(placed(row.department, names), row.leader) for row in rows)


def _manager(employee: Employee) -> Employee | None:
    if not employee.manager_userid:
        return None
    found = Employee.objects.filter(idp=employee.idp, userid=employee.manager_userid)
    return found.exclude(status=Employee.Status.LEFT).first()


def _values(employee: Employee) -> Iterator[Value]:
    idp = employee.idp
    sources = idp.connector_class.source_fields()
    fed = {row.target: row.sources for row in _rows(idp, sources)}
    private = private_fields(idp)
    changed, began = last_changes(employee)
    unread = unread_of(idp)
    for key, text in _texts(employee).items():
        name = key.removeprefix(mapping.ATTRIBUTE)
        if text or key in fed:
            yield Value(
                key,
                label_of(key),
                text,
                tuple(_source_label(source, sources) for source in fed.get(key, ())),
                changed.get(key, changed.get(name, began)),
                private=key in private,
                unread=unread.get(key),
            )


def _texts(employee: Employee) -> dict[str, str]:
    """Values by target, those of the catalogue first."""
    values = {field.key: getattr(employee, field.key) for field in mapping.CATALOGUE}
    custom: Mapping[str, object] = employee.attributes
    return values | {
        f"{mapping.ATTRIBUTE}{name}": as_text(value) for name, value in custom.items()
    }


def _rows(
    idp: IdentityProvider, sources: Sequence[SourceField]
) -> tuple[mapping.MappingRow, ...]:
    """The mapping of the IdP; none if what is stored cannot be used."""
    try:
        return mapping.build(idp.mapping, sources).rows
    except mapping.MappingError:
        return ()


def _source_label(key: str, sources: Sequence[SourceField]) -> str:
    """What the vendor calls a field, in the reader's language."""
    by_key = {source.key: source for source in sources}
    group, _, name = key.partition(".")
    source = by_key.get(key) or by_key.get(group)
    if source is None:
        return key
    chinese = (get_language() or "").startswith("zh")
    label = source.label_zh if chinese else source.label
    return f"{label}: {name}" if name else label
