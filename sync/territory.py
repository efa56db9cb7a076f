"""Which departments belong to an IdP's directory, as far as is known. Pure but for its
first look at the rows."""

from collections.abc import Iterable, Iterator, Mapping

from identity.connectors.records import ROOT, DepartmentRecord, Fault, FaultKind
from identity.models import IdentityProvider
from sync.directory import departments_of
from sync.models import Employee, Membership


class Territory:
    """The departments of the directory, and where its border runs."""

    def __init__(self, idp: IdentityProvider) -> None:
        self._idp = idp
        self.known = {record.id: record for record in departments_of(idp)}
        partial = idp.scope == IdentityProvider.ScopeChoice.PARTIAL
        self.chosen = frozenset(map(str, idp.departments)) if partial else None
        self.bounded = partial or ROOT not in self.known
        """Whether departments can come in that were in the company before."""

    def inside(self, id: str, read: Mapping[str, DepartmentRecord]) -> bool:
        """Whether a department is part of the directory once `read` is written."""
        if self.chosen is None:
            return id in read or id in self.known
        return any(each in self.chosen for each in self._way_up(id, read))

    def crosses(self, id: str, read: Mapping[str, DepartmentRecord]) -> bool:
        """Whether a department of the directory was moved out of it."""
        return id in self.known and id in read and not self.inside(id, read)

    def parents(self, ids: Iterable[str]) -> frozenset[str]:
        """Where these departments hang now, whose lists tell their places."""
        rows = (self.known.get(id) for id in ids)
        return frozenset(row.parent_id for row in rows if row and row.parent_id)

    def children(self, ids: Iterable[str]) -> set[str]:
        """Departments that hang right below these ones now."""
        above = set(ids)
        return {d.id for d in self.known.values() if above and d.parent_id in above}

    def members(self, ids: Iterable[str]) -> set[str]:
        """userids of those who are in these departments now."""
        wanted = list(ids)
        if not wanted:
            return set()
        rows = Membership.objects.filter(
            department__idp=self._idp, department__source_id__in=wanted
        )
        return set(rows.values_list("employee__userid", flat=True))

    def places(
        self, departments: Iterable[str], userids: Iterable[str]
    ) -> dict[str, set[str]]:
        """The departments of these active people, and of those who are in these."""
        members = self.members(departments) | set(userids)
        rows = Membership.objects.filter(
            employee__idp=self._idp,
            employee__userid__in=members,
            employee__status=Employee.Status.ACTIVE,
        )
        found: dict[str, set[str]] = {}
        for userid, place in rows.values_list(
            "employee__userid", "department__source_id"
        ):
            found.setdefault(userid, set()).add(place)
        return found

    def people(self, userids: Iterable[str]) -> set[str]:
        """Of these people those who have a row, of whatever status."""
        rows = Employee.objects.filter(idp=self._idp, userid__in=list(userids))
        return set(rows.values_list("userid", flat=True))

    def active(self, userids: Iterable[str]) -> list[str]:
        """Of these people those who are active, by userid."""
        rows = Employee.objects.filter(
            idp=self._idp, userid__in=list(userids), status=Employee.Status.ACTIVE
        )
        return sorted(rows.values_list("userid", flat=True))

    def strangers(self, faults: Iterable[Fault]) -> set[str]:
        """Whom or what the app may not read, and the directory does not have either: a
        vendor's notices name them all the same."""
        hidden = {f.where for f in faults if f.kind is FaultKind.OUT_OF_SCOPE}
        return hidden.difference(self.active(hidden), self.known)

    def _way_up(self, id: str, read: Mapping[str, DepartmentRecord]) -> Iterator[str]:
        """A department and those above it, as far as they are known."""
        seen: set[str] = set()
        at: str | None = id
        while at and at not in seen:
            seen.add(at)
            record = read.get(at) or self.known.get(at)
            yield at
            at = record.parent_id if record else None
