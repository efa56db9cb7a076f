"""What happened to a person or a department, told from the changes of runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, Q, QuerySet
from django.utils.translation import gettext as _

from identity.models import IdentityProvider
from sync.models import Change, Employee, SyncRun, full_runs

MOMENTS = 20
"""Changes of a person in one answer."""
ENDS = (Change.Kind.LEAVE, Change.Kind.OUT_OF_SCOPE, Change.Kind.REPLACE)
"""Kinds of changes after which a row is not active any more."""
RECENT = 200
"""How far back the last change of a value is looked for."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of a change, before and after; "" where there was none."""

    field: str
    before: str
    after: str


def differences(change: Change) -> tuple[Difference, ...]:
    """The values that differ between the two sides that a change keeps."""
    before, after = flat(change.before), flat(change.after)
    return tuple(
        Difference(field, before.get(field, ""), after.get(field, ""))
        for field in dict.fromkeys((*before, *after))
        if before.get(field, "") != after.get(field, "")
    )


def flat(side: Any) -> dict[str, str]:
    """A side of a change as text by field; nested values get their own rows."""
    if not isinstance(side, Mapping):
        return {}
    return {
        str(field): text for field, value in _leaves(side) if (text := as_text(value))
    }


def as_text(value: object) -> str:
    """A value as people read it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return ", ".join(map(as_text, value))
    return str(value)


def _leaves(side: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    for field, value in side.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        else:
            yield field, value


def department_of(change: Change) -> str:
    """The id of the department that a change names; "" if it names none."""
    return (
        "" if change.entity == Change.Entity.EMPLOYEE else change.key.rpartition("/")[2]
    )


def userid_of(change: Change) -> str:
    """The userid that a change names; "" if it names none."""
    if change.entity == Change.Entity.MEMBERSHIP:
        return change.key.rpartition("/")[0]
    return "" if change.entity == Change.Entity.DEPARTMENT else change.key


def timeline(
    employee: Employee, before: int | None = None, size: int = MOMENTS
) -> tuple[list[Change], int | None]:
    """Changes of a person and of the memberships, newest first, and where the next
    page begins; one query."""
    found = (
        _about(employee).select_related("run__by", "run__approved_by").order_by("-pk")
    )
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else None


def last_run(idp: IdentityProvider) -> SyncRun | None:
    """The newest run of an IdP, which says why its directory is empty; one query."""
    return full_runs().filter(idp=idp).order_by("-pk").first()


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which run did something, and when."""

    run: int
    at: datetime


def last_changes(employee: Employee) -> tuple[dict[str, Stamp], Stamp | None]:
    """What last changed each value, and what began the row.

    One query, over the recent changes: a value that is in neither was changed before
    history began.
    """
    changed: dict[str, Stamp] = {}
    began = None
    recent = _about(employee).filter(entity=Change.Entity.EMPLOYEE).order_by("-pk")
    for change in recent[:RECENT]:
        stamp = Stamp(change.run_id, change.at)
        for difference in differences(change):
            changed.setdefault(difference.field, stamp)
        if change.kind in (Change.Kind.CREATE, Change.Kind.REPLACE):
            began = stamp
            break
    return changed, began


def last_end(employee: Employee) -> Change | None:
    """The change that took the active status from somebody, with its run; one query."""
    found = _about(employee).filter(entity=Change.Entity.EMPLOYEE, kind__in=ENDS)
    return found.select_related("run").order_by("-pk").first()


def left_in(employee: Employee, run: SyncRun) -> tuple[str, ...]:
    """Ids of the departments that somebody was taken out of by a run; one query."""
    found = _about(employee).filter(run=run, kind=Change.Kind.REMOVE)
    return tuple(map(department_of, found.filter(entity=Change.Entity.MEMBERSHIP)))


def _about(employee: Employee) -> QuerySet[Change]:
    """Applied changes of this userid, as far as it was this person's."""
    userid = employee.userid
    return Change.objects.filter(
        Q(entity=Change.Entity.EMPLOYEE, key=userid)
        | Q(
            entity=Change.Entity.MEMBERSHIP,
            key__gte=f"{userid}/",
            key__lt=f"{userid}0",
        ),
        _in_time_of(employee),
        run__idp=employee.idp_id,
        applied=True,
    )


def _in_time_of(employee: Employee) -> Q:
    """Runs while the person was here. Changes name a userid, which another person may
    have had before or have now; only then the time of the run decides."""
    others = Employee.objects.filter(idp=employee.idp_id, userid=employee.userid)
    alone = ~Exists(others.exclude(pk=employee.pk))
    begun = Q(run__finished_at=None) | Q(run__finished_at__gte=employee.created_at)
    if employee.left_at:
        begun &= Q(run__queued_at__lte=employee.left_at)
    return Q(alone) | begun
