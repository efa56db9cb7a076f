"""Access that a notice cuts, and the reads that give it back (design 2.9).

A cut is a row beside an active person; `accounts` asks for it at every request. It goes
away when the person is marked as left, or is found:

- by a read after a newer notice that they joined, or
- by two reads at least `APART` from each other, the first no sooner than `SETTLED`
  after the notice, because a vendor's reads lag its notices.

A read counts by its number, and by when it began; one that began before is no proof.
Moments are the database's, so that the clocks of several machines do not matter.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from identity import sessions
from identity.models import IdentityProvider, LogonSession
from sync.models import AccessCut, Employee, InboxEvent

SETTLED = timedelta(seconds=2)
APART = timedelta(seconds=30)
LEFT = "left_company"
"""Why a session ended, in its row."""


def cut(event: InboxEvent) -> int:
    """End the access of the active people that a leave notice names, in the caller's
    transaction; how many that were."""
    return _cut(event.idp_id, event.userids, event.number, event.born_at)


def cut_held(idp: IdentityProvider, gone: Iterable[str], number: int) -> int:
    """Likewise of people whom a read did not find, but whom the guard keeps (T-06)."""
    known = AccessCut.objects.filter(employee__idp=idp).values("employee__userid")
    fresh = set(gone).difference(row["employee__userid"] for row in known)
    return _cut(idp.pk, fresh, number, None)


def _cut(
    idp_id: UUID, userids: Iterable[str], number: int, born_at: datetime | None
) -> int:
    people = Employee.objects.filter(
        idp_id=idp_id, userid__in=list(userids), status=Employee.Status.ACTIVE
    )
    # In one order: two notices about the same people must not wait for each other.
    before = dict(people.order_by("pk").values_list("pk", "cut__born_at"))
    AccessCut.objects.bulk_create(
        (
            AccessCut(
                employee_id=pk,
                at=Now(),
                number=number,
                born_at=_later(born_at, cut_at),
            )
            for pk, cut_at in before.items()
        ),
        update_conflicts=True,
        unique_fields=["employee"],
        update_fields=["at", "number", "born_at", "rejoined", "found_at"],
    )
    _hold_people()
    end_sessions(idp_id, before)
    return len(before)


def _hold_people() -> None:
    """Let a logon of these people wait that has not opened its session yet, or wait
    for one that has: what it opened is to be seen, and ended, here (T-15).

    PostgreSQL looks only at the end whether a new cut's person is there, and locks them
    only then; SQLite lets one writer in at a time.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Notices come in any order: a newer one is not made older by one that was late."""
    return max((at for at in (one, other) if at), default=None)


def end_sessions(idp_id: UUID, employees: Iterable[int]) -> int:
    """End the open sessions of these people; how many that were."""
    mine = LogonSession.objects.filter(
        idp_id=idp_id, account__employee__in=list(employees)
    )
    return sessions.end(mine, LEFT)


def settle(employee: Employee) -> None:
    """What a read says of somebody who is not active any more is final: the sessions
    end, and nothing is left to be confirmed. In the caller's transaction."""
    AccessCut.objects.filter(employee=employee).delete()
    end_sessions(employee.idp_id, [employee.pk])


def rejoin(event: InboxEvent) -> None:
    """Note that a newer notice says that cut people joined: a read may confirm it."""
    theirs = AccessCut.objects.filter(
        employee__idp_id=event.idp_id, employee__userid__in=event.userids
    )
    if event.born_at is None:
        return  # nobody knows whether it is newer
    theirs = theirs.filter(Q(born_at=None) | Q(born_at__lte=event.born_at))
    theirs.update(rejoined=event.number)


def review(
    idp: IdentityProvider, found: Mapping[str, int], began: datetime
) -> tuple[str, ...]:
    """Judge the cuts of people whom a pass found, in the caller's transaction.

    `found` are userids with the number of the read that found them, `began` is when
    the pass began to read, by the database's clock. Returns the userids whose access was given back.
    """
    lifted: list[AccessCut] = []
    seen: list[int] = []
    cuts = AccessCut.objects.select_for_update(of=("self",)).select_related("employee")
    for row in cuts.filter(employee__idp=idp, employee__userid__in=list(found)):
        if _lifts(row, found[row.employee.userid], began):
            lifted.append(row)
        elif row.found_at is None and _counts(row, found[row.employee.userid], began):
            seen.append(row.pk)
    AccessCut.objects.filter(pk__in=seen).update(found_at=Now())
    AccessCut.objects.filter(pk__in=[row.pk for row in lifted]).delete()
    return tuple(row.employee.userid for row in lifted)


def cut_among(idp: IdentityProvider, userids: Iterable[str] | None = None) -> list[str]:
    """Those whose access is cut, of these people or of all."""
    rows = AccessCut.objects.filter(employee__idp=idp)
    if userids is not None:
        rows = rows.filter(employee__userid__in=list(userids))
    return list(rows.values_list("employee__userid", flat=True))


def next_looks(idp: IdentityProvider, userids: Iterable[str]) -> dict[str, datetime]:
    """When the next read of these people could give access back, if it is cut."""
    wanted = set(userids)
    rows = AccessCut.objects.filter(employee__idp=idp).select_related("employee")
    return {
        row.employee.userid: (
            row.at + SETTLED if row.found_at is None else row.found_at + APART
        )
        for row in rows
        if row.employee.userid in wanted
    }


def _lifts(row: AccessCut, number: int, began: datetime) -> bool:
    if row.rejoined is not None and number > row.rejoined:
        return True
    return row.found_at is not None and began >= row.found_at + APART


def _counts(row: AccessCut, number: int, began: datetime) -> bool:
    return number > row.number and began >= row.at + SETTLED
