"""What a read could not see at all: its absence from the read says nothing."""

from collections.abc import Iterator

from identity.mapping import ATTRIBUTE, DETAIL, FIELDS, FieldMapping
from identity.models import IdentityProvider
from sync.models import Department, Employee
from sync.reading import Reading
from sync.staging import Stage


def departments(idp: IdentityProvider, reading: Reading, absent: set[str]) -> set[str]:
    """Departments that the app's own range hides."""
    if not reading.scope.whole or reading.from_the_top:
        return set()
    paths = Department.objects.filter(idp=idp, source_id__in=absent)
    tops = reading.departments.keys()
    return {
        id
        for id, path in paths.values_list("source_id", "path")
        if tops.isdisjoint(path.strip("/").split("/"))
    }


def targets(
    idp: IdentityProvider, mapping: FieldMapping, reading: Reading, stage: Stage
) -> Iterator[str]:
    """Gated fields that came for nobody although people read here have values."""
    for target, gate in mapping.gates.items():
        if gate in ("", DETAIL) or target in reading.seen_targets:
            continue
        people = Employee.objects.filter(idp=idp, status=Employee.Status.ACTIVE)
        if target in FIELDS:
            people = people.exclude(**{target: ""})
        else:
            name = target.removeprefix(ATTRIBUTE)
            people = people.filter(attributes__has_key=name)
        some = people.values_list("userid", flat=True)[:500]
        if stage.staged(some):
            yield target
