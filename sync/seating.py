"""Memberships that are about to be written: whose rows they are of, and which are left
to do."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from identity.connectors.records import MembershipRecord
from identity.models import IdentityProvider
from sync import plan
from sync.models import Department, Employee, Membership

Pairs = Mapping[str, tuple[int, int]]
"""The rows' ids of each change's person and department, where both are here."""


def pairs_of(idp: IdentityProvider, chunk: Iterable[plan.Change]) -> Pairs:
    """The rows that these changes are about; two queries."""
    keys = {change.key: change.key.rpartition("/") for change in chunk}
    departments = dict(
        Department.objects.filter(
            idp=idp, source_id__in={place for _, _, place in keys.values()}
        ).values_list("source_id", "pk")
    )
    people = dict(
        Employee.objects.filter(
            idp=idp,
            status=Employee.Status.ACTIVE,
            userid__in={userid for userid, _, _ in keys.values()},
        ).values_list("userid", "pk")
    )
    return {
        key: (people[userid], departments[department])
        for key, (userid, _, department) in keys.items()
        if userid in people and department in departments
    }


def left_to_do(planned: Iterable[plan.Change], pairs: Pairs) -> Iterator[plan.Change]:
    """Those of these changes that a run beside this one has neither made already nor
    overtaken with a later read: the history says what was really done. One query."""
    people = {employee for employee, _ in pairs.values()}
    rows = Membership.objects.filter(employee__in=people)
    now = {(row.employee_id, row.department_id): row for row in rows}
    for change in planned:
        if (pair := pairs.get(change.key)) is None:
            continue
        row = now.get(pair)
        if change.kind is plan.Kind.CREATE:
            if row is None:
                yield change
        elif row is not None and row.read_number <= _latest(change):
            before = change.before
            if isinstance(before, MembershipRecord):
                before = replace(before, order=row.order, leader=row.leader)
            yield replace(change, before=before)


def _latest(change: plan.Change) -> int:
    """The newest read that may have written the row that this change overwrites."""
    record, older = change.after, 1
    if record is None:
        record, older = change.before, 0
    if not isinstance(record, MembershipRecord):
        raise TypeError("a change of a membership carries a membership's record")
    return record.read - older
