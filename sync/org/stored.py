"""The directory as the wizard asks for it: `identity.signals.StoredDirectory`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_

from django.db.models import Count, Q, QuerySet

from identity.connectors.records import ROOT
from identity.mapping import ATTRIBUTE, FIELDS
from identity.models import IdentityProvider
from identity.signals import Place, Size, Step
from sync.models import Department, Employee, Membership
from sync.org.departments import matching_departments, path_ids, trails, within


class Stored:
    """Departments and active people of one IdP, by the vendor's ids."""

    def __init__(self, idp: IdentityProvider) -> None:
        self._idp = idp
        self._rows = Department.objects.filter(idp=idp)

    @classmethod
    def of(cls, idp: IdentityProvider) -> "Stored | None":
        """None if nothing is stored."""
        found = cls(idp)
        return found if found._rows.exists() else None

    @property
    def whole(self) -> bool:
        """The root is stored by a sync of the whole structure, and of it alone."""
        return self._rows.filter(source_id=ROOT).exists()

    def company(self) -> Size:
        """Two counts."""
        active = Employee.objects.filter(idp=self._idp, status=Employee.Status.ACTIVE)
        return Size(self._rows.count(), active.count())

    def size(self, departments: Collection[str]) -> Size:
        """One alone has its stored count; of several each person counts once."""
        paths = dict(self._named(departments).values_list("source_id", "path"))
        missing = tuple(one for one in departments if one not in paths)
        tops = topmost(paths.values())
        if not tops:
            return Size(0, 0, missing)
        inside = self._rows.filter(reduce(or_, map(within, tops)))
        people = (
            self._rows.get(path=tops[0]).total
            if len(tops) == 1
            else Membership.objects.filter(
                department__in=inside, employee__status=Employee.Status.ACTIVE
            )
            .values("employee")
            .distinct()
            .count()
        )
        return Size(inside.count(), people, missing)

    def places(self, departments: Collection[str]) -> Mapping[str, Place]:
        """Two queries."""
        return self._placed(self._named(departments))

    def search(self, text: str, most: int) -> Sequence[Place]:
        """The same search as the org tree's."""
        return tuple(self._placed(matching_departments(self._idp, text, most)).values())

    def filled(self, targets: Collection[str]) -> Mapping[str, int]:
        """One query."""
        if not targets:
            return {}
        people = Employee.objects.filter(idp=self._idp, status=Employee.Status.ACTIVE)
        counts = {
            f"n{number}": Count("pk", filter=_has(target))
            for number, target in enumerate(targets)
        }
        found = people.aggregate(**counts)
        return {target: found[f"n{n}"] for n, target in enumerate(targets)}

    def _named(self, departments: Collection[str]) -> QuerySet[Department]:
        """Those that exist; what somebody sent may be no id that a database takes."""
        ids = [one for one in departments if "\0" not in one]
        return self._rows.filter(source_id__in=ids)

    def _placed(self, found: Iterable[Department]) -> dict[str, Place]:
        rows = list(found)
        names = trails(self._idp, rows)
        return {
            row.source_id: Place(
                row.source_id,
                row.name,
                tuple(
                    Step(key, names[key].name)
                    for key in path_ids(row.path)[:-1]
                    if key in names
                ),
                row.total,
            )
            for row in rows
        }


def _has(target: str) -> Q:
    """People with a value of a directory field, or of a custom attribute."""
    if target in FIELDS:
        return ~Q(**{target: ""})
    return Q(attributes__has_key=target.removeprefix(ATTRIBUTE))


def topmost(paths: Iterable[str]) -> list[str]:
    """Without those that lie below another: what is below sorts right behind it."""
    tops: list[str] = []
    for path in sorted(paths):
        if not tops or not path.startswith(tops[-1]):
            tops.append(path)
    return tops
